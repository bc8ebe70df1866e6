"""``fenhe sources``: standing feeds, which bring data by themselves while Fenhe serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fenhe.cli.owned import data_option, run


@click.group("sources")
def command() -> None:
    """Add standing feeds, see how they stand, run, change or pause them."""


@command.command("add")
@click.argument("key")
@click.argument("location")
@click.option("--feed", "feeds", multiple=True, required=True, help="Description; may be repeated.")
@click.option("--title", "title_zh", default="", help="Name as people say it.")
@click.option("--title-en", default="", help="The same in English.")
@click.option("--interval", type=click.IntRange(1), default=300, help="Seconds between tries.")
@click.option("--every", type=click.IntRange(1), default=3600, help="Seconds of its own rhythm.")
@click.option("--headers", default="", help="File in the folder 'secrets' of the data folder.")
@data_option
def add(key: str, location: str, title_zh: str, every: int, data: Path | None, **rest: Any) -> None:
    """Add KEY: a folder with a pattern (/data/in/*.csv), or an address (https://…)."""
    kind = "http" if "://" in location else "folder"
    args = {"key": key, "location": location, "kind": kind, "title_zh": title_zh or key}
    _tell(run("add_source", {**args, **rest, "expected_every": every}, data))


@command.command("change")
@click.argument("key")
@click.option("--location", help="Another folder or address of the same kind.")
@click.option("--feed", "feeds", multiple=True, help="Description; may be repeated.")
@click.option("--title", "title_zh", help="Name as people say it.")
@click.option("--title-en", help="The same in English.")
@click.option("--interval", type=click.IntRange(1), help="Seconds between tries.")
@click.option("--every", "expected_every", type=click.IntRange(1), help="Its own rhythm.")
@click.option("--headers", help="File in the folder 'secrets' of the data folder; '' for none.")
@data_option
def change(key: str, data: Path | None, **rest: Any) -> None:
    """Change what KEY is; options not given stay."""
    given = {name: value for name, value in rest.items() if value is not None and value != ()}
    _tell(run("change_source", {"key": key, **given}, data))


@command.command("status")
@data_option
def status(data: Path | None) -> None:
    """Show every source: state, lag, failures in a row, last receipt."""
    found = run("sources", {}, data)
    for one in found:
        _tell(one)
    if not found:
        click.echo("there is no source yet; add one: fenhe sources add KEY LOCATION --feed NAME")


@command.command("run")
@click.argument("key")
@data_option
def run_now(key: str, data: Path | None) -> None:
    """Try KEY now and show the receipt."""
    click.echo(_receipt(run("run_source", {"key": key}, data)))


@command.command("pause")
@click.argument("key")
@data_option
def pause(key: str, data: Path | None) -> None:
    """Pause KEY."""
    _tell(run("pause_source", {"key": key}, data))


@command.command("resume")
@click.argument("key")
@data_option
def resume(key: str, data: Path | None) -> None:
    """Let KEY go on."""
    _tell(run("pause_source", {"key": key, "active": True}, data))


def _tell(one: dict[str, Any]) -> None:
    lag = "no data yet" if one["lag"] is None else f"{one['lag'] / 3600:.1f} h behind"
    words = [one["key"], one["state"], lag, one["location"]]
    if one["failures"]:
        words.append(f"failures in a row {one['failures']}")
    if one["refused"]:
        words.append(f"refused {one['refused']}")
    click.echo("  ".join([*words, *([one["alarm"]] if one["alarm"] else [])]))
    for last in (one["receipt"], one["run"]):
        if last and not (last is one["run"] and last == one["receipt"]):
            click.echo(f"  {_receipt(last)}")


def _receipt(last: dict[str, Any]) -> str:
    counts = "received {received} = stored {stored} + duplicate {duplicate} + rejected {rejected}"
    said = f"{last['started']}  {last['outcome']}  {counts.format(**last)}"
    return "\n    ".join([said, *last["message"].splitlines()])
