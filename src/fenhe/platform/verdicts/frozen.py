"""Frozen runs: a result pinned to what was asked, the store's commit and the release that computed.

The same recipe gives the same bytes again, whatever was corrected since: everything is read
as of the commit. ``verify`` does that and compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from fenhe import __version__
from fenhe.base.errors import BadInput
from fenhe.platform import owner
from fenhe.platform.documents.monthly import MonthlyReport, Origin
from fenhe.platform.registry import door
from fenhe.platform.registry.models import Region
from fenhe.platform.verdicts import engine, monthly, ranking
from fenhe.platform.verdicts.models import FrozenRun
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.store import Store

AIR_MONTH = "air-month"
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """What a frozen run is made of; its hash is of exactly this."""

    what: str
    parameters: Parameters
    commit: int
    version: str

    @property
    def sha256(self) -> str:
        """The hash of the recipe."""
        return _sha256(canonical(vars(self)))


def canonical(plain: Any) -> str:
    """Return plain data as JSON that is the same text for the same data."""
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def compute(store: Store, recipe: Recipe) -> str:
    """Return a recipe's result as canonical JSON, read as of its commit."""
    if recipe.what not in _KINDS:
        raise BadInput(f"'{recipe.what}' is no kind of frozen run; known: {', '.join(_KINDS)}")
    return canonical(_KINDS[recipe.what](store, recipe))


def _air_month(store: Store, recipe: Recipe) -> dict[str, Any]:
    asked = recipe.parameters
    wanted = ranking.Wanted(
        asked["subject"],
        "month",
        monthly.first_of(asked["month"]),
        asked["limits"],
        index=asked.get("index"),
        as_of=recipe.commit,
    )
    return monthly.collect(store, wanted, asked["region"], asked["names"])


_KINDS: dict[str, Callable[[Store, Recipe], dict[str, Any]]] = {AIR_MONTH: _air_month}


@dataclass
class FreezeMonth(Act[FrozenRun]):
    """Freeze the bulletin of one region and month as the store stands now."""

    event = "verdicts.freeze"
    region: Region
    month: str
    subject: str = "city"
    limits: str = "GB3095-2012"
    index: str | None = None
    reason: str = ""

    def target(self) -> door.Target:
        """The region of the bulletin."""
        return self.region

    def do(self, actor: Actor) -> FrozenRun:
        """Compute and keep it. Raises ``BadInput`` while verdicts are still being computed."""
        store = owner.store()
        if left := engine.waiting():
            raise BadInput(f"verdicts are still being computed ({left} to go); try again then")
        asked: Parameters = {
            "region": {
                "code": self.region.code,
                "zh": self.region.name_zh,
                "en": self.region.name_en,
            },
            "names": monthly.places(self.subject, self.region),
            "month": self.month,
            "subject": self.subject,
            "limits": self.limits,
        }
        if self.index:
            asked["index"] = self.index
        recipe = Recipe(AIR_MONTH, asked, store.last_commit, __version__)
        result = compute(store, recipe)
        return self._keep(recipe, result, actor)

    def _keep(self, recipe: Recipe, result: str, actor: Actor) -> FrozenRun:
        limits = slugify(self.limits.replace(":", "-"))
        key = f"{AIR_MONTH}-{self.region.code}-{self.month}-{self.subject}-{limits}-{recipe.commit}"
        try:
            with transaction.atomic():
                return FrozenRun.objects.create(
                    key=key.lower(),
                    title_zh=f"{self.region.name_zh}环境空气质量月报 {self.month}",
                    title_en=f"{self.region.name_en or self.region.name_zh}: air quality bulletin, "
                    f"{self.month}",
                    what=recipe.what,
                    parameters=recipe.parameters,
                    region=self.region,
                    commit=recipe.commit,
                    version=recipe.version,
                    recipe_sha256=recipe.sha256,
                    result_sha256=_sha256(result),
                    result=result,
                    created_by=actor.name,
                )
        except IntegrityError:
            return FrozenRun.objects.get(key=key.lower())

    def after(self, result: FrozenRun) -> Any:
        """What was frozen, and its hashes."""
        return {
            "key": result.key,
            "commit": result.commit,
            "recipe_sha256": result.recipe_sha256,
            "result_sha256": result.result_sha256,
        }


@dataclass
class PublishRun(Act[FrozenRun]):
    """Show a frozen run to visitors, or take it back."""

    event = "verdicts.publish_run"
    run_: FrozenRun
    published: bool = True
    reason: str = ""

    def target(self) -> door.Target:
        """The region of the run."""
        return self.run_.region

    def before(self) -> Any:
        """Whether it was shown."""
        return {"key": self.run_.key, "published": self.run_.published}

    def do(self, actor: Actor) -> FrozenRun:
        """Set the flag."""
        self.run_.published = self.published
        self.run_.save(update_fields=["published"])
        return self.run_

    def after(self, result: FrozenRun) -> Any:
        """Whether it is shown."""
        return {"key": result.key, "published": result.published}


@dataclass(frozen=True)
class Verified:
    """What came of computing a frozen run again."""

    kept: bool  # the stored bytes have the stored hash
    recipe: bool  # and the recipe its own
    same: bool  # this release gives the same bytes from the same commit
    version: str  # the release that tried


def verify(run: FrozenRun) -> Verified:
    """Compute a frozen run again as of its commit and compare it byte for byte."""
    recipe = recipe_of(run)
    try:
        again = compute(owner.store(), recipe)
    except BadInput:
        again = ""
    return Verified(
        kept=_sha256(run.result) == run.result_sha256,
        recipe=recipe.sha256 == run.recipe_sha256,
        same=again == run.result,
        version=__version__,
    )


def recipe_of(run: FrozenRun) -> Recipe:
    """Return the recipe of a kept run."""
    return Recipe(run.what, run.parameters, run.commit, run.version)


def report_of(run: FrozenRun) -> MonthlyReport:
    """Return the bulletin of a frozen run from its kept result."""
    origin = Origin(
        assessment=run.key,
        frozen_at=run.created_at.replace(tzinfo=None, microsecond=0),
        commit=run.commit,
        run_hash=run.result_sha256,
        code_version=run.version,
    )
    return monthly.report(json.loads(run.result), origin)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
