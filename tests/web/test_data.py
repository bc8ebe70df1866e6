"""The data page: receipts, a file in by two steps, quarantine, data out, the audit log."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fenhe.base.errors import BadInput
from fenhe.platform.monitoring.models import Import
from fenhe.platform.registry.models import Membership
from fenhe.platform.web import uploads
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import HEADER, World

GOOD = f"{HEADER}\nin,2026-03-03 01:00,12,40,0.8,90,80,40\nnowhere,2026-03-03 01:00,1,2,0.3,4,5,6\n"


@pytest.fixture
def master(judged: World) -> Client:
    """An analyst of the whole system, who may bring files."""
    Membership.objects.create(user=judged.people["analyst"], role="analyst")
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["analyst"])
    return client


def examine(client: Client, text: str | bytes, name: str = "new.csv") -> Any:
    raw = text.encode() if isinstance(text, str) else text
    return client.post(
        "/en/data/examine/", {"feed": "tidy-hourly", "file": SimpleUploadedFile(name, raw)}
    )


def waiting() -> list[Path]:
    return [p for p in (Path(settings.FENHE_DATA) / "uploads").iterdir() if p.suffix != ".json"]


def test_receipts_balance_in_sight(judged: World, analyst: Client) -> None:
    page = analyst.get("/en/data/").content.decode()
    assert "1 file loaded: 264 values stored, 0 in quarantine." in page
    assert "Every receipt balances" in page
    assert "hours.csv" in page


def test_data_page_is_not_for_visitors(judged: World, visitor: Client) -> None:
    assert visitor.get("/en/data/").status_code == 302


def test_file_is_examined_then_loaded(master: Client) -> None:
    reply = examine(master, GOOD)
    page = reply.content.decode()
    assert "new.csv fits: 12 of 12 values can be read" in page
    assert not Import.objects.filter(file_name="new.csv").exists()
    (kept,) = waiting()
    done = master.post("/en/data/load/", {"token": kept.name}, follow=True).content.decode()
    assert "received 12 = stored 6 + duplicate 0 + rejected 6." in done
    assert waiting() == []
    page = master.get("/en/data/quarantine/").content.decode()
    assert "6 cells are in quarantine." in page
    assert "station nowhere is not registered" in page


def test_refused_file_leaves_nothing_behind(master: Client) -> None:
    wrong = f"{HEADER}\nin,2026-03-03 01:00,900000,900000,900000,900000,900000,900000\n"
    page = examine(master, wrong).content.decode()
    assert "Load this file" not in page
    assert waiting() == []
    assert not Import.objects.filter(file_name="new.csv").exists()


@pytest.mark.parametrize(
    ("text", "name", "why"),
    [
        ("a,b\n1,2\n", "new.csv", "the time"),
        (b"", "new.csv", "empty"),
        (b"\x00\x01\x02", "new.exe", "exe"),
    ],
)
def test_unreadable_file_is_answered_in_words(
    master: Client, text: str | bytes, name: str, why: str
) -> None:
    reply = examine(master, text, name)
    assert reply.status_code == 400
    assert why in reply.content.decode()
    assert waiting() == []


def test_analyst_of_a_place_may_not_bring_files_for_all(judged: World, analyst: Client) -> None:
    assert "upload" not in analyst.get("/en/data/").content.decode()
    assert examine(analyst, GOOD).status_code == 403
    assert waiting() == []


def test_upload_waits_for_its_owner_alone(master: Client, judged: World) -> None:
    examine(master, GOOD)
    (kept,) = waiting()
    assert uploads.find(kept.name, "analyst").name == "new.csv"
    with pytest.raises(BadInput, match="no longer there"):
        uploads.find(kept.name, "somebody-else")
    for token in ("../records.sqlite3", "x" * 30, ""):
        with pytest.raises(BadInput, match="no longer there"):
            uploads.find(token, "analyst")


def test_name_of_an_upload_can_not_leave_the_folder(data: Path) -> None:
    kept = uploads.keep(SimpleUploadedFile("x.csv", b"1"), "tidy-hourly", "analyst")
    assert kept.path.parent == Path(settings.FENHE_DATA) / "uploads"
    upload = SimpleUploadedFile("x.csv", b"1")
    upload._name = "../../evil\n.csv"
    assert uploads.keep(upload, "tidy-hourly", "analyst").name == ".._.._evil_.csv"


def test_export_is_an_act_and_disarms_formulas(master: Client, judged: World) -> None:
    form = {"what": "observations", "from": "2026-03-02", "to": "2026-03-02", "format": "csv"}
    reply = master.post("/en/data/export/", form)
    table = pl.read_csv(io.BytesIO(reply.content))
    assert table.height == 24 * 6 + 20 * 6
    assert AuditLog.objects.filter(event="monitoring.export").count() == 1
    form |= {"what": "aqi-hourly-site-HJ633-2026", "format": "parquet"}
    cells = pl.read_parquet(io.BytesIO(master.post("/en/data/export/", form).content))
    assert cells.height == 44
    assert cells["aqi"].max() == 104


def test_export_needs_days_it_can_read(master: Client) -> None:
    form = {"what": "observations", "from": "", "to": "2026-03-02", "format": "csv"}
    reply = master.post("/en/data/export/", form)
    assert reply.status_code == 400
    assert "choose the first and the last day" in reply.content.decode()


def test_export_keeps_to_the_places_of_the_person(analyst: Client) -> None:
    form = {"what": "observations", "from": "2026-03-02", "to": "2026-03-02", "format": "csv"}
    table = pl.read_csv(io.BytesIO(analyst.post("/en/data/export/", form).content))
    assert table["site"].unique().to_list() == ["in"]


def test_audit_log_shows_the_acts_of_the_own_place(master: Client, admin: Client) -> None:
    AuditLog.objects.create(
        event="monitoring.void", actor="x", via="web", region_path="140000/140200/"
    )
    AuditLog.objects.create(
        event="monitoring.void", actor="<y>", via="web", region_path="140000/140100/140105/",
        after={"flags": [1]}, reason="r",
    )  # fmt: skip
    page = admin.get("/en/audit/?event=monitoring.void").content.decode()
    assert "1 act." in page
    assert "&lt;y&gt;" in page
    assert "2 acts." in master.get("/en/audit/?event=monitoring.void").content.decode()
    assert "No act is recorded." in admin.get("/en/audit/?actor=nobody").content.decode()


def test_county_officer_may_not_read_the_audit_log(judged: World) -> None:
    client = Client(HTTP_HOST="localhost")
    client.force_login(judged.people["county"])
    reply = client.get("/en/audit/")
    assert reply.status_code == 403
    assert "You may not see this" in reply.content.decode()
