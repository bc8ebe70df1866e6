"""A frozen bulletin as the files people take away."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Literal

from fenhe.base.errors import BadInput
from fenhe.platform.documents import bulletin, pdf, word
from fenhe.platform.verdicts import frozen
from fenhe.platform.verdicts.models import FrozenRun

#: ending -> content type
KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "json": "application/json; charset=utf-8",
}


def paper(run: FrozenRun, ending: str, english: bool) -> bytes:
    """Return a frozen bulletin as ``pdf``, ``docx`` or ``json`` (the kept result itself).

    The same run and language give the same bytes. Raises ``BadInput`` for another ending and
    ``MissingFonts`` where the fonts were not set up.
    """
    if ending == "json":
        return run.result.encode()
    if ending not in KINDS:
        raise BadInput(f"a bulletin is written as {', '.join(KINDS)}, not as '{ending}'")
    language: Literal["zh-CN", "en"] = "en" if english else "zh-CN"
    document = bulletin.monthly(frozen.report_of(run), language)
    return pdf.render(document) if ending == "pdf" else word.render(document)


KEPT = 24  # papers kept in memory: a month of one province in every form, some times over
_one_at_a_time = threading.Lock()


def kept(run: FrozenRun, ending: str, english: bool) -> bytes:
    """Return ``paper``, rendered once: many who ask at once cost what one does."""
    if ending == "json":
        return paper(run, ending, english)
    with _one_at_a_time:
        return _kept(run.pk, run.result_sha256, ending, english)


@lru_cache(maxsize=KEPT)
def _kept(pk: int, _sha256: str, ending: str, english: bool) -> bytes:
    return paper(FrozenRun.objects.get(pk=pk), ending, english)
