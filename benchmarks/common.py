"""What the benchmarks share: a stopwatch, synthetic networks, and printing and saving ratios.

Machines differ, so every figure stands beside a yardstick taken in the same run. Results
go to ``benchmarks/results/<name>.json``.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass
class Watch:
    """Seconds of the block it watched, by the wall and by the processor (all threads)."""

    seconds: float = 0.0
    cpu: float = 0.0


@contextmanager
def watch() -> Iterator[Watch]:
    """Measure a block: ``with watch() as w: …`` then ``w.seconds``."""
    taken, began, busy = Watch(), time.perf_counter(), time.process_time()
    try:
        yield taken
    finally:
        taken.seconds = time.perf_counter() - began
        taken.cpu = time.process_time() - busy


def median_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Run ``work`` several times and return the median of the seconds it took."""
    taken = []
    for _ in range(rounds):
        with watch() as one:
            work()
        taken.append(one.seconds)
    return statistics.median(taken)


@dataclass
class Report:
    """Figures of one benchmark, printed as they come and saved at the end."""

    name: str
    figures: list[dict[str, Any]] = field(default_factory=list)

    def rate(self, what: str, rows: int, taken: float | Watch) -> float:
        """Note rows per second and return it.

        Of a ``Watch`` the processor seconds are noted too: on a machine that is busy with
        other work they are the steadier figure.
        """
        seconds = taken.seconds if isinstance(taken, Watch) else taken
        figure = {"what": what, "rows": rows, "seconds": seconds, "rows_per_second": rows / seconds}
        line = f"{what:<58} {rows / seconds:>12,.0f} rows/s   {seconds:8.3f} s"
        if isinstance(taken, Watch):
            figure["cpu_seconds"] = taken.cpu
            line += f"   {taken.cpu:8.3f} cpu s"
        self._note(figure)
        print(line)
        return rows / seconds

    def time(self, what: str, seconds: float) -> float:
        """Note a duration and return it."""
        self._note({"what": what, "seconds": seconds})
        print(f"{what:<58} {seconds * 1000:>12,.2f} ms")
        return seconds

    def ratio(self, what: str, value: float, bar: str = "", met: bool | None = None) -> None:
        """Note a ratio, the bar it is held against, and whether it is met."""
        self._note({"what": what, "ratio": value, "bar": bar, "met": met})
        verdict = "" if met is None else ("met" if met else "NOT met")
        print(f"{what:<58} {value:>12,.2f} x        {bar} {verdict}".rstrip())

    def _note(self, figure: dict[str, Any]) -> None:
        self.figures.append(figure)

    def save(self) -> Path:
        """Write the figures with what they were taken on, and return the file."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        content = {
            "benchmark": self.name,
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
            "python": sys.version.split()[0],
            # how many processes wanted a core in the last minute: above the cores, others took part
            "load_average": round(os.getloadavg()[0], 1),
            "figures": self.figures,
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return path
