"""The methods: what each reads and gives; and a small table judged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from fenhe.base.errors import BadInput
from fenhe.methods import registry, usage
from fenhe.methods.contract import Column, Method
from fenhe.platform.api import cursors, judging, push, times
from fenhe.platform.api.errors import ApiError
from fenhe.platform.api.frame import Asked, Listed, get, post

ACT = "standards.view"
BODY_LIMIT = 2 * 2**20
router = Router()


class MethodRow(BaseModel):
    """A method in short."""

    method: str
    zh: str
    en: str
    standard: str
    also: list[str] = Field(description="further standards whose editions may be named")
    editions: list[str]
    default_edition: str | None
    day: str | None = Field(description="the column whose day chooses the edition")


class Methods(Listed):
    """A page of methods."""

    data: list[MethodRow]


class MethodColumn(BaseModel):
    """A column that is read or given."""

    name: str
    zh: str
    en: str
    kind: str
    unit: str
    optional: bool


class MethodParam(BaseModel):
    """A parameter."""

    name: str
    zh: str
    en: str
    default: str


class Contract(MethodRow):
    """What a method declares."""

    inputs: list[MethodColumn]
    outputs: list[MethodColumn]
    params: list[MethodParam]
    adds_columns: bool = Field(description="false: the rows of the result are new ones")
    rounding: str
    missing: str


class OneMethod(BaseModel):
    """One method."""

    data: Contract


class Judged(BaseModel):
    """The rows of a result."""

    method: str
    columns: list[MethodColumn] = Field(description="what the method gave")
    data: list[dict[str, Any]] = Field(description="a number that must stay exact is a text")


@get(router, "/methods", ACT, Methods, table=True, cached=True)
def list_methods(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Methods, by id."""
    rows = [_short(method) for method in registry.methods()]
    return cursors.page(request, rows, lambda row: [row["method"]], asked.limit)


@get(router, "/methods/{method}", ACT, OneMethod, fails=(404,), cached=True)
def show_method(request: HttpRequest, method: str) -> Any:
    """What a method reads, gives, rounds and does with missing data."""
    found = _method(method)
    return {
        "data": {
            **_short(found),
            "inputs": list(_columns(found.inputs)),
            "outputs": list(_columns(judging.outputs(found, trace=False))),
            "params": [
                {"name": p.name, "zh": p.zh, "en": p.en, "default": p.default} for p in found.params
            ],
            "adds_columns": found.adds_columns,
            "rounding": found.rounding,
            "missing": found.missing,
        }
    }


def _method(name: str) -> Method:
    try:
        return registry.method(name)
    except BadInput:
        raise Http404(f"there is no method {name}") from None


def _short(method: Method) -> dict[str, Any]:
    return {
        "method": method.id,
        "zh": method.zh,
        "en": method.en,
        "standard": method.standard,
        "also": list(method.also),
        "editions": [edition.id for edition in usage.judged_by(method)],
        "default_edition": method.default_edition,
        "day": method.day[0] if method.day else None,
    }


def _columns(columns: tuple[Column, ...]) -> Iterator[dict[str, Any]]:
    names = ("name", "zh", "en", "kind", "unit", "optional")
    for column in columns:
        yield {name: getattr(column, name) for name in names}


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": judging.SCHEMA}},
    }
}


@post(
    router,
    "/methods/{method}",
    ACT,
    {200: Judged},
    fails=(404,),
    pushes=False,
    extra=_BODY,
)
def judge_rows(request: HttpRequest, method: str) -> Any:
    """Judge a small table of rows; nothing is stored.

    Numbers may be written as numbers or as texts: both are read as written. Without `edition` and
    `on` each row is judged by the edition in force on its own day.
    """
    found = _method(method)
    if request.content_type != "application/json":
        raise ApiError(415, "send application/json", where="header.Content-Type")
    asked = judging.read(push.read_body(request, BODY_LIMIT))
    result = judging.judge(found, asked)
    told = judging.outputs(found, trace=asked.get("trace", False))
    return {
        "method": found.id,
        "columns": [c for c in _columns(told) if c["name"] in result.columns],
        "data": [_row(row) for row in result.iter_rows(named=True)],
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else times.plain(value)
