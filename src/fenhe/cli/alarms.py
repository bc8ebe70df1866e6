"""``fenhe alarms``: what is wrong with the system itself, who has seen it, who is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from fenhe.cli.owned import data_option, run

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
lang_option = click.option("--lang", type=click.Choice(["zh", "en"]), default="en")


@click.group("alarms")
def command() -> None:
    """List alarms, acknowledge them, set who is told and from when on something is an alarm."""


@command.command("list")
@click.option("--topic", type=click.Choice(["system", "sources"]), help="About what.")
@click.option("--kind", default="", help="Only of this kind.")
@click.option(
    "--state",
    type=click.Choice(["standing", "open", "acknowledged", "closed", "all"]),
    default="standing",
    help="standing: open or acknowledged.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=100)
@lang_option
@json_option
@data_option
def list_alarms(lang: str, as_json: bool, data: Path | None, **chosen: Any) -> None:
    """List alarms, those that stand first."""
    found = run("alarms", chosen, data)
    if as_json:
        _json(found)
        return
    for one in found:
        _tell(one, lang)
    if not found:
        click.echo("no alarm" if lang == "en" else "没有告警")


@command.command("show")
@click.argument("number", type=int)
@lang_option
@json_option
@data_option
def show(number: int, lang: str, as_json: bool, data: Path | None) -> None:
    """Show alarm NUMBER with its history and the notices that told of it."""
    one = run("alarm", {"alarm": number}, data)
    if as_json:
        _json(one)
        return
    _tell(one, lang)
    click.echo(f"  {one[f'do_{lang}']}")
    for row in one["history"]:
        times = f" ×{row['times']}" if row["times"] > 1 else ""
        click.echo(f"  {row['at']}  {row['what']}{times}  {row['who']}  {row['text']}".rstrip())
    for row in one["notices"]:
        to = f"{row['route']} {row['recipient']}".strip()
        click.echo(f"  notice {row['notice']}  {to}  {row['state']}  {row['answer']}".rstrip())


@command.command("acknowledge")
@click.argument("number", type=int)
@click.option("--note", default="", help="What is being done about it.")
@lang_option
@data_option
def acknowledge(number: int, note: str, lang: str, data: Path | None) -> None:
    """Say that somebody sees to alarm NUMBER; reminders of it end."""
    _tell(run("acknowledge_alarm", {"alarm": number, "note": note}, data), lang)


@command.command("test")
@click.argument("key")
@data_option
def test(key: str, data: Path | None) -> None:
    """Send a test by the route KEY; exit code 1 when somebody could not be told."""
    found = run("test_alarm_route", {"key": key}, data)
    for one in found:
        word = "sent" if one["ok"] else "FAILED"
        click.echo(f"{word}  {one['recipient'] or key}  {one.get('answer', '')}")
    sys.exit(0 if all(one["ok"] for one in found) else 1)


@command.group("routes", invoke_without_command=True)
@click.pass_context
def routes(ctx: click.Context) -> None:
    """Who is told, by what, when, in which language; without a word more, the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_routes, as_json=False, data=None)


@routes.command("list")
@json_option
@data_option
def list_routes(as_json: bool, data: Path | None) -> None:
    """List the routes, without their secrets."""
    found = run("alarm_routes", {}, data)
    if as_json:
        _json(found)
        return
    for one in found:
        _tell_route(one)
    if not found:
        click.echo("nobody is told yet; add a route: fenhe alarms routes add KEY --to NAME@HOST")


def _fields(function: Any) -> Any:
    """Add the options of what a route is."""
    options = (
        click.option("--title", help="Name as people say it."),
        click.option("--to", multiple=True, help="Addressee of mail; may be repeated."),
        click.option("--role", help="Mail to every person of this role who may see the alarm."),
        click.option("--region", help="Only alarms of this region (code)."),
        click.option("--language", type=click.Choice(["zh", "en"])),
        click.option("--least", type=click.Choice(["warning", "critical"]), help="From when on."),
        click.option("--link", help="Address of the pages, for the reader."),
        click.option("--group", "group_s", type=click.IntRange(0), help="Seconds gathered."),
        click.option("--quiet", help="Quiet hours in Beijing, such as 22:00-07:00; '' for none."),
        click.option("--wakes/--no-wakes", default=None, help="Critical ones in quiet hours too."),
        click.option("--reminders", help="Hours after the opening, such as 4,24; then daily."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@routes.command("add")
@click.argument("key")
@click.option("--topic", type=click.Choice(["system", "sources"]), default="system")
@click.option("--address-file", type=click.File(), help="File with the address; - for input.")
@_fields
@data_option
def add_route(key: str, address_file: Any, data: Path | None, **told: Any) -> None:
    """Add the route KEY. Its address, which holds secrets, is asked for and not shown.

    Mail: mailtos://NAME:PASSWORD@HOST?from=NAME@HOST. A service: its web address as it shows it.
    """
    args = {"key": key, "address": _address(address_file), **_given(told)}
    _tell_route(run("add_alarm_route", args, data))


@routes.command("change")
@click.argument("key")
@click.option("--address", is_flag=True, help="Ask for a new address.")
@click.option("--address-file", type=click.File(), help="File with it; - for input.")
@click.option("--pause/--resume", default=None)
@_fields
@data_option
def change_route(
    key: str, address: bool, address_file: Any, pause: bool | None, data: Path | None, **told: Any
) -> None:
    """Change the route KEY; options not given stay."""
    args = {"key": key, **_given(told)}
    if address or address_file:
        args["url"] = _address(address_file)
    if pause is not None:
        args["active"] = not pause
    _tell_route(run("change_alarm_route", args, data))


@routes.command("remove")
@click.argument("key")
@data_option
def remove_route(key: str, data: Path | None) -> None:
    """Take the route KEY away; what it sent stays on record."""
    click.echo(run("remove_alarm_route", {"key": key}, data))


@command.group("limits", invoke_without_command=True)
@click.pass_context
def limits(ctx: click.Context) -> None:
    """From when on something is an alarm, and why; without a word more, the list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_limits, lang="en", as_json=False, data=None)


@limits.command("list")
@lang_option
@json_option
@data_option
def list_limits(lang: str, as_json: bool, data: Path | None) -> None:
    """List the limits in force with their reasons."""
    found = run("alarm_limits", {}, data)
    if as_json:
        _json(found)
        return
    for one in found:
        mark = f" (set by {one['set_by']}; default {one['default']:.12g})" if one["own"] else ""
        click.echo(f"{one['limit']} = {one['value']:.12g} {one['unit']}{mark}")
        click.echo(f"  {one[f'reason_{lang}']}")


@limits.command("set")
@click.argument("limit")
@click.argument("value", type=float)
@click.option("--reason", required=True, help="Why this value.")
@data_option
def set_limit(limit: str, value: float, reason: str, data: Path | None) -> None:
    """Set LIMIT to VALUE."""
    args = {"limit": limit, "value": value, "reason": reason}
    click.echo(f"{limit} = {run('set_alarm_limit', args, data):.12g}")


@limits.command("reset")
@click.argument("limit")
@data_option
def reset_limit(limit: str, data: Path | None) -> None:
    """Set LIMIT to its default."""
    click.echo(f"{limit} = {run('set_alarm_limit', {'limit': limit}, data):.12g}")


def _address(file: Any) -> str:
    """Read the address where no list of processes and no history of a shell can show it."""
    if file is not None:
        return str(file.read()).strip()
    return str(click.prompt("Address", hide_input=True))


def _given(told: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in told.items() if value is not None and value != ()}
    if "to" in given:
        given["to"] = list(given["to"])
    if "quiet" in given:
        begin, dash, end = given.pop("quiet").partition("-")
        if begin and not dash:
            raise click.BadParameter("write 22:00-07:00", param_hint="--quiet")
        given |= {"quiet_from": begin, "quiet_to": end}
    if "reminders" in given:
        given["reminders"] = _hours(given["reminders"])
    return given


def _hours(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.BadParameter("write hours such as 4,24", param_hint="--reminders") from None


def _json(found: Any) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _tell(one: dict[str, Any], lang: str) -> None:
    times = f"  ×{one['times']}" if one["times"] > 1 else ""
    head = f"#{one['alarm']}  {one['severity']}  {one['state']}  {one[f'title_{lang}']}"
    until = f" to {one['closed']}" if one["closed"] else ""
    click.echo(f"{head}  since {one['opened']}{until}{times}")
    click.echo(f"  {one[f'said_{lang}']}")
    if one["acknowledged_by"]:
        click.echo(
            f"  acknowledged by {one['acknowledged_by']} {one['acknowledged']} {one['note']}"
        )


def _tell_route(one: dict[str, Any]) -> None:
    state = "ended" if one["ended"] else "runs" if one["active"] else "paused"
    if one["active"] and one["failures"]:
        state = f"failing ({one['failures']} in a row)"
    words = [one["key"], one["topic"], one["kind"], one["address"], state, one["language"]]
    words += [*one["to"], *([f"role {one['role']}"] if one["role"] else [])]
    words += [f"region {one['region']}"] if one["region"] else []
    words += [f"from {one['least']} on"] if one["least"] != "warning" else []
    words += [f"quiet {one['quiet_from']}-{one['quiet_to']}"] if one["quiet_from"] else []
    words += [f"{one['waiting']} waiting"] if one["waiting"] else []
    click.echo("  ".join(words))
    if one["last_answer"] and one["failures"]:
        click.echo(f"  {one['last_answer'].splitlines()[0]}")
