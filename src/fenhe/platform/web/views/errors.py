"""Pages for what is not there and what is not allowed, in plain words, inside the frame."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fenhe.platform.web import page


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    return _answer(request, "404.html", 404, "")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with the door's reason."""
    return _answer(request, "403.html", 403, str(exception))


def _answer(request: HttpRequest, template: str, status: int, said: str) -> HttpResponse:
    if page.is_fragment(request):
        return render(request, "web/parts/said.html", {"said": said}, status=status)
    return page.show(request, template, {"said": said}, section="", status=status)
