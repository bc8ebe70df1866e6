"""Tags and filters of the templates: assets with a version, language links, numbers, levels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import translate_url
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from fenhe.platform.web import addresses

register = template.Library()

DASH = "—"


@cache
def _version(name: str) -> str:
    path = finders.find(name)
    if path is None:
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:10]


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a static file, marked with its content so that caches can not err."""
    version = _version(name)
    return f"{static(name)}?v={version}" if version else static(name)


@register.simple_tag(takes_context=True)
def other_language(context: dict[str, Any], code: str) -> str:
    """Return the address of this very page, query and all, in another language."""
    request = context.get("request")
    return translate_url(request.get_full_path(), code) if request is not None else "/"


@register.simple_tag
def level(number: int | None, name: str = "") -> SafeString:
    """Return the chip of a level: its colour and its number, never colour alone."""
    return _chip(number or 0, name if number else _("not judged"))


@lru_cache(maxsize=256)
def _chip(number: int, name: str) -> SafeString:
    return format_html('<span class="lv lv-{}" title="{}">{}</span>', number, name, number or DASH)


@register.simple_tag
def hour_cell(cell: Mapping[str, Any]) -> SafeString:
    """Return the inside of one value's cell: the value, its flags, its IAQI in small."""
    value = f'<span class="struck">{cell["value"]}</span>' if cell["void"] else cell["value"]
    flags = format_html(' <span class="flag">{}</span>', cell["flags"]) if cell["flags"] else ""
    iaqi = f'<span class="iaqi">{cell["iaqi"]}</span>' if cell["iaqi"] else ""
    return mark_safe(f"{value}{flags}{iaqi}")  # noqa: S308  numbers, and flags escaped above


@register.simple_tag
def edition_url(edition_id: str) -> str:
    """Return the page of an edition."""
    return addresses.edition(edition_id)


@register.simple_tag
def value_url(value_id: str) -> str:
    """Return the place of a value or row on the page of its edition."""
    return addresses.value(value_id)


@register.simple_tag
def method_url(method_id: str) -> str:
    """Return the place of a method on the page of methods."""
    return addresses.method(method_id)


@register.simple_tag
def unverified(ids: str | None) -> SafeString:
    """Return a sign for each unverified value of a result (``a;b``), leading to it."""
    told = _("rests on the unverified value %(id)s")
    signs = (
        (addresses.value(i), told % {"id": i}, told % {"id": i})
        for i in (ids or "").split(";")
        if i
    )
    link = '<a class="flag" href="{}" title="{}" aria-label="{}">○</a>'
    return format_html_join(" ", link, signs)


@register.filter
def num(value: float | int | None, decimals: int | None = None) -> str:
    """Write a number with the decimals its source wrote; a missing one is a dash, never zero."""
    if value is None:
        return DASH
    if decimals is None or isinstance(value, int):
        return str(value)
    return f"{value:.{int(decimals)}f}"


@register.filter
def grouped(value: int | None) -> str:
    """Write a count in groups of three digits; a missing one is a dash."""
    return DASH if value is None else f"{value:,}"


@register.filter(name="json")
def as_json(value: Any) -> SafeString:
    """Write plain data for a ``script type=application/json`` block; no text can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04X}")
    return mark_safe(text)  # noqa: S308
