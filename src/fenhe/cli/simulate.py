"""``fenhe simulate``: made-up outlets, as HJ 212 clients or as tables with labels."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from fenhe.base import beijing
from fenhe.base.errors import BadInput

if TYPE_CHECKING:
    from fenhe.simulator.config import Edition
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
@click.option("--from", "first", metavar="DAY", help="Beijing day or moment to begin at.")
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
    folder: Path | None,
    days: int,
    statistics: str,
    kind: str,
) -> None:
    """Play made-up outlets: their data is simulated, and everything about it says so.

    With --write the series, the labels of what was planted, honest events and marks are written
    to a new folder, without a network.
    """
    from fenhe.simulator import fleet
    from fenhe.simulator.planted.plan import chosen
    from fenhe.simulator.simulation import Simulation

    made = fleet.make(
        plants, seed=seed, copies=copies, edition=None if edition is None else EDITIONS[edition]
    )
    sim = Simulation(made, chosen(planted))
    if folder is not None:
        start = _day(first)
        _write(sim, folder, (start, start + timedelta(days=days)), statistics.split(","), kind)


def _day(text: str | None) -> datetime:
    """Return the start of a Beijing day, as naive UTC."""
    if text is None:
        raise BadInput("--write needs --from DAY, such as 2026-08-03")
    try:
        return beijing.start_of(datetime.strptime(text, "%Y-%m-%d").date())  # noqa: DTZ007
    except ValueError:
        raise BadInput(f"'{text}' is not a day; write 2026-08-03") from None


def _write(
    sim: Simulation, folder: Path, span: tuple[datetime, datetime], told: list[str], kind: str
) -> None:
    from fenhe.simulator.write import NOTICE_ZH, write

    click.echo(NOTICE_ZH)
    ending: Literal["csv", "parquet"] = "csv" if kind == "csv" else "parquet"
    for path, rows in write(sim, folder, *span, statistics=told, kind=ending):
        click.echo(f"{path}: {rows:,} rows")
