"""Manual review: sessions of recorded, reversible edits by a person with the right.

session = OpenReview(site, title).run(actor)
edit = MakeEdit(session, review.Edit(…)).run(actor)
UndoEdit(edit, reason).run(actor); CloseReview(session).run(actor)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import polars as pl
from django.utils import timezone

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.monitoring.sessions import ReviewEdit, ReviewSession
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Site
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.quality import review
from fenhe.quality.checks import COVERAGE

_NO_COVERAGE = pl.DataFrame(schema=COVERAGE)


@dataclass
class OpenReview(Act[ReviewSession]):
    """Begin a session on a place."""

    event = "monitoring.review_open"
    site: Site
    title: str = ""

    def target(self) -> door.Target:
        """The site."""
        return self.site

    def do(self, actor: Actor) -> ReviewSession:
        """Return the session."""
        return ReviewSession.objects.create(
            site=self.site, title=self.title.strip()[:200], opened_by=actor.name
        )

    def after(self, result: ReviewSession) -> Any:
        """Its number and title."""
        return {"session": result.pk, "title": result.title}


@dataclass
class MakeEdit(Act[ReviewEdit]):
    """Make one decision in a session. A reason is needed."""

    event = "monitoring.review"
    atomic = False
    session: ReviewSession
    edit: review.Edit
    reason: str = field(init=False)

    def __post_init__(self) -> None:
        self.reason = self.edit.reason

    def target(self) -> door.Target:
        """The site of the session."""
        return self.session.site

    def before(self) -> Any:
        """The flags that stand on the span. Raises ``BadInput`` when the session is closed."""
        _open(self.session)
        if self.edit.site != self.session.site.key:
            raise BadInput(f"the session is on {self.session.site.key}, not on {self.edit.site}")
        self.edit.check()
        standing = owner.store().flags(
            [self.edit.site], self.edit.start, self.edit.end, cleared=False
        )
        return {"flags": standing["flag"].to_list()}

    def do(self, actor: Actor) -> ReviewEdit:
        """Write the flags in one commit and keep the edit."""
        store, edit = owner.store(), self.edit
        planned = review.plan(edit, store.flags([edit.site], edit.start, edit.end, cleared=False))
        written = store.write_checks(
            planned.raised, _NO_COVERAGE, planned.lifted, actor.name, edit.reason.strip()
        )
        if written is None:
            raise BadInput("this edit would change nothing")
        return ReviewEdit.objects.create(
            session=self.session,
            kind=edit.kind.value,
            items=list(edit.items),
            statistics=list(edit.statistics),
            start=edit.start.replace(tzinfo=UTC),
            end=edit.end.replace(tzinfo=UTC),
            reason=edit.reason.strip(),
            actor=actor.name,
            raised=written.flags,
            lifted=planned.lifted,
            commit=written.commit,
        )

    def after(self, result: ReviewEdit) -> Any:
        """What was decided, and the flags it came to."""
        return {
            "edit": result.pk,
            "kind": result.kind,
            "items": result.items,
            "from": f"{beijing.to_beijing(self.edit.start):%Y-%m-%d %H:%M}",
            "to": f"{beijing.to_beijing(self.edit.end):%Y-%m-%d %H:%M}",
            "raised": result.raised,
            "lifted": result.lifted,
        }


@dataclass
class UndoEdit(Act[ReviewEdit]):
    """Take an edit back: the flags of before stand again. A reason is needed."""

    event = "monitoring.review_undo"
    atomic = False
    edit: ReviewEdit
    reason: str = field(default="")

    def target(self) -> door.Target:
        """The site of the session."""
        return self.edit.session.site

    def before(self) -> Any:
        """The edit. Raises ``BadInput`` when it was undone before, or without a reason."""
        _open(self.edit.session)
        if self.edit.undone_commit is not None:
            raise BadInput(f"edit {self.edit.pk} was undone by {self.edit.undone_by} already")
        if not self.reason.strip():
            raise BadInput("say why")
        return {"edit": self.edit.pk, "kind": self.edit.kind}

    def do(self, actor: Actor) -> ReviewEdit:
        """Write the flags that bring the former state back."""
        store, edit = owner.store(), self.edit
        back = review.undo(edit.raised, edit.lifted, store.flags([edit.session.site.key]))
        if back.empty:
            raise BadInput(f"nothing of edit {edit.pk} stands any more")
        written = store.write_checks(
            back.raised, _NO_COVERAGE, back.lifted, actor.name, self.reason.strip()
        )
        edit.undone_commit = store.last_commit if written is None else written.commit
        edit.undone_by, edit.undone_at = actor.name, timezone.now()
        edit.undone_reason = self.reason.strip()
        edit.save()
        return edit

    def after(self, result: ReviewEdit) -> Any:
        """The commit of the undoing."""
        return {"edit": result.pk, "commit": result.undone_commit}


@dataclass
class CloseReview(Act[ReviewSession]):
    """End a session: no more edits in it, and none of it is undone."""

    event = "monitoring.review_close"
    session: ReviewSession

    def target(self) -> door.Target:
        """The site."""
        return self.session.site

    def do(self, actor: Actor) -> ReviewSession:
        """Return the closed session. Raises ``BadInput`` when it was closed before."""
        _open(self.session)
        self.session.closed_by, self.session.closed_at = actor.name, timezone.now()
        self.session.save()
        return self.session

    def after(self, result: ReviewSession) -> Any:
        """How many edits it holds."""
        return {"session": result.pk, "edits": result.edits.count()}


def _open(session: ReviewSession) -> None:
    if session.closed_at is not None:
        raise BadInput(f"review {session.pk} was closed by {session.closed_by}")
