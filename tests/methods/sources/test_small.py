"""What worked cases do not show: days, chains of marks, kinds of frames, refusals, doubts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from fenhe import sources, standards
from fenhe.base.errors import BadInput
from fenhe.cli.main import cli
from fenhe.methods import exact, moments, registry, usage
from fenhe.methods.sources import limits
from fenhe.standards import catalogue


def one(**columns: int | None) -> nw.LazyFrame[Any]:
    schema = dict.fromkeys(columns, pl.Int64)
    return nw.from_native(pl.LazyFrame({k: [v] for k, v in columns.items()}, schema=schema))


def answer(frame: nw.LazyFrame[Any]) -> int | None:
    found: int | None = frame.to_native().collect()["x"][0]
    return found


LARGE = st.integers(0, 2**53 - 1)


@given(st.integers(-(2**53) + 1, 2**53 - 1), st.integers(0, 10**8), st.integers(1, 10**7))
def test_a_scaled_number_is_the_fraction_rounded_half_even(a: int, b: int, c: int) -> None:
    frame = exact.with_scaled(one(a=a, b=b, c=c), {"x": (nw.col("a"), nw.col("b"), nw.col("c"))})
    wanted = round(Fraction(a * b, c))
    got = answer(frame)
    if abs(wanted) < 2**53 - b:
        assert got == wanted
    elif abs(wanted) >= 2**53:
        assert got is None


@given(LARGE, LARGE)
def test_a_product_is_the_fraction_rounded_half_even(a: int, b: int) -> None:
    frame = exact.with_products(one(a=a, b=b), {"x": (nw.col("a"), nw.col("b"))})
    wanted = round(Fraction(a * b, 10**12))
    got = answer(frame)
    if wanted < 2**52:
        assert got == wanted
    elif wanted >= 2**53:
        assert got is None


def test_ties_go_to_the_even_number_and_nothing_stays_nothing() -> None:
    made = {"x": (nw.col("a"), nw.lit(5), nw.lit(10))}
    assert [answer(exact.with_scaled(one(a=a), made)) for a in (1, 3, -1, -3, None)] == [
        0, 2, 0, -2, None,
    ]  # fmt: skip
    half = {"x": (nw.col("a"), nw.lit(10**6))}
    ones = [500_000, 1_500_000, 2_500_000, None]
    assert [answer(exact.with_products(one(a=a), half)) for a in ones] == [0, 2, 2, None]


def hours_of(n: int, **more: Any) -> pl.DataFrame:
    starts = [f"2026-03-01 {h:02}:00" for h in range(n)]
    return pl.DataFrame({"outlet": "a", "item": "a21026", "start": starts, "value": 30.0} | more)


@pytest.mark.parametrize(("n", "value"), [(19, None), (20, 30.0), (24, 30.0)])
def test_a_day_needs_twenty_valid_hours(n: int, value: float | None) -> None:
    result = sources.hourly(hours_of(n), period="day", step=3600)
    assert result["value"].to_list() == [value]
    assert result["n_due"].to_list() == [24]
    assert result["reason"].to_list() == ["below_minimum" if value is None else None]


@pytest.mark.parametrize(("n", "valid"), [(44, "no"), (45, "yes")])
def test_an_hour_needs_forty_five_valid_minutes(n: int, valid: str) -> None:
    starts = [f"2026-03-01 07:{m:02}" for m in range(60)]
    flags = ["N" if m < n else "M" for m in range(60)]
    frame = pl.DataFrame(
        {"outlet": "a", "item": "a21026", "start": starts, "value": 1.5, "flag": flags}
    )
    assert sources.hourly(frame)["valid"].to_list() == [valid]


def test_adjacent_marks_of_different_kinds_are_one_chain_across_hours() -> None:
    starts = [f"2026-03-01 {h:02}:{m:02}" for h in (7, 8, 9) for m in range(60)]
    void = {*range(115, 124)} | {*range(124, 126)} | {*range(126, 170)}
    frame = pl.DataFrame(
        {
            "outlet": "a",
            "item": "a21026",
            "start": starts,
            "value": 1.0,
            "flag": ["C" if 115 <= n < 124 else "D" if 124 <= n < 126 else "N" for n in range(180)],
            "mark": ["校准" if 126 <= n < 170 else None for n in range(180)],
        }
    )
    result = sources.hourly(frame)
    assert len(void) == 55
    assert result["chain_minutes"].to_list() == [0, 55, 55]
    assert result["n_valid"].to_list() == [60, 55, 10]
    assert result["valid"].to_list() == ["yes", "yes", "no"]


def test_flow_of_the_duct_is_brought_to_the_standard_state() -> None:
    values = {"a21026": 50.0, "a00000": 60.0, "a01012": 136.5, "a01013": -1.325, "a01014": 10.0}
    rows = [
        {"outlet": "a", "item": item, "start": f"2026-03-01 07:{m:02}", "value": value}
        for item, value in values.items()
        for m in (0, 15, 30)
    ]
    frame = pl.DataFrame(rows)
    result = sources.hourly(frame, step=900, flow_state="actual", ambient_pressure="102.65").filter(
        pl.col("item") == "a21026"
    )
    assert result["flow"].to_list() == [129_600.0]
    assert result["mass"].to_list() == [6.48]
    without = sources.hourly(frame, step=900, flow_state="actual")
    assert without["mass"].null_count() == without.height


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "polars-lazy"])
def test_the_kind_of_frame_comes_back(kind: str) -> None:
    table = pl.DataFrame({"value": [100.0], "o2": [12.0], "o2_ref": [6.0]})
    made: Any = {"pandas": table.to_pandas, "pyarrow": table.to_arrow}.get(kind, table.lazy)()
    result = sources.convert(made, state="standard", basis="dry")
    assert type(result) is type(made)
    found = result.collect() if kind == "polars-lazy" else pl.DataFrame(result)
    assert found["converted"].to_list() == [166.666666667]


def test_starts_are_read_in_every_form() -> None:
    text = pl.Series(["2026-03-01", "2026-03-01 07:05", "2026-03-01T07:05:09", "20260301070509"])
    seconds = moments.of_start_labels(text)
    day = 20_513 * 86_400
    assert seconds.to_list() == [day, day + 25_500, day + 25_509, day + 25_509]
    bad = pl.Series(["2026-02-30", "2026-03-01 24:00", "7:00", "", None, "202603010705"])
    assert moments.of_start_labels(bad).null_count() == 6
    for column in ([1, 2], ["x", "y"]):
        frame = pl.DataFrame({"outlet": "a", "item": "a21026", "start": column, "value": 1.0})
        with pytest.raises(BadInput, match="column 'start'"):
            sources.hourly(frame)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: sources.hourly(f, step=7), "7 seconds do not divide"),
        (lambda f: sources.hourly(f, period="week"), "period: 'week' is none of"),
        (lambda f: sources.hourly(f, ambient_pressure="1013"), "is no pressure in kPa"),
        (lambda f: sources.exceedance(f, limit_set="GB1-2000/x"), "unknown edition"),
        (lambda f: sources.transmission_rate(f, step=7), "do not divide an hour"),
        (lambda f: sources.convert(f, state="hot"), "state: 'hot' is none of"),
        (lambda f: sources.mass(f, period="hour"), "period: 'hour' is none of"),
    ],
)
def test_what_is_wrong_is_said(call: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        call(hours_of(2))


@pytest.mark.parametrize(
    ("valid", "window", "made"), [(90, "180", 5.0), (75, "2160", 5.0), (74, None, None)]
)
def test_the_share_of_valid_hours_chooses_the_window(
    valid: int, window: str | None, made: float | None
) -> None:
    # 100 hours of one quarter, of which so many are valid; gaps of one hour between them
    marks = ["no" if n % 100 >= valid else "" for n in range(100)]
    starts = [f"2026-03-{1 + n // 24:02} {n % 24:02}:00" for n in range(100)]
    frame = pl.DataFrame(
        {"outlet": "a", "item": "a21026", "start": starts, "value": 5.0, "valid": marks}
    )
    last = sources.substitute(frame).tail(1)
    assert last["window"].cast(pl.String).to_list() == [window]
    assert last["substituted"].to_list() == [made]
    assert last["capture"].to_list() == [float(valid)]


def test_a_hole_too_long_is_refused() -> None:
    frame = hours_of(2).with_columns(start=pl.Series(["2020-01-01 00:00", "2026-01-01 00:00"]))
    with pytest.raises(BadInput, match="at most 9999 are filled"):
        sources.substitute(frame)


def test_no_unknown_or_unverified_value_decides_alone() -> None:
    """Whatever set a value is held against: over by a doubtful limit is provisional."""
    rows = []
    for one_set in limits.every_set():
        name = f"{one_set.edition.id}/{one_set.name}"
        for piece in limits.pieces(name, "1h"):
            if piece.factor == "*" or piece.when:
                continue
            day = f"{piece.last if piece.last < 99_991_231 else 20260601}"
            start = f"{day[:4]}-{day[4:6]}-{day[6:]} 00:00"
            rows.append(
                {"outlet": name, "item": piece.factor, "start": start, "value": 1e6,
                 "limit_set": name, "doubts": ";".join(piece.doubts), "unknown": piece.unknown}
            )  # fmt: skip
    frame = pl.DataFrame(rows).unique(["outlet", "item", "start"], keep="first")
    result = sources.exceedance(frame)
    assert result.height > 100
    for row in result.iter_rows(named=True):
        if row["verdict"] == "over":
            assert row["provisional"] == ("yes" if row["doubts"] else "no"), row
            assert set(row["doubts"].split(";")) - {""} == set(
                (row["unverified"] or "").split(";")
            ) - {""}
        else:
            assert row["status"] == "not_judged"
            assert row["reason"].startswith("unknown_value:"), row


def test_every_value_an_edition_of_hj75_uses_is_read_by_some_method() -> None:
    read = {i for m in registry.methods() if m.id.startswith("sources.")
            for i in usage.usage(m, catalogue().edition(m.default_edition or "")).ids}  # fmt: skip
    for name in ("standard_temperature", "molar_volume", "oxygen_of_air", "minutes_of_hour"):
        assert f"HJ75-2017/{name}" in read
    assert "HJ75-2017/reported_tolerance" in read
    assert "JUDGING-2023/compare" in read


def test_the_share_of_a_month_at_its_edge() -> None:
    starts = [f"2026-03-{1 + n // 24:02} {n % 24:02}:00" for n in range(40)]
    verdicts = ["over"] * 2 + ["within"] * 38
    frame = pl.DataFrame({"outlet": "a", "item": "a21026", "start": starts, "verdict": verdicts})
    name = "ULTRASTEEL-2019/sinter_head.general"
    (row,) = sources.share(frame, limit_set=name).iter_rows(named=True)
    assert (row["share"], row["needed"], row["meets"]) == (95.0, 95.0, "yes")
    assert (row["provisional"], row["unverified"]) == ("yes", "ULTRASTEEL-2019/in_force")
    worse = frame.with_columns(verdict=pl.Series(["over"] * 3 + ["within"] * 37))
    assert sources.share(worse, limit_set=name)["meets"].to_list() == ["no"]
    assert Decimal(str(sources.share(worse, limit_set=name)["share"][0])) == Decimal("92.5")


def test_the_hours_a_year_grants_an_incinerator_are_counted_together() -> None:
    conditions = ["start_up"] * 30 + [None] * 5 + ["fault"] * 30 + ["shut_down"] * 5
    starts = [f"2025-03-{1 + n // 24:02} {n % 24:02}:00" for n in range(len(conditions))]
    rows = [
        {"outlet": "a", "item": item, "start": start, "value": value, "condition": condition}
        for start, condition in zip(starts, conditions, strict=True)
        for item, value in (("a34013", 20.0), ("a21002", 400.0))
    ]
    result = sources.exceedance(
        pl.DataFrame(rows),
        limit_set="GB18485-2014/waste_incinerator.general",
        sector="waste_incinerator",
    ).filter(pl.col("item") == "a21002")
    exempt, over = ["exempt"] * 30, ["over"] * 5
    assert result["verdict"].to_list() == [*exempt, *over, *exempt, *over]
    assert set(result.filter(pl.col("verdict") == "exempt")["provisional"]) == {"yes"}


def test_marks_void_data_as_spans_too() -> None:
    starts = [f"2026-03-01 {h:02}:{m:02}" for h in (7, 8) for m in range(60)]
    frame = pl.DataFrame(
        {"outlet": ["a"] * 120, "item": ["a21026"] * 120, "start": starts, "value": [1.0] * 120}
    )
    listed = """outlet,from,to,code,item
a,2026-03-01 07:55,2026-03-01 08:04,calibration,
a,2026-03-01 08:04,2026-03-01 08:06,device_fault,A21026
a,2026-03-01 08:06,2026-03-01 08:20,calibration,a19001
b,2026-03-01 08:06,2026-03-01 08:20,calibration
"""
    result = sources.hourly(frame, marks=listed)
    assert result["n_void"].to_list() == [5, 6]
    assert result["chain_minutes"].to_list() == [11, 11]
    with pytest.raises(BadInput, match="line 1: 2026-03-01 07:00 lies not after"):
        sources.hourly(frame, marks="a,2026-03-01 08:00,2026-03-01 07:00")
    with pytest.raises(BadInput, match="line 2: write times as"):
        sources.hourly(frame, marks="outlet,from,to\na,7:00,8:00")
    with pytest.raises(BadInput, match="write outlet,from,to,code,item"):
        sources.hourly(frame, marks="a,2026-03-01 08:00")
    many = "\n".join(["a,2026-03-01,2026-03-02"] * 501)
    with pytest.raises(BadInput, match="501 of them"):
        sources.hourly(frame, marks=many)


OVERLAY = """
[overlay]
id = "city"
authority = "示例市生态环境局"
document = "示环发〔2026〕1号"
person = "示例负责人"
date = 2026-05-01

[[adopt]]
id = "DB141929-2019/emission_limits/gas_boiler.general.a21002.1h"

[[adopt]]
id = "DB141929-2019/sets/gas_boiler.general"

[[supply]]
id = "JUDGING-2023/fault_window"
value = 2
unit = "h"
"""


def test_what_an_authority_adopts_is_firm_there(tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(OVERLAY, encoding="utf-8")
    rows = [
        {"outlet": "a", "item": "a21002", "start": f"2026-05-01 {h:02}:00", "value": 51.0,
         "condition": "fault" if h else None}
        for h in range(4)
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"condition": pl.String})
    name = "DB141929-2019/gas_boiler.general"
    alone = sources.exceedance(frame, limit_set=name)
    assert alone["provisional"].to_list() == ["yes"] * 4
    assert alone["verdict"].to_list() == ["over"] * 4
    with standards.overlaid(tmp_path):
        local = sources.exceedance(frame, limit_set=name)
    assert local["verdict"].to_list() == ["over", "exempt", "exempt", "over"]
    assert set(local["provisional"].to_list()) == {"no"}
    assert local["unverified"].null_count() == 4
    assert sources.exceedance(frame, limit_set=name).equals(alone)

    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    frame.write_csv(source)
    words = ["judge", "sources.exceedance", str(source), "-o", str(target)]
    words += ["--param", f"limit_set={name}", "--overlays", str(tmp_path / "city.toml")]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).exit_code == 0
    assert pl.read_csv(target)["verdict"].to_list() == ["over", "exempt", "exempt", "over"]
    assert standards.catalogue().overlays == ()


def test_the_python_interface_has_every_method() -> None:
    known = {m.id.partition(".")[2] for m in registry.methods() if m.id.startswith("sources.")}
    assert {name for name in known if callable(getattr(sources, name, None))} == known
    for name in known:
        assert (getattr(sources, name).__doc__ or "").startswith("Return ")


def test_timestamps_dates_and_unix_seconds_are_the_same_starts() -> None:
    text = hours_of(3)
    moment = text.with_columns(pl.col("start").str.to_datetime("%Y-%m-%d %H:%M"))
    unix = text.drop("start").with_columns(start_unix=moment["start"].dt.epoch("s") - 8 * 3600)
    wanted = sources.hourly(text, step=3600)
    assert wanted["start"].to_list() == [f"2026-03-01 0{h}:00" for h in range(3)]
    for frame in (moment, unix, moment.to_pandas(), moment.to_arrow()):
        result: Any = sources.hourly(frame, step=3600)
        assert pl.DataFrame(result).equals(wanted)
    relation = duckdb.from_arrow(moment.to_arrow())
    assert sources.hourly(relation, step=3600).pl().sort("start").equals(wanted)
    days = pl.DataFrame({"outlet": "a", "item": "w01018", "value": 51.0, "start": ["2026-03-01"]})
    asked = {"limit_set": "GB18918-2002/wwtp.1a", "averaging": "24h"}
    as_date = days.with_columns(pl.col("start").str.to_date())
    for frame in (days, as_date):
        assert sources.exceedance(frame, **asked)["verdict"].to_list() == ["over"]
