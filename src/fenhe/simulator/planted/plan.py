"""Which pattern is planted where and when: dealt like cards, four weeks at a time.

Every four weeks (an era) the patterns of a medium are shuffled and dealt to the outlets that
may have some: three short ones with honest days between, then most get a long one. So even a
small fleet shows all of them within an era or two, and half of all outlet-days stay honest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from fenhe.base.errors import BadInput
from fenhe.simulator import noise
from fenhe.simulator.config import Outlet, Span, build
from fenhe.simulator.fleet import Fleet, Site
from fenhe.simulator.happenings import BEIJING, DAY, HOUR, MONDAY
from fenhe.simulator.items import items_of

ERA = 28 * DAY
#: First day and length in days of the places for short patterns, and of the one for a long.
SHORT = ((1, 3), (5, 3), (9, 3))
LONG = (14, 13)
SHARE_OF_LONG = 0.8
AIRY = 18.0  # per cent of O2
GASES = frozenset({"a21026", "a21002"})


@dataclass(frozen=True)
class Pattern:
    """One kind of fraud or failure, from ``patterns.toml``."""

    name: str
    media: tuple[str, ...]
    hours: Span
    slot: Literal["short", "long"]
    picks: Literal["all", "one", "none", "gases", "capped", "converted", "treated"]
    strength: Span
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planted:
    """One planted pattern: the label. UTC seconds since 1970, end exclusive."""

    site: str
    pattern: str
    items: tuple[str, ...]
    start: int
    end: int
    strength: float
    key: int


@cache
def patterns() -> dict[str, Pattern]:
    """Return the patterns by id."""
    text = (resources.files("fenhe.simulator.planted") / "patterns.toml").read_text("utf-8")
    return {name: build(Pattern, row, name) for name, row in tomllib.loads(text).items()}


def chosen(text: str) -> tuple[str, ...]:
    """Read ``all``, ``none`` or a list such as ``F01,F06``; ``BadInput`` names an unknown one."""
    if text == "all":
        return tuple(patterns())
    names = tuple(part.strip().upper() for part in text.split(",") if part.strip() != "none")
    for name in names:
        if name not in patterns():
            raise BadInput(f"no pattern '{name}'; known are {', '.join(patterns())}, all, none")
    return names


def plan(fleet: Fleet, names: Sequence[str], start: int, end: int) -> tuple[Planted, ...]:
    """Return what is planted in a fleet and touches the span, by start."""
    found: list[Planted] = []
    for era in range((start + MONDAY) // ERA, (end + MONDAY) // ERA + 1):
        for medium in ("gas", "water"):
            sites = [
                site
                for site in fleet.sites
                if site.outlet.medium == medium and not site.outlet.clean
            ]
            found += _dealt(fleet.seed, sites, names, medium, era)
    touching = [one for one in found if one.end > start and one.start < end]
    return tuple(sorted(touching, key=lambda one: (one.start, one.site, one.pattern)))


def _dealt(
    seed: int, sites: Sequence[Site], names: Sequence[str], medium: str, era: int
) -> list[Planted]:
    key = noise.key_of(seed, "plan", medium, era)
    order = {site.key: site for site in sites}
    hands = [order[name] for name in noise.shuffled(key, list(order))]
    found: list[Planted] = []
    for slot, places in (("short", SHORT), ("long", (LONG,))):
        deck = noise.shuffled(
            noise.key_of(key, slot),
            [n for n in names if medium in patterns()[n].media and patterns()[n].slot == slot],
        )
        for place in places:
            share = SHARE_OF_LONG if place == LONG else 1.0
            for site in hands[: round(share * len(hands))]:
                one = _next(site, deck, era, place)
                if one is not None:
                    found.append(one)
    return found


def _next(site: Site, deck: list[str], era: int, place: tuple[int, int]) -> Planted | None:
    """Plant the first card of the deck the outlet can show and put it last; or nothing.

    Cards few outlets can show wait at the front, so that none is left out for long.
    """
    key = site.noise_key("planted", era, place)
    for name in deck:
        items = _items(site.outlet, name, key)
        if items:
            deck.append(deck.pop(deck.index(name)))
            return _placed(site, name, items, era, place)
    return None


def _placed(
    site: Site, name: str, items: tuple[str, ...], era: int, place: tuple[int, int]
) -> Planted:
    key = site.noise_key("planted", era, place)
    pattern = patterns()[name]
    first, days = place
    length = int(min(noise.between(key, 1, *pattern.hours) * HOUR, days * DAY))
    free = max(0, days * DAY - length)
    begin = era * ERA - MONDAY + first * DAY + int(noise.between(key, 2, 0, free))
    begin = begin // 600 * 600
    if name == "F16":  # days are copied whole
        begin = (begin + BEIJING) // DAY * DAY - BEIJING
        length = length // DAY * DAY
    strength = noise.between(key, 3, *pattern.strength)
    return Planted(site.key, name, items, begin, begin + length // 600 * 600, strength, key)


def _items(outlet: Outlet, name: str, key: int) -> tuple[str, ...]:
    """Return the items a pattern bends at an outlet; none when it can not be shown there."""
    pattern = patterns()[name]
    if name in {"F08", "F17"}:  # nobody could tell without fan or pump
        return pattern.also if outlet.process else ()
    if name == "F06" and outlet.stack is not None and outlet.stack.o2 > AIRY:
        return ()  # air more or less does not show in a duct full of air
    picked = _picked(outlet, pattern.picks)
    if pattern.picks in {"one", "capped", "treated"} and picked:
        picked = (picked[int(noise.uniform(key, [5])[0] * len(picked))],)
    if not picked:
        return ()
    also = pattern.also
    if name == "F16":
        also = ("a19001",) if outlet.medium == "gas" else ("w00000",)
    return (*picked, *also)


def _picked(outlet: Outlet, picks: str) -> tuple[str, ...]:
    told = outlet.pollutants
    if picks == "capped":
        return tuple(one.item for one in told if one.ceiling > 0)
    if picks == "treated":
        return tuple(one.item for one in told if one.inlet_item)
    if picks == "converted":
        return tuple(one.code for one in items_of(outlet) if one.converts)
    if picks == "gases":
        both = tuple(one.item for one in told if one.item in GASES)
        return both if len(both) == len(GASES) else ()
    return tuple(one.item for one in told)
