"""Marks: three clocks, revisions, what their checks find, who may file them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door, marks
from fenhe.platform.registry.models import Mark, Outlet, Site
from fenhe.platform.registry.outletverbs import VERBS
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from fenhe.store import Store
from tests.platform.conftest import World

pytestmark = pytest.mark.django_db
EIGHT = datetime(2026, 3, 2, 0)  # 08:00 in Beijing


@pytest.fixture
def stack(world: World) -> Site:
    site = Site.objects.create(
        key="outlet:DA001", kind=Site.Kind.OUTLET, region=world.county, organisation=world.firm
    )
    Outlet.objects.create(site=site, medium="gas")
    return site


def submit(site: Site, code: str = "calibration", hours: float = 2, **more: Any) -> Mark:
    """File a mark of an instrument from 08:00, an hour after its end unless told otherwise."""
    start = more.pop("start", EIGHT)
    end = start + timedelta(hours=hours)
    more.setdefault("submitted_at", end + timedelta(hours=1))
    actor = more.pop("actor", local_actor())
    kind = more.pop("kind", "instrument")
    return marks.SubmitMark(site, kind, code, start, end, **more).run(actor)


def found(mark: Mark) -> list[str]:
    return [finding["code"] for finding in mark.findings]


def test_three_clocks_are_kept(stack: Site) -> None:
    before = datetime.now(UTC)
    mark = submit(stack, reason="标气", items=("A21026",), commit=7)
    kept = Mark.objects.get(pk=mark.pk)
    assert (kept.start, kept.end) == (
        datetime(2026, 3, 2, 0, tzinfo=UTC), datetime(2026, 3, 2, 2, tzinfo=UTC),
    )  # fmt: skip
    assert kept.submitted_at == datetime(2026, 3, 2, 3, tzinfo=UTC)
    assert kept.ingested_at >= before
    assert (kept.items, kept.commit, kept.revision, kept.findings) == (["a21026"], 7, 1, [])
    assert kept.submitter.startswith("cli:")
    told = marks.plain(kept)
    assert (told["start"], told["check"]) == ("2026-03-02T00:00:00", "mark_calibration")


@pytest.mark.parametrize(
    ("submitted", "codes"),
    [
        (datetime(2026, 3, 2, 8), []),
        (datetime(2026, 3, 2, 8, 0, 1), ["not_prompt"]),
        (datetime(2026, 3, 3, 4), ["not_prompt"]),  # noon of the next day
        (datetime(2026, 3, 3, 4, 0, 1), ["late"]),
    ],
)
def test_a_late_mark_is_taken_and_found_late(
    stack: Site, submitted: datetime, codes: list[str]
) -> None:
    assert found(submit(stack, submitted_at=submitted)) == codes


def test_an_automatic_mark_is_not_late(stack: Site) -> None:
    far = EIGHT + timedelta(days=9)
    assert found(submit(stack, submitted_at=far, channel="auto")) == []


def test_a_mark_for_a_time_to_come_must_be_planned(stack: Site) -> None:
    before = EIGHT - timedelta(hours=5)
    assert found(submit(stack, submitted_at=before)) == ["ahead"]
    later = EIGHT + timedelta(days=2)
    assert found(submit(stack, submitted_at=before, planned=True, start=later)) == []


def test_overlaps_and_contradictions_name_the_other_mark(stack: Site) -> None:
    first = submit(stack)
    same = submit(stack, start=EIGHT + timedelta(hours=1))
    other = submit(stack, code="fault", start=EIGHT + timedelta(hours=1.5))
    assert same.findings == [{"code": "overlap", "mark": first.pk}]
    assert other.findings == [
        {"code": "contradiction", "mark": first.pk}, {"code": "contradiction", "mark": same.pk},
    ]  # fmt: skip
    assert found(submit(stack, kind="facility", code="stopped")) == []
    assert found(submit(stack, start=EIGHT + timedelta(hours=12))) == []


def test_marks_of_different_items_do_not_overlap(stack: Site) -> None:
    submit(stack, items=("a21026",))
    assert found(submit(stack, items=("a21002",))) == []
    assert found(submit(stack)) == ["overlap", "overlap"]


def test_a_revision_withdraws_the_former_and_both_stay_readable(stack: Site) -> None:
    first = submit(stack, commit=3)
    second = submit(stack, hours=3, former=first, commit=6)
    assert (second.revision, second.former_id, found(second)) == (2, first.pk, [])
    assert [mark.pk for mark in marks.standing(stack)] == [second.pk]
    assert [mark.pk for mark in marks.standing(stack, as_of=6)] == [first.pk]
    assert [mark.pk for mark in marks.standing(stack, as_of=7)] == [second.pk]
    assert marks.standing(stack, as_of=3) == []
    with pytest.raises(BadInput, match="withdrawn already"):
        submit(stack, former=Mark.objects.get(pk=first.pk))


def test_a_mark_is_withdrawn_for_a_reason(stack: Site) -> None:
    mark = submit(stack)
    with pytest.raises(BadInput, match="say why"):
        marks.WithdrawMark(mark).run(local_actor())
    marks.WithdrawMark(mark, "filed for the wrong stack", 9).run(local_actor())
    kept = Mark.objects.get(pk=mark.pk)
    assert (kept.withdrawn_commit, kept.withdrawn_reason) == (9, "filed for the wrong stack")
    assert marks.standing(stack) == []
    with pytest.raises(BadInput, match="withdrawn already"):
        marks.WithdrawMark(kept, "again").run(local_actor())


def test_a_period_finds_the_marks_that_touch_it(stack: Site) -> None:
    mark = submit(stack)
    end = EIGHT + timedelta(hours=2)
    assert marks.standing(stack, end, None) == []
    assert marks.standing(stack, None, EIGHT) == []
    assert marks.standing(stack, end - timedelta(minutes=1), None) == [mark]
    assert marks.standing("outlet:DA001", EIGHT, EIGHT + timedelta(minutes=1)) == [mark]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "weather"}, "of a facility or an instrument"),
        ({"code": " "}, "needs a code"),
        ({"hours": 0}, "must end after it starts"),
        ({"channel": "mail"}, "not by 'mail'"),
    ],
)
def test_a_mark_that_can_not_be_is_refused(stack: Site, change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        submit(stack, **change)
    assert not Mark.objects.exists()


def test_only_outlets_have_marks(world: World) -> None:
    with pytest.raises(BadInput, match="is not an outlet"):
        submit(world.inside)
    assert not Mark.objects.exists()


def test_a_firm_marks_its_own_outlets_and_no_others(stack: Site, world: World) -> None:
    firm = Actor(world.people["firm"], "firm", "web")
    assert submit(stack, actor=firm).submitter == "firm"
    foreign = Site.objects.create(
        key="outlet:DA009", kind=Site.Kind.OUTLET, region=world.other_county
    )
    for site, role in ((foreign, "firm"), (stack, "county"), (stack, "public")):
        with pytest.raises(door.Denied):
            submit(site, actor=Actor(world.people[role], role, "web"))
    assert AuditLog.objects.filter(event="monitoring.submit_mark").count() == 1


def test_marks_by_the_command_line(store: Store, world: World, tmp_path: Path) -> None:
    site = Site.objects.create(
        key="outlet:DA001", kind=Site.Kind.OUTLET, region=world.county, organisation=world.firm
    )
    Outlet.objects.create(site=site, medium="gas")
    paper = tmp_path / "report.txt"
    paper.write_text("维护记录", encoding="utf-8")
    told = VERBS["submit_mark"](
        {"outlet": "DA001", "kind": "facility", "code": "stopped", "start": "2026-03-02 08:00",
         "end": "2026-03-02 24:00", "attachments": [str(paper)], "reason": "停炉"},
        local_actor(), None,
    )  # fmt: skip
    assert (told["start"], told["end"]) == ("2026-03-02T00:00:00", "2026-03-02T16:00:00")
    assert told["findings"] == [{"code": "late"}]
    assert told["attachments"][0]["name"] == "report.txt"
    assert store.raw.verify(told["attachments"][0]["sha256"]).exists()
    rows = VERBS["marks"]({"outlet": "outlet:DA001"}, local_actor(), None)
    assert [row["mark"] for row in rows] == [told["mark"]]
    gone = VERBS["withdraw_mark"]({"mark": told["mark"], "reason": "twice"}, local_actor(), None)
    assert gone["withdrawn_reason"] == "twice"
    assert VERBS["marks"]({"outlet": "DA001"}, local_actor(), None) == []
