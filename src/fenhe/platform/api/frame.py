"""How an operation is declared: its act at the door, its answers, its twins, its tag."""

from __future__ import annotations

import functools
import hashlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import BaseModel, Field

from fenhe import __version__
from fenhe.platform import owner
from fenhe.platform.api.access import Access, asker_of, language_of
from fenhe.platform.api.errors import ApiError
from fenhe.platform.registry.queries import version
from fenhe.protocols.tables import writer

MOST = 5000
USUAL = 1000
CSV = "text/csv"
FORMATS = ("json", "csv")
View = Callable[..., Any]
ALWAYS = (400, 401, 403, 429, 500)
ACTS: dict[str, str] = {}  # address -> act of its first operation, for whoever walks the addresses
NOT_CHANGED = 304


class Said(BaseModel):
    """What went wrong."""

    code: str
    message: str
    where: str | None = Field(None, description="the parameter, member or row, where there is one")


class Wrong(BaseModel):
    """Every answer that is not the one asked for."""

    error: Said


class Asked(BaseModel):
    """What every list takes."""

    limit: int = Field(USUAL, ge=1, le=MOST, description="rows of a page at most")
    cursor: str | None = Field(None, description="`next` of the page before")


class Listed(BaseModel):
    """What every list answers."""

    next: str | None = Field(description="cursor of the next page; null at the end")


def get(
    router: Router,
    path: str,
    act: str,
    response: Any,
    *,
    fails: Sequence[int] = (),
    table: bool = False,
    cached: bool = False,
) -> Callable[[View], View]:
    """Declare a reading operation behind the act ``act``.

    ``table``: ``?format=csv`` answers the rows of ``data`` as a table. ``cached``: the answer
    depends on the store, the registry and the release alone, so that its tag is known
    before it is made and an unchanged one is answered 304.
    """

    def wrap(view: View) -> View:
        access = Access(act)
        made = _tagged(view) if cached else view
        made = _tabled(made) if table else made
        extra: dict[str, Any] = {"security": [{}, {"token": []}, {"session": []}]}
        if table:
            extra["parameters"] = [_FORMAT]
            content = {CSV: {"schema": {"type": "string"}}}
            extra["responses"] = {200: {"content": content}}
        declared = {200: response, **wrong(*ALWAYS, *fails)}
        if cached:
            declared[NOT_CHANGED] = None
        _register(router.get, path, declared, access, extra, _resolved(view, made))
        return view

    return wrap


def post(
    router: Router,
    path: str,
    act: str,
    responses: Mapping[int, Any],
    *,
    fails: Sequence[int],
    pushes: bool,
    extra: Mapping[str, Any],
) -> Callable[[View], View]:
    """Declare an operation that takes a body; ``pushes``: by a token with that scope alone."""

    def wrap(view: View) -> View:
        security: list[Any] = [{"token": []}] if pushes else [{}, {"token": []}]
        declared = {**responses, **wrong(*ALWAYS, 413, 415, 422, *fails)}
        told = {"security": security, **extra}
        access = Access(act, pushes=pushes)
        _register(router.post, path, declared, access, told, _resolved(view, view))
        return view

    return wrap


def wrong(*statuses: int) -> dict[int, Any]:
    """Return the error answers an operation declares."""
    return dict.fromkeys(sorted(set(statuses)), Wrong)


_FORMAT = {
    "in": "query",
    "name": "format",
    "required": False,
    "schema": {"type": "string", "enum": list(FORMATS), "default": "json"},
    "description": "csv: the rows of `data` as a table",
}


def _register(  # noqa: PLR0917 (what ninja is told, in its order)
    verb: Any, path: str, responses: Any, access: Access, extra: Any, view: View
) -> None:
    ACTS.setdefault(path.lstrip("/"), access.act)
    access.parameters = _parameters(view, extra)
    doc = inspect.getdoc(view) or ""
    summary, _, rest = doc.partition("\n\n")
    verb(
        path,
        response=responses,
        auth=[access],
        summary=" ".join(summary.split()),
        description=rest,
        operation_id=view.__name__,
        openapi_extra=extra,
    )(view)


def _parameters(view: View, extra: Mapping[str, Any]) -> frozenset[str]:
    """Return the names an operation reads of the query: its model's, and those declared beside."""
    models = [typing.get_args(hint)[0] for hint in view.__annotations__.values() if _is_query(hint)]
    fields = [name for model in models for name in model.model_fields]
    return frozenset([*fields, *(p["name"] for p in extra.get("parameters", ()))])


def _is_query(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Annotated and issubclass(
        typing.get_args(hint)[0], BaseModel
    )


def _resolved(view: View, made: View) -> View:
    """Return a wrapped view with the signature of the inner one, its names looked up there."""
    hints = typing.get_type_hints(view, include_extras=True)
    signature = inspect.signature(view)
    parameters = [
        p.replace(annotation=hints.get(p.name, p.annotation)) for p in signature.parameters.values()
    ]

    @functools.wraps(view)
    def called(*args: Any, **kwargs: Any) -> Any:
        return made(*args, **kwargs)

    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    called.__annotations__ = hints
    return called


def _tagged(view: View) -> View:
    @functools.wraps(view)
    def tagged(request: HttpRequest, **kwargs: Any) -> Any:
        tag = tag_of(request)
        if request.headers.get("If-None-Match") == tag:
            found: Any = HttpResponse(status=NOT_CHANGED)
        else:
            found = view(request, **kwargs)
        headers_of(request)["ETag"] = tag
        return found

    return tagged


def headers_of(request: HttpRequest) -> dict[str, str]:
    """Return the headers the answer will have beside its own; the middleware sets them."""
    found: dict[str, str] = request.__dict__.setdefault("api_headers", {})
    return found


def tag_of(request: HttpRequest) -> str:
    """Return what changes when the answer to a request may."""
    user = asker_of(request).user
    parts = (
        __version__,
        owner.store().last_commit,
        version(),
        user.pk,
        language_of(request),
        request.get_full_path(),
    )
    digest = hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()
    return f'"{digest[:32]}"'


def _tabled(view: View) -> View:
    @functools.wraps(view)
    def tabled(request: HttpRequest, **kwargs: Any) -> Any:
        form = request.GET.get("format", "json")
        if form not in FORMATS:
            raise ApiError(400, f"the format is one of {', '.join(FORMATS)}", where="format")
        found = view(request, **kwargs)
        if form == "json" or isinstance(found, HttpResponse | Status):
            return found
        frame = flat(found["data"])
        reply = HttpResponse(writer.encoded(frame, ".csv"), content_type=f"{CSV}; charset=utf-8")
        if found.get("next"):
            reply["Link"] = f'<{_next(request, found["next"])}>; rel="next"'
        return reply

    return tabled


def _next(request: HttpRequest, cursor: str) -> str:
    query = request.GET.copy()
    query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}"


def flat(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a table: what lies inside a member becomes columns, lists are joined."""
    return pl.DataFrame([_flat(row) for row in rows], infer_schema_length=None)


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            found[before + name] = ";".join(map(str, value))
        else:
            found[before + name] = value
    return found
