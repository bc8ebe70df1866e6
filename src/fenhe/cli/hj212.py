"""``fenhe hj212``: frames of HJ 212 to JSON lines and back."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import click

from fenhe.base.errors import BadInput, Place
from fenhe.protocols.hj212 import BadMessage, Frame, cipher, encode, jsonl, split
from fenhe.protocols.hj212.reading import Reader, overall

_CHUNK = 1 << 16
_source = click.argument("source", metavar="FILE|-", type=click.Path(path_type=Path))
_key = click.option(
    "--key", "key_texts", multiple=True, metavar="HEX", help="SM4 key, 32 digits; may be repeated."
)


@click.group("hj212")
def command() -> None:
    """Decode and encode frames of HJ 212 (2005, 2017, 2025)."""


@command.command("decode")
@_source
@_key
@click.option("--strict", is_flag=True, help="Refuse what deviates; exit 1 when anything is.")
@click.option("--merge", is_flag=True, help="Join sub-packets to the record they make.")
@click.option("--show-secrets", is_flag=True, help="Show passwords and keys.")
def decode_(
    *, source: Path, key_texts: tuple[str, ...], strict: bool, merge: bool, show_secrets: bool
) -> None:
    """Print one JSON object for each frame in FILE, damaged ones too.

    Known defects of real devices are accepted and named under 'problems'.
    """
    reader = Reader(keys=[cipher.read_key(text) for text in key_texts], strict=strict, merge=merge)
    counts: Counter[str] = Counter()
    refused = False
    for frames in _read(reader, source):
        for frame in frames:
            counts[frame.verdict] += 1
            refused |= not frame.ok
            _print(jsonl.to_json(frame, show_secrets))
        sys.stdout.buffer.flush()
    told = "".join(f", {n} {verdict}" for verdict, n in counts.items())
    click.echo(f"{counts.total()} frames{told}; as a whole {overall(counts)}", err=True)
    if strict and refused:
        sys.exit(1)


@command.command("encode")
@_source
@_key
@click.option("--split", "splits", is_flag=True, help="Split what is too long into sub-packets.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write.")
def encode_(*, source: Path, key_texts: tuple[str, ...], splits: bool, output: Path | None) -> None:
    """Write the frames of JSON lines, as 'decode' prints them or the fields alone.

    {"cn": "2011", "st": "31", "qn": …, "pw": …, "mn": …, "edition": 2017, "answer": true,
    "cp": {"top": [["DataTime", "20260301101500"]], "factors": [["a21026", "Rtd", "21.4"]]}}
    """
    if len(key_texts) > 1:
        raise BadInput("give one --key to encode")
    key = cipher.read_key(key_texts[0]) if key_texts else None
    written = b"".join(_encoded(source, key, splits))
    if output is not None:
        output.write_bytes(written)
    else:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()


def _read(reader: Reader, source: Path) -> Iterator[list[Frame]]:
    with _opened(source) as stream:
        # one read at a time: what a pipe gives is answered before its end
        while chunk := stream.read1(_CHUNK):
            yield reader.feed(chunk)
    yield reader.finish()


def _opened(source: Path) -> BufferedReader:
    if str(source) == "-":
        return cast(BufferedReader, sys.stdin.buffer)
    try:
        return source.open("rb")
    except OSError as error:
        raise BadInput(f"can not be read: {error.strerror}", place=Place(str(source))) from None


def _print(content: dict[str, Any]) -> None:
    line = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
    sys.stdout.buffer.write(line + b"\n")


def _encoded(source: Path, key: bytes | None, splits: bool) -> Iterator[bytes]:
    with _opened(source) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            place = Place(str(source), number)
            try:
                given = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise BadInput(f"not JSON: {error}", place=place) from None
            if not isinstance(given, dict):
                raise BadInput("not a JSON object", place=place)
            try:
                message = jsonl.from_json(given)
                for part in split(message) if splits else (message,):
                    yield encode(part, key)
            except BadMessage as error:
                raise BadInput(error.message, place=place) from None
