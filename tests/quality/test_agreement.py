"""Flag by flag as ioos-qc 3.0.0 and saqc 2.9.1: their answers were recorded.

``benchmarks/qc_agreement.py --record`` made the file; it holds the series (Logan River 2019,
pyhydroqc, BSD-3, and a made-up one) and what each referee flagged.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.quality import referees

TOLD = pl.read_parquet(Path(__file__).parents[1] / "data" / "quality" / "referees.parquet")


@pytest.mark.parametrize("case", referees.CASES, ids=lambda case: case.name)
def test_every_flag_is_that_of_the_referee(case: referees.Case) -> None:
    unlike = TOLD.filter(referees.ours(TOLD, case) != TOLD[case.name])
    # saqc never flags the first value of a series, be it the first of a stuck stretch
    first = TOLD.group_by("series").agg(pl.col("start").min())
    known = first if case.name.startswith("saqc constants") else first.clear()
    assert unlike.join(known, on=["series", "start"], how="anti").is_empty()
    assert TOLD[case.name].sum() > 400
    assert (~TOLD[case.name]).sum() > 400
