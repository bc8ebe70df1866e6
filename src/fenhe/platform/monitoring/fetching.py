"""One address asked once: bounded in time and size, whole or not at all."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import httpx

from fenhe.base import beijing
from fenhe.base.errors import FenheError

LARGEST = 200 << 20  # bytes of one answer
WHOLE = 120.0  # seconds one answer may take in all
WAITS = httpx.Timeout(15.0, connect=10.0)
REDIRECTS = 5
_FIELD = re.compile(r"\{date:([^{}]+)\}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # of a header
_ENDINGS = {
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/plain": ".csv",
    "application/json": ".json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.apache.parquet": ".parquet",
}
_KNOWN = {".csv", ".json", ".xlsx", ".parquet", ".gz"}


class NotFetched(FenheError):
    """The address gave no whole answer of data; ``gone`` when there is no such file there."""

    def __init__(self, said: str, *, gone: bool = False) -> None:
        self.gone = gone
        super().__init__(said)


@dataclass(frozen=True)
class Answer:
    """What an address gave: ``name`` with its ending, and what to ask by the next time.

    ``changed`` is false when the server says nothing is new; then nothing was written.
    """

    changed: bool
    name: str = ""
    remembered: dict[str, str] = field(default_factory=dict)


def address(template: str, moment: datetime) -> str:
    """Fill ``{date:%Y%m%d}`` fields with a naive UTC time as Beijing shows it."""
    local = beijing.to_beijing(moment)
    return _FIELD.sub(lambda found: local.strftime(found[1]), template)


def has_dates(template: str) -> bool:
    """Say whether an address changes with time."""
    return bool(_FIELD.search(template))


def check(template: str) -> None:
    """Raise ``NotFetched`` for an address that may not be asked."""
    if "{" in _FIELD.sub("", template).replace("}", "{"):
        raise NotFetched("only fields such as {date:%Y%m%d} may stand in an address")
    bare_host = "/".join(template.split("/", 3)[:3])
    if not template.startswith(("http://", "https://")) or _FIELD.search(bare_host):
        raise NotFetched("an address begins with http:// or https:// and a fixed host")
    if "@" in bare_host:
        raise NotFetched("a password does not belong into the address: put it into the headers")
    try:
        host = httpx.URL(bare_host).host
    except httpx.InvalidURL as error:
        raise NotFetched(f"{bare_host} is no address: {error}") from None
    if not host:
        raise NotFetched("an address needs a host")


def headers_of(path: Path) -> dict[str, str]:
    """Read ``Name: value`` lines. Errors never show what the file holds."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise NotFetched(f"the headers in {path.name} can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotFetched(f"the headers in {path.name} hold letters other than ASCII") from None
    pairs = [line.partition(":") for line in lines if line.strip()]
    if not all(mark and _NAME.fullmatch(name.strip()) for name, mark, _ in pairs):
        raise NotFetched(f"{path.name} must hold lines such as 'Authorization: …'")
    if not all(value.isprintable() for _, _, value in pairs):
        raise NotFetched(f"{path.name} holds a value with characters that can not be sent")
    return {name.strip(): value.strip() for name, _, value in pairs}


def fetch(
    url: str,
    spool: BinaryIO,
    headers: Mapping[str, str],
    last: Mapping[str, str],
    stop: threading.Event,
) -> Answer:
    """Write the body of ``url`` to ``spool`` as it came.

    Raises ``NotFetched`` for an error of the server or the way there, for half a body, for a
    page where data should be, for too much or too slow, and for a redirect to another host.
    """
    sent = {**headers, "Accept-Encoding": "identity"}
    if last.get("address") == url:
        sent |= {k: last[v] for k, v in _CONDITIONS.items() if last.get(v)}
    try:
        with httpx.Client(timeout=WAITS, follow_redirects=False, trust_env=False) as client:
            return _follow(client, url, sent, spool, stop)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        what = str(error) or type(error).__name__
        raise NotFetched(f"{bare(url)} gave no whole answer: {what}") from error


_CONDITIONS = {"If-None-Match": "etag", "If-Modified-Since": "modified"}


def bare(url: str) -> str:
    """Return an address as it may be shown."""
    return url.split("?", 1)[0]  # what follows may hold a key


def _follow(
    client: httpx.Client, url: str, sent: dict[str, str], spool: BinaryIO, stop: threading.Event
) -> Answer:
    here = httpx.URL(url)
    until = time.monotonic() + WHOLE
    for _ in range(REDIRECTS):
        with client.stream("GET", here, headers=sent) as response:
            if response.has_redirect_location:
                here = _next(here, response.headers["Location"])
                continue
            return _read(response, url, spool, until, stop)
    raise NotFetched(f"{bare(url)} redirects without end")


def _next(here: httpx.URL, location: str) -> httpx.URL:
    there = here.join(location)
    same = (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port)
    safer = here.scheme == "http" and there.scheme == "https" and there.port is None
    if there.host != here.host or not (same or safer):
        raise NotFetched(f"{here.host} redirects elsewhere, to {there.host}: not followed")
    return there


def _read(
    response: httpx.Response, url: str, spool: BinaryIO, until: float, stop: threading.Event
) -> Answer:
    if response.status_code == 304:
        return Answer(changed=False)
    if response.status_code != 200:
        gone = response.status_code in {404, 410}
        raise NotFetched(f"{bare(url)} answers {response.status_code}", gone=gone)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    name = _name(url, kind)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise NotFetched(f"{bare(url)} sends a compressed body that was not asked for")
    size = 0
    for chunk in response.iter_raw():
        size += len(chunk)
        if size > LARGEST or time.monotonic() > until or stop.is_set():
            raise NotFetched(f"{bare(url)} was left after {size} bytes: too much or too slow")
        spool.write(chunk)
    promised = response.headers.get("Content-Length")
    if promised is not None and int(promised) != size:
        raise NotFetched(f"{bare(url)} promised {promised} bytes and gave {size}")
    if not size:
        raise NotFetched(f"{bare(url)} gave an empty body")
    marks = {
        "etag": response.headers.get("ETag"),
        "modified": response.headers.get("Last-Modified"),
    }
    return Answer(True, name, {"address": url, **{k: v for k, v in marks.items() if v}})


def _name(url: str, kind: str) -> str:
    if kind in {"text/html", "application/xhtml+xml"}:
        raise NotFetched(f"{bare(url)} answers with a page ({kind}), not with data")
    last = PurePosixPath(httpx.URL(url).path).name or "answer"
    if PurePosixPath(last).suffix.lower() in _KNOWN:
        return last
    if kind not in _ENDINGS:
        raise NotFetched(f"{bare(url)} does not say by ending or type what it sends ({kind})")
    return last + _ENDINGS[kind]
