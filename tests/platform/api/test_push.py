"""Pushing: kept first, stored once, told on a receipt that balances."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from fenhe.platform import owner
from fenhe.platform.api import push
from fenhe.platform.api.models import ApiToken, Push
from fenhe.platform.monitoring.models import Import
from fenhe.platform.verdicts import engine
from fenhe.platform.workflow.models import AuditLog
from tests.platform.api.conftest import Caller, Holder, body, value

OBSERVATIONS = "/observations"
HOURLY = "aqi-hourly-site-HJ633-2026"


def pushed(who: Caller, what: Any, key: str = "k1", status: int = 201, **more: Any) -> Any:
    path = more.pop("path", OBSERVATIONS)
    reply = who.post(path, what, Idempotency_Key=key, **more)
    assert reply.status_code == status, reply.content.decode()
    return json.loads(reply.content)


def counts(told: Any) -> list[int]:
    names = ("received", "stored", "duplicate", "rejected")
    found = [told["data"][name] for name in names]
    assert found[0] == sum(found[1:])
    return found


def test_a_push_is_stored_kept_and_judged(pusher: Caller) -> None:
    told = pushed(pusher, body(value(1, 41), value(1, 0.9, item="co"), value(2, "43")))
    assert counts(told) == [3, 3, 0, 0]
    sha256 = told["data"]["raw_sha256"]
    assert (
        owner.store().raw.verify(sha256).read_bytes()
        == json.dumps(body(value(1, 41), value(1, 0.9, item="co"), value(2, "43"))).encode()
    )
    rows = pusher.json("/observations?start=2026-03-05&end=2026-03-05")["data"]
    assert [(r["item"], r["time"], r["value"], r["decimals"]) for r in rows] == [
        ("co", "2026-03-05 01:00", 0.9, 1),
        ("pm25", "2026-03-05 01:00", 41.0, 0),
        ("pm25", "2026-03-05 02:00", 43.0, 0),
    ]
    assert {row["raw_sha256"] for row in rows} == {sha256}
    engine.catch_up(owner.store())
    asked = f"/evidence?assessment={HOURLY}&object=in&start=2026-03-05"
    inputs = pusher.json(asked)["data"]["inputs"]
    assert {(row["item"], row["raw_row"], row["raw_text"]) for row in inputs} == {
        ("co", 2, "0.9"),
        ("pm25", 1, "41"),
    }
    assert {row["feed"] for row in inputs} == {"push-hourly"}


def test_the_same_key_and_body_get_the_same_answer(pusher: Caller) -> None:
    what = body(value(), value(2, -5))
    first = pusher.post(OBSERVATIONS, what, Idempotency_Key="a")
    commits = owner.store().last_commit
    again = pusher.post(OBSERVATIONS, what, Idempotency_Key="a")
    assert again.content == first.content
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again["Idempotency-Replayed"] == "true"
    assert owner.store().last_commit == commits
    other = pushed(pusher, body(value(3)), "a", 409)
    assert other["error"]["code"] == "key_reused"
    rows = what["observations"]
    pushed(pusher, rows, "b", path=f"{OBSERVATIONS}?feed=push-hourly")
    assert pushed(pusher, rows, "b", 409, path=f"{OBSERVATIONS}?feed=tidy-long")["error"]


def test_another_key_with_the_same_body_is_a_duplicate(pusher: Caller) -> None:
    pushed(pusher, body(value(), value(2)), "a")
    assert counts(pushed(pusher, body(value(), value(2)), "b")) == [2, 0, 2, 0]


def test_keys_of_two_tokens_do_not_meet(pusher: Caller, holder: Holder) -> None:
    other = holder("analyst", "push")
    pushed(pusher, body(value()), "a")
    assert counts(pushed(other, body(value(2)), "a")) == [1, 1, 0, 0]


def test_what_is_rejected_is_told_cell_by_cell(pusher: Caller) -> None:
    told = pushed(
        pusher,
        body(
            value(1, 40),
            value(2, -999),
            value(3, "n/a"),
            value(4, 5, unit="mg/m3"),
            value(5, 5, item="xyz"),
            value(6, 5, station="nobody"),
            value(7, 5, time="yesterday"),
            value(8, None),
        ),
    )
    assert counts(told) == [7, 1, 0, 6]
    assert [(row["row"], row["reason"]) for row in told["rejected"]] == [
        (2, "sentinel"),
        (3, "not_a_number"),
        (4, "unit_wrong"),
        (5, "item_unknown"),
        (6, "unknown_station:nobody"),
        (7, "time_unreadable"),
    ]
    assert all(row["reason_zh"] and row["reason_en"] for row in told["rejected"])
    number = told["data"]["receipt"]
    receipt = next(r for r in pusher.json("/receipts")["data"] if r["receipt"] == number)
    assert (receipt["rejected"], receipt["balanced"]) == (6, True)
    cells = pusher.pages(f"/receipts/{number}/rejected", 4)
    assert cells == told["rejected"]


def test_nothing_but_rejected_cells_is_a_receipt_too(pusher: Caller) -> None:
    assert counts(pushed(pusher, body(value(1, -999)))) == [1, 0, 0, 1]
    assert counts(pushed(pusher, body(value(1, None)), "b")) == [0, 0, 0, 0]


def test_utc_ends_and_beijing_labels_are_one_hour(pusher: Caller) -> None:
    label = value(1)
    utc = {k: v for k, v in label.items() if k != "time"} | {"end": "2026-03-04T17:00:00Z"}
    whole = utc | {"start": "2026-03-04T16:00:00Z", "statistic": "1h"}
    pushed(pusher, body(label), "a")
    assert counts(pushed(pusher, body(utc), "b")) == [1, 0, 1, 0]
    assert counts(pushed(pusher, body(whole), "c")) == [1, 0, 1, 0]
    midnight = pushed(pusher, body(value(24)), "d")
    assert counts(midnight) == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("what", "status", "where"),
    [
        (body(value(statistic="24h")), 422, "observations[0].statistic"),
        (body(value(start="2026-03-04T15:00:00Z", end="2026-03-04T17:00:00Z")), 422, "start"),
        (body(value(colour="red")), 422, "observations[0]"),
        ({"feed": "push-hourly", "rows": []}, 422, "rows"),
        ({"feed": "push-hourly", "observations": 5}, 422, "observations"),
        ({"feed": "push-hourly", "observations": []}, 422, "push-"),
        ({"feed": "push-hourly", "observations": [7]}, 422, "observations[0]"),
        ({"feed": "no-such", "observations": []}, 422, ""),
        ({"feed": 5, "observations": []}, 400, "feed"),
        ({"observations": [value()]}, 422, "feed"),
        (b"{", 400, "body"),
        (b"\xff\xfe", 400, "body"),
        (b"[" * 100_000, 400, "body"),
        (b'{"feed": "push-hourly", "observations": [{"station": "\\ud800"}]}', 422, "push-"),
    ],
)
def test_a_body_that_can_not_be_taken(pusher: Caller, what: Any, status: int, where: str) -> None:
    before = owner.store().observations().height
    error = pushed(pusher, what, "bad", status)["error"]
    assert where in error.get("where", "") or not where
    assert owner.store().observations().height == before


def test_a_refusal_is_an_answer_too(pusher: Caller) -> None:
    rows = [
        value(h, 0.001 * h, time=f"2026-03-{d:02d} {h:02d}:00")
        for d in (5, 6)
        for h in range(1, 24)
    ]
    first = pushed(pusher, body(*rows), "a", 422)
    assert first["error"]["code"] == "refused"
    assert pushed(pusher, body(*rows), "a", 422) == first
    record = Import.objects.first()
    assert record is not None
    assert record.state == Import.State.REFUSED
    assert owner.store().raw.path(record.sha256).exists()


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 201])
def test_a_key_is_needed(pusher: Caller, key: str) -> None:
    headers = {"Idempotency_Key": key} if key else {}
    reply = pusher.post(OBSERVATIONS, body(value()), **headers)
    assert reply.status_code == 400
    assert reply.json()["error"]["where"] == "header.Idempotency-Key"


def test_files_of_known_feeds(pusher: Caller) -> None:
    text = "station,time,so2,no2,co,o3,pm10,pm25\nC1,2026-03-06 01:00,12,40,0.8,90,80,40\n"
    path = f"{OBSERVATIONS}?feed=tidy-hourly"
    told = pushed(pusher, text, "a", path=path, kind="text/csv")
    assert counts(told) == [6, 6, 0, 0]
    line = json.dumps(value(2)) + "\n"
    told = pushed(
        pusher, line, "b", path=f"{OBSERVATIONS}?feed=tidy-long", kind="application/x-ndjson"
    )
    assert counts(told) == [1, 1, 0, 0]
    wide = {"station": "C1", "time": "2026-03-06 03:00", "so2": 12, "no2": 40, "co": 0.8}
    told = pushed(pusher, [wide | {"o3": 90, "pm10": 80, "pm25": 40}], "c", path=path)
    assert counts(told) == [6, 6, 0, 0]
    reply = pusher.post(path, text, "text/html", Idempotency_Key="d")
    assert reply.status_code == 415


def test_too_large_bodies_are_refused_before_anything_is_kept(
    pusher: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = len(list(owner.store().raw.folder.rglob("*")))
    settings.API_BODY_LIMIT = 2000
    assert pushed(pusher, body(*[value()] * 40), "a", 413)["error"]["code"] == "too_large"
    settings.API_BODY_LIMIT = 10**6
    assert len(list(owner.store().raw.folder.rglob("*"))) == files
    monkeypatch.setattr(push, "ROWS", 30)
    assert pushed(pusher, body(*[value()] * 40), "b", 413)["error"]["code"] == "too_many_rows"


def test_only_a_token_with_the_scope_pushes(
    pusher: Caller, holder: Holder, judged: Any, visitor: Caller
) -> None:
    def tried(who: Caller) -> tuple[int, str]:
        reply = who.post(OBSERVATIONS, body(value()), Idempotency_Key="x")
        return reply.status_code, reply.json()["error"]["code"]

    session = Client(HTTP_HOST="localhost")
    session.force_login(judged.people["analyst"])
    assert tried(visitor) == (401, "unauthorized")
    assert tried(Caller(client=session)) == (401, "unauthorized")
    assert tried(holder("analyst", "read")) == (403, "scope")
    assert tried(holder("county", "push")) == (403, "forbidden")
    assert tried(holder("analyst", "push", feed="tidy-hourly")) == (403, "scope")
    only = holder("analyst", "push", feed="push-hourly")
    assert counts(pushed(only, {"observations": [value()]})) == [1, 1, 0, 0]
    assert only.get("/latest").status_code == 403


def test_a_push_is_logged_in_the_name_of_the_owner(pusher: Caller) -> None:
    told = pushed(pusher, body(value()))
    entry = AuditLog.objects.filter(event="monitoring.receive").first()
    assert entry is not None
    assert (entry.actor, entry.via) == ("analyst", "api")
    assert entry.after["sha256"] == told["data"]["raw_sha256"]


def test_after_a_death_before_the_answer_the_receipt_is_the_first_one(pusher: Caller) -> None:
    what = body(value(), value(2, -5))
    first = pushed(pusher, what, "a")
    Push.objects.update(status=None, answer=None)
    Import.objects.filter(sha256=first["data"]["raw_sha256"]).update(state="failed", stored=0)
    commits = owner.store().last_commit
    assert pushed(pusher, what, "a") == first
    assert owner.store().last_commit == commits
    record = Import.objects.get(sha256=first["data"]["raw_sha256"])
    assert (record.state, record.stored) == ("loaded", 1)


def test_after_a_death_in_the_import_the_push_goes_on(pusher: Caller) -> None:
    what = json.dumps(body(value(), value(2))).encode()
    token = ApiToken.objects.get(pk=int(pusher.token.split("_")[1]))
    store = owner.store()
    mark = hashlib.sha256(b"a").hexdigest()[:24]
    path = store.raw.folder.parent / f"push-{token.pk}-{mark}.json"
    path.write_bytes(what)
    store.begin_import("push-hourly", store.raw.keep(path, path.name), "analyst").release()
    told = pushed(pusher, what, "a")
    assert counts(told) == [2, 2, 0, 0]
    closed = [r for r in pusher.json("/receipts")["data"] if r["feed"] == "push-hourly"]
    assert [(row["closed"], row["stored"]) for row in closed] == [(True, 2)]


def test_old_keys_are_forgotten(pusher: Caller) -> None:
    pushed(pusher, body(value()), "a")
    Push.objects.update(at="2026-01-01T00:00:00Z")
    pushed(pusher, body(value(2)), "b")
    assert list(Push.objects.values_list("key", flat=True)) == ["b"]


def test_stripes_of_locks_are_found_again() -> None:
    locks = push._Locks(4)
    assert locks.of("a b") is locks.of("a b")
    assert isinstance(locks.of("x"), type(threading.Lock()))


def test_the_limit_of_a_body_is_below_that_of_an_upload() -> None:
    assert settings.API_BODY_LIMIT < settings.UPLOAD_LIMIT
