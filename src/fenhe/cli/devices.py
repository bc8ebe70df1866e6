"""``fenhe devices``: the data loggers that may connect, and what their codes stand for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fenhe.cli.owned import data_option, run

EDITIONS = click.Choice(["2005", "2017", "2025"])


@click.group("devices")
def command() -> None:
    """Register data loggers and their keys; map the codes they send."""


@command.command("list")
@data_option
def list_devices(data: Path | None) -> None:
    """List the devices; passwords and keys are never shown."""
    found = run("devices", {}, data)
    for one in found:
        _tell(one)
    if not found:
        click.echo("there is no device yet; add one: fenhe devices add MN --firm CODE")


def _fields(verb: Any) -> Any:
    """Add the options that registering and changing share."""
    for option in (
        click.option("--name", help="Name as people say it."),
        click.option("--password", is_flag=True, help="Ask for the password it sends (PW)."),
        click.option("--edition", type=EDITIONS, help="HJ 212 it speaks; by frame without it."),
        click.option("--minutes", type=int, help="Length of its minute records."),
        click.option("--model", help="Maker and type."),
        click.option("--simulated", is_flag=True, default=None, help="Its data is made up."),
    ):
        verb = option(verb)
    return verb


@command.command("add")
@click.argument("mn")
@click.option("--firm", required=True, help="Code of the firm it belongs to.")
@_fields
@data_option
def add(mn: str, firm: str, password: bool, data: Path | None, **told: Any) -> None:
    """Register the logger MN."""
    secret = _asked("Password") if password else ""
    args = {"mn": mn, "firm": firm, **_plain(told), "password": secret}
    _tell(run("add_device", args, data))


@command.command("change")
@click.argument("mn")
@_fields
@click.option("--enable/--disable", "enabled", default=None, help="Let it in, or refuse it.")
@click.option("--reason", default="", help="For the log.")
@data_option
def change(mn: str, password: bool, reason: str, data: Path | None, **told: Any) -> None:
    """Change what is registered of MN; options not given stay."""
    secret = _asked("Password") if password else None
    args = {"mn": mn, **_plain(told), "password": secret, "reason": reason}
    _tell(run("change_device", args, data))


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in told.items() if value is not None}
    if "edition" in given:
        given["edition"] = int(given["edition"])
    return given


def _asked(what: str) -> str:
    """Read a secret from the terminal, or a line of standard input: it is in no process list."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True))
    return sys.stdin.readline().strip()


@command.group("key")
def key() -> None:
    """SM4 keys of a device (HJ 212-2025)."""


@key.command("add")
@click.argument("mn")
@data_option
def add_key(mn: str, data: Path | None) -> None:
    """Enter a key of MN, 32 hexadecimal digits, from the terminal or standard input."""
    done = run("add_key", {"mn": mn, "key": _asked("Key")}, data)
    click.echo(f"key {done['number']} of {done['mn']} entered")


@key.command("list")
@click.argument("mn")
@data_option
def list_keys(mn: str, data: Path | None) -> None:
    """List the keys of MN by number; the keys themselves are not shown."""
    for one in run("device_keys", {"mn": mn}, data):
        state = "valid" if one["valid"] else "ended"
        click.echo(f"{one['number']:>6}  {state}  {one['created_at'][:19]}")


@key.command("end")
@click.argument("mn")
@click.argument("number", type=int)
@click.option("--reason", default="", help="For the log.")
@data_option
def end_key(mn: str, number: int, reason: str, data: Path | None) -> None:
    """Say that a key of MN is no longer used."""
    run("end_key", {"mn": mn, "number": number, "reason": reason}, data)
    click.echo(f"key {number} of {mn} ended")


@command.command("channels")
@click.argument("mn")
@data_option
def channels(mn: str, data: Path | None) -> None:
    """List what the codes of MN stand for."""
    for one in run("channels", {"mn": mn}, data):
        code = f"{one['st'] or '*'}/{one['code']}"
        unit = one["unit"] or "-"
        click.echo(
            f"{code:14} {one['site']} {one['item']}  {unit} kept in {one['kept_in'] or unit}  "
            f"{one['valid_from']} to {one['valid_to']}"
        )


@command.command("map")
@click.argument("mn")
@click.argument("code")
@click.argument("outlet")
@click.option("--item", help="Item of the outlet; the code, or its successor of 2017, without it.")
@click.option("--st", help="Only under this system code.")
@click.option("--unit", help="Unit in which values come, such as mg/m3.")
@click.option("--unit-sum", help="Unit in which totals (Cou) come, such as kg.")
@click.option("--since", metavar="DATE", help="First day; from ever without it.")
@click.option("--until", metavar="DATE", help="Last day; open without it.")
@click.option("--reason", default="", help="For the log.")
@data_option
def map_code(data: Path | None, **told: Any) -> None:
    """Say that CODE on the wire of MN is an item of OUTLET.

    What waited for this is brought in by: fenhe rawlog replay --device MN
    """
    one = run("map_channel", told, data)
    click.echo(f"{one['mn']} {one['code']} is {one['site']} {one['item']}, {one['unit'] or '-'}")


@command.command("unmap")
@click.argument("mn")
@click.argument("code")
@click.option("--st", help="Only under this system code.")
@click.option("--reason", required=True, help="Why it was wrong.")
@data_option
def unmap(mn: str, code: str, st: str | None, reason: str, data: Path | None) -> None:
    """Withdraw what CODE of MN stood for; values stored so far stay."""
    done = run("end_channel", {"mn": mn, "code": code, "st": st, "reason": reason}, data)
    click.echo(f"{done['withdrawn']} withdrawn")


def _tell(one: dict[str, Any]) -> None:
    edition = one["edition"] or "by frame"
    words = [
        one["mn"],
        one["firm"] or "-",
        one["name"],
        f"HJ 212 {edition}",
        f"password {'set' if one['password'] else 'none'}",
        f"keys {one['keys']}",
        f"minutes {one['minutes'] or 'not known'}",
        ", ".join(one["sites"]) or "no outlet",
    ]
    if not one["enabled"]:
        words.append("disabled")
    if one["simulated"]:
        words.append("simulated")
    click.echo("  ".join(word for word in words if word))
