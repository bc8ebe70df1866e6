"""What a look at the system finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Fact = str | int | float
LONGEST_OBJECT = 200
OTHERS = "*"  # the object that stands for all beyond the most one kind may have
NAMED = 5


@dataclass(frozen=True)
class Finding:
    """A condition that holds now: its kind, of which object, and the facts to tell.

    ``region`` is the code of the place it concerns, empty for the system as a whole. Where
    things happen while it holds, the fact ``times`` counts them.
    """

    kind: str
    object: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    severity: str = ""  # empty: that of the kind
    region: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same condition as before."""
        return (self.kind, self.object)

    @property
    def times(self) -> int | None:
        """How often it happened since it holds; None for what holds or does not."""
        return int(self.facts["times"]) if "times" in self.facts else None


def bounded(found: Iterable[Finding], kept: frozenset[tuple[str, str]], most: int) -> list[Finding]:
    """Keep at most ``most`` objects of a kind, those in ``kept`` first; the rest are one finding.

    The finding for the rest has the object ``*`` and the facts ``number`` and ``some`` (names).
    """
    by_kind: dict[str, list[Finding]] = {}
    for one in {cut(one).key: cut(one) for one in found}.values():
        by_kind.setdefault(one.kind, []).append(one)
    result: list[Finding] = []
    for group in by_kind.values():
        ordered = sorted(group, key=lambda one: (one.key not in kept, one.object))
        result += ordered[:most]
        if ordered[most:]:
            result.append(_together(ordered[most:]))
    return result


def _together(rest: list[Finding]) -> Finding:
    names = ", ".join(one.object for one in rest[:NAMED])
    facts: dict[str, Fact] = {"number": len(rest), "some": names}
    if any(one.times is not None for one in rest):
        facts["times"] = sum(one.times or 1 for one in rest)
    regions = {one.region for one in rest}
    region = regions.pop() if len(regions) == 1 else ""
    return Finding(rest[0].kind, OTHERS, facts, rest[0].severity, region)


def cut(finding: Finding) -> Finding:
    """Return it with an object the records can hold."""
    return replace(finding, object=finding.object[:LONGEST_OBJECT])
