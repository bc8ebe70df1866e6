"""A small table of JSON judged by a method: text and numbers exactly as they were written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from fenhe.base.errors import BadInput
from fenhe.methods import usage
from fenhe.methods.contract import Column, Method
from fenhe.methods.frames import apply
from fenhe.platform.api.errors import ApiError
from fenhe.protocols.tables import decimals

ROWS = 5000
MEMBERS = frozenset({"rows", "edition", "on", "params", "trace"})
SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Judge",
    "required": ["rows"],
    "additionalProperties": False,
    "properties": {
        "rows": {
            "type": "array",
            "minItems": 1,
            "maxItems": ROWS,
            "items": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "null"]},
            },
        },
        "edition": {"type": "string", "description": "without it the day of each row chooses"},
        "on": {"type": "string", "description": "the edition in force on this day, 2026-03-01"},
        "params": {"type": "object", "additionalProperties": {"type": "string"}},
        "trace": {"type": "boolean", "description": "with the intermediate columns"},
    },
}


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def read(content: bytes) -> dict[str, Any]:
    """Return the body of a question, its numbers as text. Raises 400 or 422."""
    try:
        whole = json.loads(
            content.decode("utf-8-sig"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Number,
        )
        json.dumps(whole, ensure_ascii=False).encode()  # half a character can not be answered
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"the body is no JSON text: {error}", where="body") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("rows"), list):
        raise ApiError(422, "send an object with rows, an array of objects", where="rows")
    unknown = sorted(set(whole) - MEMBERS)
    if unknown:
        raise ApiError(422, f"there is no member '{unknown[0]}'", where=unknown[0])
    _check_types(whole)
    return whole


def _check_types(whole: dict[str, Any]) -> None:
    params = whole.get("params") or {}
    plain = isinstance(params, dict) and all(type(v) is str for v in params.values())
    if not plain:
        raise ApiError(422, "params are texts by their names", where="params")
    for name in ("edition", "on"):
        if whole.get(name) is not None and type(whole[name]) is not str:
            raise ApiError(422, f"{name} must be a text", where=name)
    if type(whole.get("trace", False)) is not bool:
        raise ApiError(422, "trace is true or false", where="trace")
    rows = whole["rows"]
    if not 0 < len(rows) <= ROWS:
        raise ApiError(422, f"send 1 to {ROWS} rows", where="rows")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ApiError(422, "a row is an object", where=f"rows[{number}]")
        for name, cell in row.items():
            if not (cell is None or isinstance(cell, str)):
                raise ApiError(
                    422, "a cell is a text, a number or null", where=f"rows[{number}].{name}"
                )


def judge(method: Method, asked: Mapping[str, Any]) -> pl.DataFrame:
    """Return the result of a method, with the columns of the rows where it adds to them.

    Raises ``BadInput`` naming row and column of what can not be used.
    """
    frame = _frame(method, asked["rows"])
    told = outputs(method, trace=asked.get("trace", False))
    clash = [c.name for c in told if method.adds_columns and c.name in frame.columns]
    if clash:
        raise ApiError(422, f"the rows have the columns {', '.join(clash)}, which the result adds")
    try:
        found = apply(
            method,
            frame,
            edition=asked.get("edition"),
            on=_day(asked.get("on")),
            params=asked.get("params") or {},
            trace=asked.get("trace", False),
        )
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"the rows can not be judged: {error}") from error
    return _readable(found, told)


def outputs(method: Method, *, trace: bool) -> tuple[Column, ...]:
    """Return the columns a method gives."""
    return method.outputs(list(usage.judged_by(method)), trace)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ApiError(422, f"'{text}' is not a day; write 2026-03-01", where="on") from None


def _frame(method: Method, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if private := [name for name in names if name.startswith("_fenhe_")]:
        raise ApiError(422, f"no column may be called {private[0]}", where="rows")
    kinds = {column.name: column.kind for column in method.inputs}
    columns = []
    for name in names:
        texts = [None if row.get(name) in (None, "") else str(row[name]) for row in rows]
        text = pl.Series(name, texts, dtype=pl.String)
        columns.append(_typed(text) if kinds.get(name) in ("number", "hour") else text)
    missing = [c.name for c in method.inputs if not c.optional and c.name not in names]
    if missing:
        raise ApiError(422, f"{method.id} needs the columns {', '.join(missing)}", where="rows")
    return pl.DataFrame(columns)


def _typed(text: pl.Series) -> pl.Series:
    """Return a column of numbers as exact decimals, whole ones as integers."""
    numbers = decimals.scaled(text)
    if numbers.bad.any():
        row = numbers.bad.arg_max() or 0
        said = f"'{text[row]}' is not a number"
        raise ApiError(422, said, where=f"rows[{row}].{text.name}")
    if numbers.k == 0:
        return numbers.units.cast(pl.Int64).alias(text.name)
    exact = [None if u is None else Decimal(u).scaleb(-numbers.k) for u in numbers.units]
    return pl.Series(text.name, exact, dtype=pl.Decimal(38, numbers.k))


def _readable(frame: pl.DataFrame, told: Sequence[Column]) -> pl.DataFrame:
    """Write scaled integers of a trace as decimal text and drop the columns of their scales."""
    scaled = [c for c in told if c.scale and c.name in frame.columns]
    texts = [
        decimals.to_text(frame[c.name], frame[c.scale].cast(pl.UInt8)).alias(c.name) for c in scaled
    ]
    return frame.with_columns(texts).drop({c.scale for c in scaled})
