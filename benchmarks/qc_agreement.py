"""Flags beside those of ioos-qc and saqc, value by value, on the same series.

The referees run in an environment of their own (dependency group ``referee``; saqc is under the
GPL and never part of Fenhe). ``--record FILE`` writes the series with every referee's flags:
that file is what ``tests/quality/test_agreement.py`` compares with. Without it the agreement is
printed and saved. Series: the first weeks of the Logan River set (pyhydroqc, BSD-3), raw, and a
made-up one with steps, stuck spans and spikes. Without a file the recorded answers are compared.
Run: ``python benchmarks/qc_agreement.py [lro_mainstreet2019.parquet] [--record FILE]``.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from common import Report

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from quality import referees

RECORDED = Path(__file__).parents[1] / "tests/data/quality/referees.parquet"
POINTS = 2_500
STEP = timedelta(minutes=15)
ITEMS = ("temp", "cond", "ph", "do", "turb", "stage")


def made_up() -> pl.DataFrame:
    """Return a series with everything the checks look for."""
    rng = np.random.default_rng(7)
    values = np.round(20 + np.cumsum(rng.normal(0, 0.2, POINTS)), 1)
    for begin, size in ((200, 7), (400, 8), (600, 9), (800, 60), (1200, 30)):
        values[begin : begin + size] = values[begin]
    values[1400:1450] = np.round(values[1400] + rng.normal(0, 0.02, 50), 2)
    values[rng.integers(0, POINTS, 25)] += rng.choice([-15, 6, 40], 25)
    values[1700:] += 12
    start = [datetime(2026, 1, 1) + n * STEP for n in range(POINTS)]
    return pl.DataFrame({"series": "made_up", "start": start, "value": values})


def series(path: Path) -> pl.DataFrame:
    """Return the series all sides look at: series, start, value."""
    raw = pl.read_parquet(path).head(POINTS).rename({"datetime": "start"})
    long = raw.unpivot(list(ITEMS), index="start", variable_name="series").drop_nulls("value")
    return pl.concat([long.select("series", "start", "value"), made_up()])


def main() -> None:
    """Ask the referees, then record their answers or compare with ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.file is None:
        told = pl.read_parquet(RECORDED)
    else:
        parts = series(given.file).partition_by("series", maintain_order=True)
        told = pl.concat([_asked(part) for part in parts])
    if given.record:
        told.write_parquet(given.record, compression="zstd")
        print(f"recorded {told.height} values in {given.record}")
        return
    report = Report("qc_agreement")
    for case in referees.CASES:
        ours = referees.ours(told, case)
        theirs = told[case.name]
        same = int((ours == theirs).sum())
        both = int((ours & theirs).sum())
        for row in told.filter(ours != theirs).head(3).select("series", "start", "value").rows():
            print("   unlike:", *row)
        print(f"{case.name:<32} {same} of {told.height} alike; {both} flagged by both")
        report.figures.append(
            {
                "what": case.name,
                "values": told.height,
                "alike": same,
                "both": both,
                "only_ours": int((ours & ~theirs).sum()),
                "only_theirs": int((~ours & theirs).sum()),
            }
        )
    print(f"saved {report.save()}")


def _asked(part: pl.DataFrame) -> pl.DataFrame:
    values, times = part["value"].to_numpy(), part["start"].to_numpy()
    answers = {
        case.name: pl.Series(ANSWERS[case.name](values, times, case)) for case in referees.CASES
    }
    return part.with_columns(**answers)


def _ioos(values: np.ndarray, times: np.ndarray, case: referees.Case) -> np.ndarray:
    from ioos_qc import qartod

    n = case.numbers
    flags = {
        "ioos range": lambda: qartod.gross_range_test(values, (n["low"], n["high"])),
        "ioos rate": lambda: qartod.rate_of_change_test(values, times, n["per_hour"] / 3600),
        "ioos spike, differential": lambda: qartod.spike_test(
            values, n.get("above"), 1e12, method="differential"
        ),
        "ioos spike, average": lambda: qartod.spike_test(values, n.get("mean"), 1e12),
        # its minutes are the steps between the first and the last value of the window
        "ioos flat line": lambda: qartod.flat_line_test(
            values, times, int(n["minutes"] * 60) - 900, 10**9, 1e-9
        ),
        "ioos attenuated signal": lambda: qartod.attenuated_signal_test(
            values,
            times,
            n["below"],
            0.0,
            test_period=int(n["minutes"] * 60),
            min_obs=int(n["minutes"] / 15),
        ),
    }[case.name]()
    return referees.widened(np.asarray((flags == 3) | (flags == 4)), case.window)


def _saqc(values: np.ndarray, times: np.ndarray, case: referees.Case) -> np.ndarray:
    import pandas as pd
    from saqc import SaQC

    n = case.numbers
    data = SaQC(pd.DataFrame({"x": values}, index=pd.DatetimeIndex(times)))
    window = f"{int(n.get('minutes', 0))}min"
    done = {
        "saqc range": lambda: data.flagRange("x", min=n["low"], max=n["high"]),
        "saqc constants": lambda: data.flagConstants("x", window=window, thresh=n["tolerance"]),
        "saqc constants, with tolerance": lambda: data.flagConstants(
            "x", window=window, thresh=n["tolerance"]
        ),
    }[case.name]()
    return np.asarray(done.flags["x"] > 0)


ANSWERS = {case.name: _ioos if case.name.startswith("ioos") else _saqc for case in referees.CASES}

if __name__ == "__main__":
    main()
