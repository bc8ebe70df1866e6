"""Marks (标记): what an operator declares of a facility or an instrument, never changed.

Three clocks are kept: of the event, of the submission, of the ingestion. What is wrong with a
mark does not keep it out: it is found when the mark comes in and stays with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import naive_utc, utc_now
from fenhe.platform.registry import door
from fenhe.platform.registry.dated import known
from fenhe.platform.registry.models import Mark, Site
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.quality import marks as vocabulary

# Manual marks of a day are taken until noon of the next one (notice 21 of 2022 as the national
# platform applies it; mark B); six hours are a warning of ours (tuning, mark C).
CLOSING = timedelta(days=1, hours=12)
PROMPT = timedelta(hours=6)
CODES = ("late", "not_prompt", "ahead", "overlap", "contradiction")


@dataclass
class SubmitMark(Act[Mark]):
    """File a mark of an outlet, or revise one: the former is withdrawn, both stay readable.

    Times are naive UTC. ``items`` empty: all items of the outlet. ``attachments``: name, sha256
    and size of raw files kept. ``submitted_at`` is now unless another clock told it.
    """

    event = "monitoring.submit_mark"
    site: Site
    kind: str
    code: str
    start: datetime
    end: datetime
    items: tuple[str, ...] = ()
    reason: str = ""
    planned: bool = False
    channel: str = Mark.Channel.MANUAL
    submitted_at: datetime | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    former: Mark | None = None
    commit: int = 0

    def target(self) -> door.Target:
        """The outlet."""
        return self.site

    def before(self) -> Any:
        """The mark that is revised."""
        return plain(self.former) if self.former is not None else None

    def do(self, actor: Actor) -> Mark:
        """Enter it with what its checks find. Raises ``BadInput`` for a mark that can not be."""
        self._refuse()
        submitted = self.submitted_at or utc_now()
        mark = Mark(
            site=self.site,
            kind=self.kind,
            code=self.code.strip(),
            items=sorted({item.strip().lower() for item in self.items}),
            start=self.start.replace(tzinfo=UTC),
            end=self.end.replace(tzinfo=UTC),
            reason=self.reason.strip(),
            planned=self.planned,
            submitter=actor.name[:150],
            submitted_at=submitted.replace(tzinfo=UTC),
            channel=self.channel,
            attachments=self.attachments,
            commit=self.commit,
        )
        if self.former is not None:
            mark.former, mark.revision = self.former, self.former.revision + 1
            _withdraw(self.former, actor, self.commit, "revised")
        mark.findings = findings(mark)
        mark.save()
        return mark

    def _refuse(self) -> None:
        if self.site.kind != Site.Kind.OUTLET:
            raise BadInput(f"{self.site.key} is not an outlet")
        if self.kind not in Mark.Kind.values:
            raise BadInput(f"a mark is of a facility or an instrument, not of '{self.kind}'")
        if not self.code.strip():
            raise BadInput("a mark needs a code")
        if self.end <= self.start:
            raise BadInput("a mark must end after it starts")
        if self.channel not in Mark.Channel.values:
            raise BadInput(f"a mark comes by a person or the device, not by '{self.channel}'")
        if self.former is not None:
            if self.former.site_id != self.site.pk:
                raise BadInput("a revision is of the same outlet")
            if self.former.withdrawn_commit is not None:
                raise BadInput(f"mark {self.former.pk} is withdrawn already; revise the last one")

    def after(self, result: Mark) -> Any:
        """The mark with what was found."""
        return plain(result)


@dataclass
class WithdrawMark(Act[Mark]):
    """Take a mark back; it stays readable. A reason is needed."""

    event = "monitoring.withdraw_mark"
    mark: Mark
    reason: str = ""
    commit: int = 0

    def target(self) -> door.Target:
        """The outlet."""
        return self.mark.site

    def before(self) -> Any:
        """The mark as it stood."""
        return plain(self.mark)

    def do(self, actor: Actor) -> Mark:
        """Withdraw it. Raises ``BadInput`` without a reason or for one withdrawn before."""
        if not self.reason.strip():
            raise BadInput("say why the mark is withdrawn")
        if self.mark.withdrawn_commit is not None:
            raise BadInput(f"mark {self.mark.pk} is withdrawn already")
        _withdraw(self.mark, actor, self.commit, self.reason.strip())
        return self.mark

    def after(self, result: Mark) -> Any:
        """The mark and who withdrew it."""
        return plain(result)


def _withdraw(mark: Mark, actor: Actor, commit: int, reason: str) -> None:
    mark.withdrawn_commit, mark.withdrawn_by = commit, actor.name[:150]
    mark.withdrawn_reason = reason
    mark.save(update_fields=["withdrawn_commit", "withdrawn_by", "withdrawn_reason"])


def findings(mark: Mark) -> list[dict[str, Any]]:
    """Return what is worth looking at in a mark: ``code`` and, of another mark, ``mark``.

    ``late``: filed after noon of the day after its event. ``not_prompt``: more than six hours
    after it. ``ahead``: for a time to come, and not planned. ``overlap``: of the same kind and
    code. ``contradiction``: of the same kind, another code, over the same time.
    """
    found: list[dict[str, Any]] = []
    closing = beijing.start_of(beijing.day_of(naive_utc(mark.end))) + CLOSING
    submitted = naive_utc(mark.submitted_at)
    if mark.channel == Mark.Channel.MANUAL:
        if submitted > closing:
            found.append({"code": "late"})
        elif submitted > naive_utc(mark.end) + PROMPT:
            found.append({"code": "not_prompt"})
    if not mark.planned and naive_utc(mark.start) > submitted:
        found.append({"code": "ahead"})
    others = Mark.objects.filter(
        known(), site=mark.site, kind=mark.kind, start__lt=mark.end, end__gt=mark.start
    )
    for other in others:
        if other.pk == mark.former_id:
            continue
        if set(other.items) & set(mark.items) or not (other.items and mark.items):
            code = "overlap" if other.code == mark.code else "contradiction"
            found.append({"code": code, "mark": other.pk})
    return found


def standing(
    site: Site | str,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: int | None = None,
) -> list[Mark]:
    """Return the marks of an outlet that touch a period (naive UTC), now or as of a commit."""
    found = Mark.objects.filter(known(as_of), site=site)
    if start is not None:
        found = found.filter(end__gt=start.replace(tzinfo=UTC))
    if end is not None:
        found = found.filter(start__lt=end.replace(tzinfo=UTC))
    return list(found)


def plain(mark: Mark) -> dict[str, Any]:
    """Return a mark as plain data; times as ISO text in UTC."""
    names = (
        "kind", "code", "items", "reason", "planned", "submitter", "channel", "revision",
        "attachments", "findings", "commit", "withdrawn_commit", "withdrawn_by",
        "withdrawn_reason",
    )  # fmt: skip
    moments = ("start", "end", "submitted_at", "ingested_at")
    return {
        "mark": mark.pk,
        "site": mark.site_id,
        "former": mark.former_id,
        **{name: getattr(mark, name) for name in names},
        **{name: _iso(getattr(mark, name)) for name in moments},
        "check": vocabulary.check_of(mark.kind, mark.code),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else naive_utc(moment).isoformat()


def find(number: int) -> Mark:
    """Return a mark by its number. Raises ``BadInput`` when there is none."""
    found = Mark.objects.select_related("site").filter(pk=number).first()
    if found is None:
        raise BadInput(f"there is no mark {number}")
    return found
