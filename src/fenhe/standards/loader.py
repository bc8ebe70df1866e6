"""From an edition file to editions: one for each stage, or one when it has none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from fenhe.base.errors import BadInput
from fenhe.standards import parse, source, tables
from fenhe.standards.model import Amendment, Edition, Table, Value
from fenhe.standards.source import Section

_TOP = ("edition", "stage", "amendment", "table", "value")
_REQUIRED = ("id", "standard", "code", "title_zh", "title_en", "in_force_from", "scope", "source")
_EDITION = (
    *_REQUIRED,
    "issuer_zh",
    "issuer_en",
    "issued",
    "in_force_to",
    "replaces",
    "replaced_by",
    "transition",
)
_AMENDMENT = ("id", "zh", "en", "from", "source", "mark", "kind")


def edition_file(path: Path, root: Path) -> tuple[Edition, ...]:
    """Return the editions of one file; ``BadInput`` names file and line of what is wrong."""
    file = source.read(path, path.relative_to(root).as_posix())
    top = Section(file, "", file.content)
    top.only(_TOP, ("edition",))
    head = top.named("edition")
    head.only(_EDITION, _REQUIRED)
    whole = _whole(head, top, path.relative_to(root).parts[0])
    stages = _stages(top, whole)
    names = tuple(part.text("id") for part in stages)
    content = _tables(top, whole.id, names)
    if not stages:
        values = _values(top, whole.id, "", names)
        return (whole.changed(tables=_for_stage(content, ""), values=values),)
    return tuple(
        whole.changed(
            id=f"{whole.id}:{name}",
            stage=name,
            stage_zh=part.text("zh"),
            in_force_from=day(part, "from"),
            in_force_to=optional_day(part, "to"),
            tables=_for_stage(content, name),
            values=_values(top, f"{whole.id}:{name}", name, names),
            place=part.place("from"),
        )
        for name, part in zip(names, stages, strict=True)
    )


def day(section: Section, key: str) -> date:
    """Return a TOML date; a text, a time of day or nothing is refused."""
    value = section.data.get(key)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise section.bad(f"'{key}' must be a date such as 2026-03-01, without quotes", key)
    return value


def optional_day(section: Section, key: str) -> date | None:
    """Return a TOML date, or None when the key is left out."""
    return day(section, key) if key in section.data else None


def _whole(head: Section, top: Section, subject: str) -> Edition:
    start, end = day(head, "in_force_from"), optional_day(head, "in_force_to")
    if end is not None and end < start:
        raise head.bad(f"in_force_to {end} lies before in_force_from {start}", "in_force_to")
    if not head.text("id").startswith(f"{head.text('standard')}-"):
        raise head.bad(f"the id must begin with '{head.text('standard')}-'", "id")
    issued = head.data.get("issued", "unknown")
    return Edition(
        id=head.text("id"),
        standard=head.text("standard"),
        subject=subject,
        code=head.text("code"),
        title_zh=head.text("title_zh"),
        title_en=head.text("title_en"),
        issuer_zh=head.text("issuer_zh", "unknown"),
        issuer_en=head.text("issuer_en", "unknown"),
        issued=None if issued == "unknown" else day(head, "issued"),
        in_force_from=start,
        in_force_to=end,
        stage=None,
        stage_zh="",
        replaces=head.text("replaces", ""),
        replaced_by=head.text("replaced_by", ""),
        transition=head.text("transition", ""),
        scope=head.text("scope"),
        source=head.text("source"),
        amendments=_amendments(top, start, end),
        tables=MappingProxyType({}),
        values=MappingProxyType({}),
        place=head.place("in_force_from"),
    )


def _stages(top: Section, whole: Edition) -> tuple[Section, ...]:
    parts = top.many("stage")
    expected = whole.in_force_from
    for number, part in enumerate(parts):
        part.only(("id", "zh", "en", "from", "to"), ("id", "zh", "en", "from"))
        start, end = day(part, "from"), optional_day(part, "to")
        if start != expected:
            what = "leaves a gap" if start > expected else "overlaps"
            message = f"stage '{part.text('id')}' {what}: it must begin on {expected}"
            raise part.bad(message, "from")
        if number == len(parts) - 1:
            if end != whole.in_force_to:
                raise part.bad("the last stage must end when the edition ends", "to")
        elif end is None or end < start:
            raise part.bad(f"stage '{part.text('id')}' must end on or after {start}", "to")
        else:
            expected = end + timedelta(days=1)
    return parts


def _amendments(top: Section, start: date, end: date | None) -> tuple[Amendment, ...]:
    return tuple(_amendment(part, start, end) for part in top.many("amendment"))


def _amendment(part: Section, start: date, end: date | None) -> Amendment:
    part.only(_AMENDMENT, ("id", "zh", "en", "from", "source", "mark"))
    since = day(part, "from")
    if since < start or (end is not None and since > end):
        raise part.bad(f"amendment of {since} lies outside the edition's time in force", "from")
    try:
        given = parse.meta({**part.data, "unit": "none"}, f"amendment {part.text('id')}")
    except BadInput as error:
        raise part.bad(error.message) from None
    return Amendment(
        id=part.text("id"),
        title_zh=part.text("zh"),
        title_en=part.text("en"),
        in_force_from=since,
        source=given["source"],
        mark=given["mark"],
        kind=given["kind"],
    )


def _tables(top: Section, prefix: str, stages: tuple[str, ...]) -> dict[str, dict[str, Table]]:
    parent = top.named("table")
    return {name: tables.table(parent.sub(name), name, prefix, stages) for name in parent.data}


def _for_stage(content: dict[str, dict[str, Table]], stage: str) -> MappingProxyType[str, Table]:
    return MappingProxyType({name: by_stage[stage] for name, by_stage in content.items()})


def _values(
    top: Section, prefix: str, stage: str, stages: tuple[str, ...]
) -> MappingProxyType[str, Value]:
    parent = top.named("value")
    found: dict[str, Value] = {}
    for name in parent.data:
        section = parent.sub(name)
        only = section.texts("stages")
        for named in only:
            if named not in stages:
                raise section.bad(f"unknown stage '{named}'", "stages")
        value = parse.value(section, f"{prefix}/{name}")
        if not only or stage in only:
            found[name] = value
    return MappingProxyType(found)
