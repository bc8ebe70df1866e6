"""What becomes of each frame as a whole: taken, talk, or refused with a reason."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from fenhe.base import beijing
from fenhe.platform.monitoring.frames import fields
from fenhe.platform.monitoring.frames.mapping import Mapping

# Tuning, no law: a record may be ahead of our clock by so much; beyond it its time is wrong.
AHEAD = timedelta(hours=24)


def judged(headers: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Return the frames with ``device``, ``length`` (minutes; 0: instant) and ``refused``.

    ``refused`` is null for a frame that is taken. What can be mended by the registry:
    ``unknown_device:MN``, ``no_key:MN``, ``unknown_interval``; what can not: the codec's
    verdicts, ``wrong_password``, ``disabled_device``, ``no_mn``, ``unknown_command:CN``,
    ``time_missing``, ``time_impossible``, ``time_ahead``, ``time_off_grid:MINUTES``.
    """
    named = headers.with_columns(mn_of=pl.col("mn").str.strip_chars().str.to_uppercase())
    known = named.join(
        mapping.devices.rename({"mn": "mn_of"}), on="mn_of", how="left", maintain_order="left"
    )
    lengths = known.join(fields.lengths(), on="cn", how="left", maintain_order="left")
    measured = _minutes(lengths, mapping)
    is_saying = pl.col("cn").is_in(fields.SAYING)
    arrival = pl.when(is_saying).then(pl.col("at").dt.truncate("1s"))
    return measured.with_columns(refused=_reason(), data_time=pl.coalesce("data_time", arrival))


def _minutes(frames: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Fill in how long minute records are: as the device told by then, else as registered."""
    ordered = frames.sort("data_time", nulls_last=False)
    asked = ordered.join_asof(
        mapping.intervals.sort("since"),
        left_on="data_time",
        right_on="since",
        by="device",
        strategy="backward",
        check_sortedness=False,
    )
    is_minute = pl.col("cn") == "2051"
    own = pl.coalesce("told", "minutes")
    return asked.with_columns(
        length=pl.when(is_minute).then(own).otherwise("length"),
    ).sort("frame")


def _reason() -> pl.Expr:
    cn, problems = pl.col("cn").fill_null(""), pl.col("problems")
    talk = cn.is_in(fields.TALK)
    upload = cn.is_in([one.cn for one in fields.UPLOADS])
    saying = cn.is_in(fields.SAYING)
    semantic = pl.col("verdict") == "reject_semantic"
    mn = pl.col("mn_of").fill_null("").str.slice(0, 60)
    timed = upload & ~saying
    return (
        pl.when(pl.col("note").is_not_null())
        .then("note")
        .when(problems.list.contains("no_key"))
        .then(pl.concat_str(pl.lit("no_key:"), mn))
        .when(~pl.col("ok") & ~semantic)
        .then(
            pl.when(problems.list.contains("no_head")).then(pl.lit("garbage")).otherwise("verdict")
        )
        .when((mn == "") & cn.str.starts_with("9"))
        .then(None)  # replies of 2005 carry no MN
        .when(mn == "")
        .then(pl.lit("no_mn"))
        .when(pl.col("device").is_null())
        .then(pl.concat_str(pl.lit("unknown_device:"), mn))
        .when(talk)
        .then(None)
        .when(~(upload | saying))
        .then(pl.concat_str(pl.lit("unknown_command:"), cn.str.slice(0, 20)))
        .when(timed)
        .then(_wrong_time())
    )


def _wrong_time() -> pl.Expr:
    time, length = pl.col("data_time"), pl.col("length")
    local = time + beijing.OFFSET
    of_day = local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute()
    off = (of_day % length != 0) | (local.dt.second() != 0)
    return (
        pl.when(pl.col("problems").list.contains("time_impossible"))
        .then(pl.lit("time_impossible"))
        .when(time.is_null())
        .then(pl.lit("time_missing"))
        .when(time > pl.col("at") + AHEAD)
        .then(pl.lit("time_ahead"))
        .when(length.is_null())
        .then(pl.lit("unknown_interval"))
        .when((length > 0) & off)
        .then(pl.concat_str(pl.lit("time_off_grid:"), length.cast(pl.String)))
    )
