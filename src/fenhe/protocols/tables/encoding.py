"""Which text encoding a file is in, told strictly or refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from fenhe.base.errors import BadInput, Place

UTF8, UTF8_BOM, GB18030, ASCII = "utf-8", "utf-8-sig", "gb18030", "ascii"
# two-byte letters outside Latin-1 and Greek: in the files met here these are GB18030 Hanzi
_DOUBTFUL = re.compile("[\u0100-\u036f\u0400-\u07ff]")


def detect(blocks: Iterator[bytes], file: str) -> str:
    """Return the encoding told by the first block that is not plain ASCII.

    UTF-8 (with or without mark) is taken when the bytes are valid UTF-8, GB18030 when
    they are not but are valid GB18030. Bytes that are good Chinese in GB18030 and rare
    letters in UTF-8 are refused rather than guessed, as is UTF-16.
    """
    offset = 0
    for block in blocks:
        if offset == 0:
            if block.startswith(codecs.BOM_UTF8):
                return UTF8_BOM
            if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadInput("the text is UTF-16; save it as UTF-8", place=Place(file))
        if not block.isascii():
            return _tell(block, offset, file)
        offset += len(block)
    return ASCII


def _tell(block: bytes, offset: int, file: str) -> str:
    """Decide on one block; ``offset`` is where it starts in the file."""
    utf8, utf8_error = _try(block, UTF8)
    gb18030, gb_error = _try(block, GB18030)
    if utf8 is None and gb18030 is None:
        assert gb_error is not None  # noqa: S101
        raise _not_text(utf8_error, gb_error, offset, file)
    if utf8 is None:
        return GB18030
    if gb18030 is not None and _DOUBTFUL.search(utf8) and not _has_long(utf8):
        raise BadInput(
            "the text reads both as UTF-8 and as GB18030; save it as UTF-8 with a byte-order mark",
            place=Place(file),
        )
    return UTF8


def _has_long(text: str) -> bool:
    """Tell whether a character of three or more UTF-8 bytes occurs: no accident of GB18030."""
    return any(char > "\u07ff" for char in text)


def _try(block: bytes, encoding: str) -> tuple[str | None, UnicodeDecodeError | None]:
    """Decode a block that may end inside a character."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(block), None
    except UnicodeDecodeError as error:
        return None, error


def _not_text(
    utf8_error: UnicodeDecodeError | None, gb_error: UnicodeDecodeError, offset: int, file: str
) -> BadInput:
    first = utf8_error.start if utf8_error else gb_error.start
    return BadInput(
        f"the text is neither UTF-8 (byte {offset + first + 1}) "
        f"nor GB18030 (byte {offset + gb_error.start + 1})",
        place=Place(file),
    )


def to_utf8(blocks: Iterator[bytes], encoding: str, file: str) -> Iterator[bytes]:
    """Yield the blocks as valid UTF-8 without mark; wrong bytes are named by position."""
    decoder = codecs.getincrementaldecoder(UTF8 if encoding == ASCII else encoding)()
    offset, kept = 0, 0
    for block in _and_end(blocks):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            where = offset - kept + error.start + 1
            raise BadInput(
                f"byte {where} is not {encoding.upper().removesuffix('-SIG')} text, "
                "the encoding of what comes before it",
                place=Place(file),
            ) from None
        if "\x00" in text:
            raise BadInput("it holds zero bytes: this is no text file", place=Place(file))
        offset += len(block)
        kept = len(decoder.getstate()[0])
        yield text.encode()


def _and_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass the blocks on, then an empty one so that a character cut off at the end is seen."""
    yield from (block for block in blocks if block)
    yield b""
