"""HJ 212 frames to typed values on one core, beside a plain-Python decoder on the same frames.

Made-up frames of 320 bytes in the mean, each with ten values or more, every one different:
real-time records of a gas outlet, minute records, and hour records with two converted means.
Every decoder checks length and check sum, splits header and items, and gives value and
decimals of each number. The plain decoder stops there: it names no defects and accepts any
header. ``decode`` and ``decode_many`` give the edition, the verdict and every problem as well.
Of a second lot one frame in ten has a defect, which sends it down the slow road; those of a
third are encrypted.
Run: ``python benchmarks/hj212_decode.py [--frames 60000]``.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

# one core: must be said before Polars is imported
os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np
from common import Report, watch

from fenhe.protocols.hj212 import Message, batch, crc_many, decode, encode, of_frame

BAR = 60_000
BATCH = 10_000
GAS = (
    "a21026", "a21002", "a34013", "a19001", "a01011", "a01012", "a01013", "a01014", "a00000",
    "a21005",
)  # fmt: skip
TIME = ("DataTime", "20260301101500")
QN = "20260301101500123"
KEY = bytes(range(16))


def made(count: int) -> list[bytes]:
    """Return frames, three real-time records to each minute and hour record."""
    rng = np.random.default_rng(212)
    values = rng.random((count, 12)) ** 2 * 200
    places = rng.integers(0, 4, (count, 12))
    return [
        encode(_record(n, [f"{v:.{p}f}" for v, p in zip(values[n], places[n], strict=True)]))
        for n in range(count)
    ]


def _record(n: int, texts: list[str]) -> Message:
    if n % 5 < 3:
        cn = "2011"
        factors = [(code, "Rtd", texts[k]) for k, code in enumerate(GAS)]
        factors[1:1] = [(GAS[0], "Flag", "N")]
        factors[3:3] = [(GAS[1], "Flag", "N")]
    else:
        cn = "2051" if n % 5 == 3 else "2061"
        suffixes = ("Min", "Avg", "Max") if cn == "2051" else ("Cou", "Avg", "ZsAvg")
        factors = [
            (code, suffix, texts[3 * k + m])
            for k, code in enumerate(GAS[:4])
            for m, suffix in enumerate(suffixes)
        ]
    mn = f"{n % 2000:014d}"
    return Message(
        cn=cn, st="31", mn=mn, pw="123456", qn=QN, answer=True, top=(TIME,), factors=tuple(factors)
    )  # fmt: skip


def with_defects(frames: list[bytes]) -> list[bytes]:
    """Return the frames with a damaged check sum or a missing tail in every tenth."""
    changed = list(frames)
    for n in range(0, len(frames), 10):
        frame = frames[n]
        changed[n] = frame[:-2] if n % 20 else frame[:-3] + b"G\r\n"
    return changed


def _table() -> list[int]:
    table = []
    for value in range(256):
        entry = value
        for _ in range(8):
            entry = (entry >> 1) ^ (0xA001 if entry & 1 else 0)
        table.append(entry)
    return table


TABLE = _table()
NUMBER = re.compile(r"-?\d+(?:\.(\d+))?$")


def plain(frame: bytes) -> tuple[dict[str, str], list[tuple[str, str, str, Any, Any]]] | None:
    """Return header and typed factors of a frame as a plain decoder does, None when damaged."""
    length = int(frame[2:6])
    segment = frame[6 : 6 + length]
    state = 0xFFFF
    for byte in segment:
        state = TABLE[(state >> 8) ^ byte]
    try:
        right = state == int(frame[6 + length : 10 + length], 16)
    except ValueError:
        right = False
    if not right:
        return None
    head, _, area = segment.decode().partition("CP=&&")
    header = dict(item.split("=", 1) for item in head.split(";") if item)
    factors = []
    for group in area[:-2].split(";"):
        for item in group.split(","):
            name, _, text = item.partition("=")
            code, dash, suffix = name.rpartition("-")
            if dash:
                match = NUMBER.match(text)
                value = float(text) if match else None
                factors.append((code, suffix, text, value, len(match[1] or "") if match else None))
    return header, factors


def batches(frames: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(frames), BATCH):
        yield frames[start : start + BATCH]


def agree(frames: list[bytes]) -> None:
    """Assert that the decoders say the same of every frame both accept."""
    found = batch.decode_many(frames)
    rows = found.factors.partition_by("frame", as_dict=True, include_key=False)
    for n, frame in enumerate(frames):
        theirs = plain(frame)
        assert (theirs is not None) == found.headers["ok"][n]
        if theirs is not None:
            assert rows[n,].rows() == theirs[1]


def measured(
    report: Report, what: str, lot: list[Any], work: Callable[[Any], object], count: int = 0
) -> float:
    """Run the work over a lot, note both clocks, and return frames per processor second.

    On a machine that does other work beside, only the processor's clock is a measure.
    """
    with watch() as taken:
        for one in lot:
            work(one)
    report.rate(what, count or len(lot), taken)
    return (count or len(lot)) / taken.cpu


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60_000)
    frames = made(parser.parse_args().frames)
    count, damaged = len(frames), with_defects(frames)
    agree(frames[:2000])
    agree(damaged[:2000])
    found = batch.decode_many(frames[:BATCH]).factors.drop_nulls("value")
    fewest = found.group_by("frame").len()["len"].min()
    mean = sum(map(len, frames)) / count
    print(f"{count} frames of {mean:.0f} bytes in the mean, {fewest} values or more, one core")
    report = Report("hj212_decode")
    few = frames[: count // 4]
    yardstick = measured(report, "plain Python", few, plain)
    measured(report, "decode, one by one", few, decode)
    fastest = 0.0
    for what, lot in (("decode_many", frames), ("decode_many, one in ten defect", damaged)):
        rate = measured(report, what, list(batches(lot)), batch.decode_many, count)
        report.ratio(f"{what} to plain Python, by processor time", rate / yardstick)
        fastest = max(fastest, rate)
    sealed = [encode(replace(of_frame(decode(frame)), flag=9), KEY) for frame in few]
    work = partial(batch.decode_many, keys=(KEY,))
    measured(report, "decode_many, all encrypted", list(batches(sealed)), work, len(sealed))
    segments = [[frame[6:-6] for frame in some] for some in batches(frames)]
    measured(report, "check sums alone", segments, crc_many, count)
    met = fastest >= BAR
    report.ratio("decode_many to the bar, by processor time", fastest / BAR, f"bar {BAR:,}/s", met)
    print(f"saved {report.save()}")


if __name__ == "__main__":
    main()
