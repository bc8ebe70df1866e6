"""``fenhe simulate``: made-up outlets, as HJ 212 clients or as tables with labels."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fenhe.base import beijing
from fenhe.base.errors import BadInput

if TYPE_CHECKING:
    from fenhe.simulator.config import Edition
    from fenhe.simulator.fleet import Fleet
    from fenhe.simulator.network.client import Host
    from fenhe.simulator.network.play import Manner
    from fenhe.simulator.simulation import Simulation

EDITIONS: dict[str, Edition] = {"2005": 2005, "2017": 2017, "2025": 2025}


@click.command("simulate")
@click.option("--fleet", "plants", multiple=True, metavar="PLANT", help="A plant; all without.")
@click.option("--copies", default=1, show_default=True, type=click.IntRange(1), help="Of each.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same data.")
@click.option(
    "--edition",
    type=click.Choice(list(EDITIONS)),
    help="All loggers speak it; their own without.",
)
@click.option(
    "--planted",
    default="all",
    show_default=True,
    metavar="LIST",
    help="Patterns to plant: all, none, or F01,F06.",
)
@click.option("--from", "first", metavar="MOMENT", help="Beijing day or moment to begin at.")
@click.option("--host", metavar="HOST", help="Play over TCP against this host.")
@click.option("--port", default=9212, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0.01),
    help="How fast its clock runs; never ahead of the true one.",
)
@click.option("--for", "seconds", type=click.FloatRange(min=0), help="True seconds to play.")
@click.option("--until", metavar="MOMENT", help="Simulated Beijing moment to stop at.")
@click.option(
    "--window", default=8, show_default=True, type=click.IntRange(1), help="Unanswered telegrams."
)
@click.option(
    "--spread", default=2.0, show_default=True, help="Seconds over which the loggers connect."
)
@click.option(
    "--since", metavar="MOMENT", help="As if cut off from then to now: records wait, live ones not."
)
@click.option(
    "--note",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the moment reached there; a later run is as if cut off since.",
)
@click.option("--leash", is_flag=True, help="Stop when standard input is closed.")
@click.option(
    "--registry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the lists for 'fenhe outlets import' (.xlsx).",
)
@click.option("--region", metavar="CODE", help="Where the outlets of --registry lie.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the balance there (JSON).")
@click.option("--write", "folder", type=click.Path(path_type=Path), help="Write tables there.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1), help="To write.")
@click.option("--statistics", default="10min,1h,1d", show_default=True, help="To write.")
@click.option("--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet")
def command(
    *,
    plants: tuple[str, ...],
    copies: int,
    seed: int,
    edition: str | None,
    planted: str,
    first: str | None,
    host: str | None,
    port: int,
    speed: float,
    seconds: float | None,
    until: str | None,
    window: int,
    spread: float,
    since: str | None,
    note: Path | None,
    leash: bool,
    registry: Path | None,
    region: str | None,
    report: Path | None,
    folder: Path | None,
    days: int,
    statistics: str,
    kind: str,
) -> None:
    """Play made-up outlets: their data is simulated, and everything about it says so.

    With --host they are HJ 212 clients over TCP, to a gateway that knows their MN and password
    (--registry writes them as lists). With --write the series, the labels of what was planted,
    honest events and marks are written to a new folder, without a network.
    """
    from fenhe.simulator import fleet
    from fenhe.simulator.planted.plan import chosen
    from fenhe.simulator.simulation import Simulation

    if sum(one is not None for one in (host, folder, registry)) != 1:
        raise BadInput(
            "say one of --host HOST to play over TCP, --write FOLDER for tables, --registry FILE"
        )
    made = fleet.make(
        plants, seed=seed, copies=copies, edition=None if edition is None else EDITIONS[edition]
    )
    if registry is not None:
        _lists(made, registry, region)
        return
    sim = Simulation(made, chosen(planted))
    start = None if first is None else _moment(first)
    if folder is not None:
        if start is None:
            raise BadInput("--write needs --from DAY, such as 2026-08-03")
        span = (start, start + timedelta(days=days))
        _write(sim, folder, span, statistics.split(","), kind)
        return
    from fenhe.simulator.network.client import Host
    from fenhe.simulator.network.play import Manner, noted
    from fenhe.simulator.series import seconds_of

    begin = None if start is None else float(seconds_of(start))
    manner = Manner(
        start=begin,
        since=_later(None if since is None else float(seconds_of(_moment(since))), noted(note)),
        speed=speed,
        seconds=seconds,
        until=None if until is None else float(seconds_of(_moment(until))),
        window=window,
        spread=spread,
        note=note,
    )
    _play(sim, Host(host or "", port), manner, report, leash=leash)


def _later(one: float | None, other: float | None) -> float | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _lists(made: Fleet, path: Path, region: str | None) -> None:
    from fenhe.simulator import registry
    from fenhe.simulator.write import NOTICE_ZH

    if region is None:
        raise BadInput("--registry needs --region CODE, where the made-up outlets are to lie")
    told = registry.lists(made, {"*": registry.Place(region)})
    registry.write(told, path)
    click.echo(NOTICE_ZH)
    click.echo(", ".join(f"{name} {len(rows):,}" for name, rows in told.items()))


def _moment(text: str) -> datetime:
    """Return a Beijing day (its beginning) or moment, as naive UTC."""
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            return beijing.to_utc(datetime.strptime(text, form))  # noqa: DTZ007
        except ValueError:
            continue
    raise BadInput(f"'{text}' is no moment; write 2026-08-03 or 2026-08-03T08:00")


def _play(sim: Simulation, host: Host, manner: Manner, report: Path | None, *, leash: bool) -> None:
    import json
    import signal

    from fenhe.simulator.network.play import Player, line
    from fenhe.simulator.network.play import report as told
    from fenhe.simulator.write import NOTICE_ZH

    async def run() -> Player:
        player = Player(sim, host, manner)
        if leash:
            _hold(asyncio.get_running_loop(), player.stop.set)
        for one in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(one, player.stop.set)
        await player.run()
        return player

    click.echo(NOTICE_ZH)
    click.echo(
        f"{len(sim.fleet.devices):,} loggers, {len(sim.fleet.sites):,} outlets; Ctrl-C stops"
    )
    player = asyncio.run(run())
    click.echo(line(player.balance()))
    if report is not None:
        report.write_text(json.dumps(told(player.loggers), indent=1) + "\n", encoding="utf-8")


def _hold(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Stop when standard input ends: whoever started this is gone, however it went."""
    import threading

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        with contextlib.suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait, name="leash", daemon=True).start()


def _write(
    sim: Simulation, folder: Path, span: tuple[datetime, datetime], told: list[str], kind: str
) -> None:
    from fenhe.simulator.write import NOTICE_ZH, write

    click.echo(NOTICE_ZH)
    ending: Literal["csv", "parquet"] = "csv" if kind == "csv" else "parquet"
    for path, rows in write(sim, folder, *span, statistics=told, kind=ending):
        click.echo(f"{path}: {rows:,} rows")
