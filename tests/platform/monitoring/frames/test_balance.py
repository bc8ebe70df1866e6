"""Whatever comes over the wire, in whatever pieces it is taken: every receipt balances."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fenhe.platform.monitoring.frames import mapping, reading, values
from fenhe.platform.registry.models import Device
from fenhe.store import RawFile, Store
from fenhe.store.rawlog import Entry
from tests.platform.conftest import World
from tests.platform.monitoring.frames.wire import CHANNELS, MN, NOON, OTHER, frame, works

pytestmark = pytest.mark.django_db
CODES = [*CHANNELS, "a24999", "A21026", "sb9"]
SUFFIXES = ["Avg", "Rtd", "Min", "Cou", "ZsAvg", "Flag", "EFlag", "RS", "Info", "avg", "SampleTime"]
TEXTS = ["1", "30.5", "-0.25", "1e2", "9999.99", "-999", "", "N", "D", "--", "0007", "汾"]
FACTORS = st.lists(
    st.tuples(st.sampled_from(CODES), st.sampled_from(SUFFIXES), st.sampled_from(TEXTS)),
    max_size=6,
)
CNS = ["2011", "2051", "2061", "2031", "2021", "3020", "2062", "9014", "2099", "1063"]


@st.composite
def payload(draw: Any) -> bytes:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=60))
    at = NOON + timedelta(minutes=draw(st.sampled_from([0, 7, 10, 60, 1440])))
    made = frame(
        draw(st.sampled_from(CNS)),
        draw(FACTORS),
        draw(st.sampled_from([at, None])),
        mn=draw(st.sampled_from([MN, MN, MN, OTHER, ""])),
        st=draw(st.sampled_from(["31", "32", "22", "45", "91"])),
    )
    if kind == 1:
        place = draw(st.integers(0, len(made) - 1))
        return made[:place] + draw(st.binary(max_size=3)) + made[place + 1 :]
    return made


def entry(number: int, data: bytes) -> Entry:
    at_us = 1_795_000_000_000_000 + number * 1_000_000
    return Entry(number, at_us, "in", 1, "peer", data)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(payloads=st.lists(payload(), min_size=1, max_size=12))
def test_every_value_is_an_observation_or_refused_and_every_frame_is_counted(
    db: None, payloads: list[bytes]
) -> None:
    known = _mapping()
    read = reading.read([(entry(n + 1, one), None) for n, one in enumerate(payloads)], known.keys)
    made = values.prepare(read, known)
    frames = made.frames
    assert frames["raw_row"].to_list() == list(range(1, len(payloads) + 1))
    assert made.received == made.observations.height + made.rejected.height
    refused = frames.filter("refused")["raw_row"]
    whole = made.rejected.filter(pl.col("raw_column") == values.FRAME)["raw_row"]
    assert sorted(refused) == sorted(whole)
    assert not set(refused) & set(made.observations["raw_row"])
    taken = made.heads.filter(pl.col("refused").is_null(), pl.col("cn").is_in(
        ["2011", "2051", "2061", "2031", "2021", "2062"]
    ))  # fmt: skip
    beside = ["flag", "eflag", "sampletime"]
    told = read.factors.join(taken.select("frame", "st"), on="frame").filter(
        ~pl.col("suffix").str.to_lowercase().is_in(beside),
        (pl.col("st") != "45") | pl.col("value").is_not_null(),
    )
    seen = pl.concat([
        made.observations.select("raw_row", "raw_column"),
        made.rejected.select("raw_row", "raw_column"),
    ]).filter(pl.col("raw_row").is_in(taken["raw_row"].implode()))  # fmt: skip
    names = told.select("raw_row", raw_column=pl.concat_str("code", "suffix", separator="-"))
    assert sorted(seen.rows()) == sorted(names.rows())
    assert made.observations["value"].is_finite().all()
    assert made.observations.select(pl.all().null_count()).sum_horizontal().item() == 0


def _mapping() -> mapping.Mapping:
    if not Device.objects.exists():
        from fenhe.platform.registry.models import Organisation, Region

        county = Region.objects.create(code="1", level="county", name_zh="县")
        works(county, Organisation.objects.create(code="F", name_zh="厂"))
    return mapping.load()


def test_cut_into_any_batches_the_store_ends_the_same(
    store: Store, world: World, tmp_path: Path
) -> None:
    works(world.county, world.firm)
    known = mapping.load()
    told = [
        frame("2061", [("a21026", "Avg", f"{n % 7}"), ("a21002", "Avg", "5"), ("zz", "Avg", "1")],
              NOON + timedelta(hours=n % 5))
        for n in range(40)
    ]  # fmt: skip
    pieces = [(entry(n + 1, one), None) for n, one in enumerate([*told, b"noise"])]
    ends = []
    for number, cuts in enumerate(([41], [1, 40], [10, 11, 25, 41], list(range(1, 42)))):
        with Store.open(tmp_path / str(number)) as one:
            raw = RawFile(f"{number:064d}", 0, Path("x"), "stream/main/00000001.seg")
            with one.begin_import("hj212:main", raw, "test") as load:
                for begin, end in zip([0, *cuts], [*cuts, 41], strict=True):
                    if begin == end:
                        continue
                    made = values.prepare(reading.read(pieces[begin:end], known.keys), known)
                    load.write(
                        made.observations.drop("raw_column"), made.rejected, made.received,
                        flags=made.flags, frames=made.frames,
                    )  # fmt: skip
                total = load.finish()
            frames = one.frame_receipts().select(pl.exclude("feed", "hour").sum()).row(0)
            rows = one.observations(statistic="1h").drop("commit", "raw_sha256").rows()
            ends.append((total.received, total.stored, total.duplicate, frames, rows))
            total.check()
    assert all(end == ends[0] for end in ends)
    assert ends[0][3][0] == 41
