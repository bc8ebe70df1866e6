"""``fenhe rawlog``: what gateways received and sent: list, verify, export, retain."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import click

from fenhe.cli.backup import size
from fenhe.cli.owned import data_option, run

gateway_option = click.option("--gateway", metavar="NAME", help="Only the log of this gateway.")
# sub-verbs of other parts: name -> module that holds a click command called ``command``
ELSEWHERE = {"replay": "fenhe.cli.rawlog_replay"}


class _Group(click.Group):
    """Finds sub-verbs that other modules bring."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all sub-verbs."""
        return [*super().list_commands(ctx), *(name for name in ELSEWHERE if _has(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one sub-verb, None when there is no such one."""
        if cmd_name in ELSEWHERE and _has(cmd_name):
            found = importlib.import_module(ELSEWHERE[cmd_name]).command
            return found if isinstance(found, click.Command) else None
        return super().get_command(ctx, cmd_name)


def _has(name: str) -> bool:
    return importlib.util.find_spec(ELSEWHERE[name]) is not None


@click.group("rawlog", cls=_Group)
def command() -> None:
    """Show, prove, export and clear the raw logs of gateways.

    Each log is a chain of segments; each entry is hashed together with the one before it.
    """


@command.command("list")
@gateway_option
@click.option("--json", "as_json", is_flag=True, help="Segments as JSON.")
@data_option
def list_segments(gateway: str | None, as_json: bool, data: Path | None) -> None:
    """List the segments, oldest first; times are UTC."""
    rows = run("rawlog_list", {"gateway": gateway}, data)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(_line(row))
    entries, count = sum(row["entries"] for row in rows), sum(row["bytes"] for row in rows)
    click.echo(f"{len(rows)} segments, {entries:,} entries, {size(count)}")


def _line(row: dict[str, Any]) -> str:
    first, last = (str(row[name] or "-")[:19] for name in ("first_at", "last_at"))
    state = "sealed" if row.get("sealed") else "open"
    if row.get("removed_at"):
        state = f"removed {row['removed_at'][:10]}"
    return (
        f"{row['gateway']:12} {row['number']:>6}  {first:19}  {last:19}  {row['entries']:>9,} "
        f"{size(row['bytes']):>9}  {row['head'][:12]}  {state}"
    )


@command.command("verify")
@gateway_option
@click.option("--json", "as_json", is_flag=True, help="What was found as JSON.")
@data_option
def verify(gateway: str | None, as_json: bool, data: Path | None) -> None:
    """Read every segment and prove that no entry was changed, moved, added or taken out.

    Held against the chain and against what the store noted apart. Exit code 1 when something
    does not hold; each problem names segment and entry.
    """
    found = run("rawlog_verify", {"gateway": gateway}, data, label="reading")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for one in found:
            _tell(one)
    sys.exit(0 if all(one["ok"] for one in found) else 1)


def _tell(one: dict[str, Any]) -> None:
    gone = f", {one['removed']} removed by the rule" if one["removed"] else ""
    said = "holds" if one["ok"] else f"{len(one['problems'])} problems"
    click.echo(
        f"{one['gateway']}: {said}; {one['segments']} segments, {one['entries']:,} entries, "
        f"{size(one['bytes'])}{gone}; head {one['head']}"
    )
    for problem in one["problems"]:
        place = "" if problem["entry"] is None else f", entry {problem['entry']}"
        click.echo(f"  {problem['segment']}{place}: {problem['text']}")


@command.command("export")
@click.argument("target", type=click.Path(path_type=Path))
@gateway_option
@click.option("--first", metavar="DAY", help="From this Beijing day on, as 2026-03-01.")
@click.option("--last", metavar="DAY", help="Up to this Beijing day.")
@click.option("--segment", "segments", type=int, multiple=True, help="This segment, by number.")
@click.option("--reason", default="", help="Why; it is in the proof and in the audit log.")
@data_option
def export(  # noqa: PLR0917 (one option each)
    target: Path,
    gateway: str | None,
    first: str | None,
    last: str | None,
    segments: tuple[int, ...],
    reason: str,
    data: Path | None,
) -> None:
    """Write segments with their proof to TARGET, a folder or a .zip that must not exist.

    Anybody can check it with the program in it, without Fenhe. The bytes are whole, passwords
    of devices included. Exit code 1 when a segment is not what it was; it is exported as it is.
    """
    asked = {"gateway": gateway, "target": str(target.absolute()), "first": first, "last": last}
    made = run("rawlog_export", asked | {"segments": list(segments), "reason": reason}, data)
    numbers = ", ".join(map(str, made["segments"]))
    click.echo(
        f"{made['target']}: segments {numbers} of {made['gateway']}, {made['entries']:,} entries, "
        f"{size(made['bytes'])}; check it: python3 check.py"
    )
    for problem in made["problems"]:
        click.echo(f"not what it was: {problem}", err=True)
    sys.exit(1 if made["problems"] else 0)


@command.command("retain")
@gateway_option
@click.option("--years", type=int, help="Keep so many; FENHE_RAWLOG_YEARS without it.")
@click.option("--remove", is_flag=True, help="Remove what the rule lets go; else only list it.")
@data_option
def retain(gateway: str | None, years: int | None, remove: bool, data: Path | None) -> None:
    """List, or remove, the segments that are older than the rule asks to keep.

    Never fewer years than the law asks; only whole, taken into the store, oldest first. Their
    heads stay, so that the chain can still be proved.
    """
    asked = {"gateway": gateway, "years": years, "remove": remove}
    found = run("rawlog_retain", asked, data)
    for row in found["segments"]:
        click.echo(_line(row))
    did = "removed" if found["removed"] else "may go; --remove removes them"
    click.echo(f"{len(found['segments'])} segments {did}: {found['rule']}")
