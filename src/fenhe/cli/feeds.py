"""``fenhe feeds``: which file layouts can be imported, and what each means."""

from __future__ import annotations

from collections.abc import Iterator

import click

from fenhe.protocols.tables import feeds
from fenhe.protocols.tables.feeds import Feed, ItemColumn
from fenhe.protocols.tables.feeds.model import canonical_unit


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the known feeds, or show one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@command.command("list")
def list_() -> None:
    """List the feeds: one line each, the id first."""
    known = feeds.known()
    width = max(len(feed.id) for feed in known)
    for feed in known:
        click.echo(f"{feed.id:<{width}}  {feed.title_zh}  {feed.title_en}")


@command.command("show")
@click.argument("feed_id", metavar="ID")
def show(feed_id: str) -> None:
    """Show what a feed's columns, units and time labels mean, and whose data it is."""
    for line in _lines(feeds.load(feed_id)):
        click.echo(line)


def _lines(feed: Feed) -> Iterator[str]:
    yield f"{feed.id}  {feed.title_zh}  {feed.title_en}"
    yield f"source      {feed.source}"
    yield f"licence     {feed.licence}"
    yield f"public      {_yes(feed.public)}   simulated {_yes(feed.simulated)}"
    yield f"layout      {feed.layout}, statistic {feed.statistic}"
    for time in feed.times:
        yield f"time        {' + '.join(time.columns)}: {time.label} of interval, {time.zone}"
        yield f"            mark {time.mark}: {time.reason}"
    city = f", city in {feed.station.city}" if feed.station.city else ""
    yield f"station     {feed.station.column} ({feed.station.kind}{city})"
    for item in feed.items:
        yield f"item        {_item(item)}"
    if feed.unit_column:
        yield f"unit        {feed.unit_column} (optional; another unit than declared is refused)"
    if feed.pairs:
        pairs, share = ", ".join("/".join(pair) for pair in feed.pairs.pairs), feed.pairs.share
        yield f"decided     by each file, which is the largest and which the current of {pairs}"
        yield f"            in at least {share.value:.0%} of rows: {share.reason}"
    if feed.sentinels:
        yield f"sentinels   {', '.join(feed.sentinels)}"
    if feed.missing:
        yield f"missing     {', '.join(feed.missing)}"
    if feed.ignored:
        yield f"not read    {', '.join(feed.ignored)}"
    for name, threshold in feed.checks.items():
        yield f"check       {name} {threshold.value:g}: {threshold.reason}"
    yield f"notes       {feed.notes}"


def _item(item: ItemColumn) -> str:
    kept = canonical_unit(item.item)
    unit = item.unit if item.unit == kept else f"{item.unit}, kept in {kept}"
    low, high = item.hard
    names = " or ".join(item.names)
    return f"{item.item:<6} {item.statistic:<3} from {names} ({unit}), {low:g} to {high:g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
