"""The data page: feeds, receipts, quarantine; a file in, in two steps; data out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import polars as pl
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.platform.monitoring import exports, imports, queries
from fenhe.platform.monitoring.acts import Export, ImportFile
from fenhe.platform.registry import door
from fenhe.platform.verdicts import queries as verdicts
from fenhe.platform.web import feedview, levels, page, state, uploads, words
from fenhe.platform.web.uploads import Waiting
from fenhe.platform.workflow.acts import web_actor
from fenhe.protocols.tables.reader import WEB

RECEIPTS_SHOWN = 50
CELLS_SHOWN = 100
SHEET_ROWS = 1_000_000
HOUR = beijing.HOUR


@page.view("monitoring.feeds")
def show_data(request: HttpRequest) -> HttpResponse:
    """Answer the data page."""
    return data_page(request)


def data_page(request: HttpRequest, error: str = "", feed: str = "") -> HttpResponse:
    """Answer the data page, with what was wrong with an upload if anything was."""
    feeds = [_feed(row) for row in queries.feeds()]
    receipts = queries.receipts()
    available = queries.hours_available()
    user = request.user
    context = {
        "feeds": feeds,
        "receipts": [_receipt(row) for row in receipts[:RECEIPTS_SHOWN]],
        "sentence": _sentence(receipts),
        "balance": _balance(receipts),
        "may": {
            "import": bool(door.may(user, "monitoring.import")),
            "export": bool(door.may_anywhere(user, "monitoring.export")),
            "quarantine": bool(door.may_anywhere(user, "monitoring.quarantine")),
        },
        "assessments": verdicts.assessments(grain=None),
        "span": _span(available),
        "upload_limit": settings.UPLOAD_LIMIT // 2**20,
        "upload_error": error,
        "chosen_feed": feed,
    }
    return page.show(
        request, "web/data.html", context, section="data", status=400 if error else 200
    )


def _feed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "title": _in_language(row, "title"),
        "licence": row["licence"] if levels.english() else row["licence_zh"],
        "last": _clock(row["last_at"]),
        "newest_at": _clock(row["newest"]),
        "behind": feedview.length(row["lag"]),
    }


def _receipt(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "id": row["import"], "when": _clock(row["known_at"])}


def _in_language(row: Mapping[str, Any], name: str) -> str:
    return str(row[f"{name}_{'en' if levels.english() else 'zh'}"])


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{beijing.to_beijing(moment):%Y-%m-%d %H:%M}"


def _span(available: Mapping[str, datetime] | None) -> dict[str, str]:
    if available is None:
        return {"first_day": "", "last_day": ""}
    names = {"first_day": "first", "last_day": "last"}
    return {name: beijing.day_of(available[key]).isoformat() for name, key in names.items()}


def _sentence(receipts: Sequence[Mapping[str, Any]]) -> str:
    stored = sum(row["stored"] for row in receipts)
    rejected = sum(row["rejected"] for row in receipts)
    if not receipts:
        return _("No data has been loaded yet.")
    said = ngettext(
        "%(files)d file loaded: %(stored)s values stored, %(rejected)s in quarantine.",
        "%(files)d files loaded: %(stored)s values stored, %(rejected)s in quarantine.",
        len(receipts),
    )
    return said % {
        "files": len(receipts),
        "stored": f"{stored:,}",
        "rejected": f"{rejected:,}",
    }


def _balance(receipts: Sequence[Mapping[str, Any]]) -> str:
    wrong = sum(1 for row in receipts if not row["balanced"])
    open_ones = sum(1 for row in receipts if not row["closed"])
    if wrong:
        return _("%(n)d receipts do not balance: tell the administrator.") % {"n": wrong}
    if open_ones:
        return _("%(n)d imports were cut short; import the file again and it goes on.") % {
            "n": open_ones
        }
    return _("Every receipt balances: received = stored + duplicate + rejected.")


@page.view("monitoring.import")
@require_POST
def examine(request: HttpRequest) -> HttpResponse:
    """Look at an uploaded file and show what loading it would mean; load nothing."""
    feed = request.POST.get("feed", "")
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return data_page(request, _("choose a file"), feed)
    door.ask(request.user, "monitoring.import")
    waiting = uploads.keep(upload, feed, request.user.get_username())
    try:
        found = imports.look(waiting.path, feed, WEB, waiting.name)
    except BadInput as error:
        uploads.forget(waiting)
        return data_page(request, str(error), feed)
    summary = imports.summary(found)
    if not summary["ok"]:
        uploads.forget(waiting)
    return page.show(request, "web/examined.html", _examined(waiting, summary), section="data")


def _examined(waiting: Waiting, summary: Mapping[str, Any]) -> dict[str, Any]:
    language = "en" if levels.english() else "zh"
    facts = {
        "name": waiting.name,
        "feed": summary["feed"],
        "first": summary["first"],
        "last": summary["last"],
        "accepted": f"{summary['accepted']:,}",
        "received": f"{summary['received']:,}",
    }
    if not summary["ok"]:
        said = _("%(name)s is not what the feed %(feed)s describes. Nothing was loaded.")
    elif summary["first"] is None:
        said = _("%(name)s holds no value that can be read.")
    else:
        said = _(
            "%(name)s fits: %(accepted)s of %(received)s values can be read, "
            "from %(first)s to %(last)s."
        )
    return {
        "sentence": said % facts,
        "file": {"name": waiting.name, "sha256": waiting.sha256, "size": _size(waiting.size)},
        "ok": summary["ok"],
        "token": waiting.token,
        "reasons": [reason[language] for reason in summary["reasons"]],
        "remarks": [remark[language] for remark in summary["remarks"]],
        "ranges": [_range(row) for row in summary["ranges"]],
        "rejected": [
            {"text": words.refusal_text(reason), "count": count}
            for reason, count in summary["rejected"].items()
        ],
        "examples": [
            {**row, "why": words.refusal_text(row["reason"])} for row in summary["examples"]
        ],
        "decision": summary["decision"],
    }


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.0f} kB"


def _range(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {
        name: "—" if row[name] is None else f"{row[name]:g}"
        for name in ("minimum", "median", "maximum")
    }
    return {
        **row,
        **numbers,
        "label": words.item_label(row["item"]),
        "unit": words.unit_of(row["item"]),
        "missing": f"{row['missing_share']:.1%}",
    }


@page.view("monitoring.import")
@require_POST
def load(request: HttpRequest) -> HttpResponse:
    """Load the file that was examined and confirmed."""
    actor = web_actor(request)
    waiting = uploads.find(request.POST.get("token", ""), actor.name)
    try:
        done = ImportFile(waiting.path, waiting.feed, waiting.name, WEB).run(actor)
    except BadInput as error:
        return data_page(request, str(error), waiting.feed)
    finally:
        uploads.forget(waiting)
    said = _(
        "%(name)s is loaded: received %(received)d = stored %(stored)d + duplicate "
        "%(duplicate)d + rejected %(rejected)d."
    )
    counts = {n: getattr(done, n) for n in ("received", "stored", "duplicate", "rejected")}
    messages.success(request, said % {"name": done.file_name, **counts}, extra_tags="done")
    return redirect("web:data")


@page.view("monitoring.quarantine")
def show_quarantine(request: HttpRequest) -> HttpResponse:
    """Answer the cells that were refused, as they were written, with the reason."""
    feed = request.GET.get("feed") or None
    number = request.GET.get("import", "")
    start = int(request.GET.get("start", "0")) if request.GET.get("start", "0").isdecimal() else 0
    import_id = int(number) if number.isdecimal() else None
    found = queries.quarantine(feed, import_id, CELLS_SHOWN, start)
    total = found["total"]
    kept = {"feed": feed or "", "import": number}
    context = {
        "rows": [{**row, "why": words.refusal_text(row["reason"])} for row in found["rows"]],
        "reasons": [
            {"code": code, "text": words.refusal_text(code), "count": count}
            for code, count in found["reasons"].items()
        ],
        "sentence": ngettext(
            "%(n)d cell is in quarantine.", "%(n)d cells are in quarantine.", total
        )
        % {"n": total},
        "shown": f"{min(start + 1, total)}–{min(start + CELLS_SHOWN, total)} / {total}",
        "pages": {
            "back": _page(kept, start - CELLS_SHOWN) if start else "",
            "on": _page(kept, start + CELLS_SHOWN) if start + CELLS_SHOWN < total else "",
        },
    }
    return page.show(request, "web/quarantine.html", context, section="data")


def _page(kept: dict[str, str], start: int) -> str:
    return "?" + urlencode({**kept, "start": max(start, 0)})


@page.view("monitoring.export")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Take observations or verdicts of some days out, as an act."""
    form = request.POST.get("format", "csv")
    what = request.POST.get("what", "observations")
    kind, _sep, statistic = what.partition("-")
    cells = kind != "observations"
    wanted = exports.Wanted(
        what="cells" if cells else kind,
        first=state.read_day(request.POST.get("from")),
        last=state.read_day(request.POST.get("to")),
        assessment=what if cells else "",
        statistic=exports.HOURLY if cells else statistic or exports.HOURLY,
    )
    if wanted.first is None or wanted.last is None:
        raise BadInput(_("choose the first and the last day"))
    rows = Export(wanted).run(web_actor(request))
    name = f"fenhe-{what}-{wanted.first}-{wanted.last}"
    if form == "parquet":
        return _parquet(rows, name)
    if form == "xlsx" and rows.height > SHEET_ROWS:
        raise BadInput(_("a sheet holds no more than a million rows: choose CSV or fewer days"))
    return page.twin(rows, "xlsx" if form == "xlsx" else "csv", name)


def _parquet(rows: pl.DataFrame, name: str) -> HttpResponse:
    buffer = io.BytesIO()
    rows.write_parquet(buffer)
    response = HttpResponse(buffer.getvalue(), content_type="application/vnd.apache.parquet")
    response["Content-Disposition"] = f'attachment; filename="{name}.parquet"'
    return response
