"""Lists of firms, outlets, loggers, channels and permit limits, out of CSV or a workbook.

A workbook may hold several lists, a sheet each; a list is told by its columns. Nothing is
entered when any row is wrong; the error names every wrong row, up to some.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from fenhe.base.errors import BadInput, Place
from fenhe.platform.registry import listrows
from fenhe.platform.registry.rows import Row
from fenhe.protocols.tables import reader, workbook
from fenhe.protocols.tables.reader import NO_LIMITS, Limits
from fenhe.protocols.tables.table import TextTable

MOST_ERRORS = 30
SPAN = ("valid_from", "valid_to", "source")


@dataclass(frozen=True)
class Kind:
    """One sort of list: the columns it must have and may have, and how a row is entered."""

    name: str
    zh: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    enter: Callable[[Row, listrows.Known], None]


# in the order they are entered: a channel needs its outlet and its device
KINDS: tuple[Kind, ...] = (
    Kind("firms", "企业", ("firm", "firm_name"), ("firm_name_en", "region"), listrows.firm),
    Kind(
        "outlets",
        "排放口",
        ("outlet", "name", "medium", "firm", "region"),
        (
            "name_en", "number", "permit", "lon", "lat", "datum", "sector", "source_type",
            "discharge", "receiver", "reference_o2", "excess_air", "stack_area", "stack_height",
            "velocity_factor", "rated_load", "rated_unit", "limit_set", "simulated", "published",
            *SPAN,
        ),
        listrows.outlet,
    ),
    Kind(
        "devices",
        "数采仪",
        ("mn", "firm"),
        ("name", "password", "edition", "minutes", "model", "key", "enabled", "simulated"),
        listrows.device,
    ),
    Kind(
        "channels",
        "通道",
        ("mn", "code", "outlet"),
        ("st", "item", "unit", "unit_sum", *SPAN),
        listrows.channel,
    ),
    Kind(
        "limits",
        "许可限值",
        ("outlet", "item", "averaging", "limit"),
        ("low", "quantity", "unit", "reference_o2", "document", *SPAN),
        listrows.limit,
    ),
)  # fmt: skip
# what the columns are called in Chinese lists
CHINESE = {
    "统一社会信用代码": "firm", "企业编码": "firm", "企业名称": "firm_name", "行政区划": "region",
    "排放口": "outlet", "排放口编码": "outlet", "排放口名称": "name", "排放口编号": "number",
    "类别": "medium", "许可证编号": "permit", "经度": "lon", "纬度": "lat", "坐标系": "datum",
    "行业": "sector", "污染源类型": "source_type", "排放方式": "discharge", "受纳水体": "receiver",
    "基准氧含量": "reference_o2", "过量空气系数": "excess_air", "烟道截面积": "stack_area",
    "排气筒高度": "stack_height", "速度场系数": "velocity_factor", "额定负荷": "rated_load",
    "负荷单位": "rated_unit", "MN": "mn", "MN号": "mn", "数采仪编码": "mn", "访问密码": "password",
    "协议版本": "edition", "分钟间隔": "minutes", "型号": "model", "密钥": "key", "启用": "enabled",
    "系统编码": "st", "因子编码": "code", "监测项目": "item", "单位": "unit",
    "总量单位": "unit_sum",
    "平均时间": "averaging", "限值": "limit", "下限": "low", "限值类型": "quantity",
    "依据": "document", "起始日期": "valid_from", "终止日期": "valid_to", "来源": "source",
    "限值组": "limit_set", "模拟": "simulated", "公开": "published",
}  # fmt: skip


@dataclass
class Outcome:
    """What lists changed: rows read by kind, and what is new or other than before."""

    rows: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)


def load(path: Path, commit: int, source: str = "", limits: Limits = NO_LIMITS) -> Outcome:
    """Enter every list of a file; what is there already is not entered twice.

    ``commit``: that of the store, at which the facts become known. Raises ``BadInput`` naming
    file, row and column of what is wrong; nothing is entered then.
    """
    known = listrows.Known(commit, source or path.name)
    errors: list[str] = []
    with transaction.atomic():
        for kind, table in _tables(path, limits):
            for row in _rows(path, table):
                try:
                    with transaction.atomic():
                        kind.enter(row, known)
                except BadInput as error:
                    errors.append(str(error))
                known.rows[kind.name] += 1
        if errors:
            raise BadInput(_said(errors))
    return Outcome(known.rows, known.changed)


def _said(errors: list[str]) -> str:
    shown = errors[:MOST_ERRORS]
    more = len(errors) - len(shown)
    lines = [*shown, *([f"and {more} more"] if more else [])]
    return "nothing was entered:\n" + "\n".join(f"  - {line}" for line in lines)


def _tables(path: Path, limits: Limits) -> list[tuple[Kind, TextTable]]:
    """Return the lists of a file in the order in which they are entered."""
    found = []
    for sheet in _sheets(path, limits):
        table = reader.open_table(path, limits, sheet=sheet)
        found.append((_kind(path, table), table))
    order = {kind.name: place for place, kind in enumerate(KINDS)}
    return sorted(found, key=lambda pair: order[pair[0].name])


def _sheets(path: Path, limits: Limits) -> list[str | None]:
    if path.suffix.lower() != ".xlsx" or not path.is_file():
        return [None]
    return list(workbook.sheet_names(path, path.name, limits))


def _kind(path: Path, table: TextTable) -> Kind:
    """Tell a list by its columns: of those it could be, the one that uses most of them."""
    columns = {_named(name) for name in table.columns}
    fitting = [kind for kind in KINDS if columns.issuperset(kind.needed)]
    where = Place(f"{path}{f' ({table.sheet})' if table.sheet else ''}")
    if not fitting:
        needed = "; ".join(f"{kind.name}: {', '.join(kind.needed)}" for kind in KINDS)
        raise BadInput(f"is no list that is known; columns needed: {needed}", place=where)
    best = max(fitting, key=lambda kind: len(columns.intersection(kind.needed + kind.optional)))
    unknown = sorted(columns.difference(best.needed + best.optional))
    if unknown:
        known = ", ".join(best.needed + best.optional)
        text = f"a list of {best.name} has no column {', '.join(unknown)}; known: {known}"
        raise BadInput(text, place=where)
    return best


def _named(column: str) -> str:
    text = column.strip()
    return CHINESE.get(text, text.lower())


def _rows(path: Path, table: TextTable) -> Iterator[Row]:
    place = Path(f"{path} ({table.sheet})") if table.sheet else path
    for batch in table.batches():
        for number, cells in zip(batch.rows, batch.frame.iter_rows(named=True), strict=True):
            if any(cells.values()):
                yield Row(place, int(number), {_named(name): text for name, text in cells.items()})
