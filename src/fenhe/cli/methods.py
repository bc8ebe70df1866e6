"""``fenhe methods``: list the methods, or show the contract of one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from fenhe import standards
from fenhe.methods import registry
from fenhe.methods.across import AcrossRows
from fenhe.methods.contract import Column, Method

_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group("methods", invoke_without_command=True)
@click.option("--markdown", "as_markdown", is_flag=True, help="Write docs/reference/methods.md.")
@_json
@click.pass_context
def command(context: click.Context, *, as_markdown: bool, as_json: bool) -> None:
    """List the methods, or show one."""
    if context.invoked_subcommand is not None:
        return
    if as_markdown:
        click.echo(markdown(), nl=False)
    else:
        _list(as_json=as_json)


@command.command("list")
@_json
def list_(*, as_json: bool) -> None:
    """List every method: one line each, the id first."""
    _list(as_json=as_json)


@command.command("show")
@click.argument("method_id", metavar="ID")
@_json
def show(*, method_id: str, as_json: bool) -> None:
    """Show columns, units, editions, parameters, rounding and missing-data rules of a method."""
    method = registry.method(method_id)
    if as_json:
        click.echo(json.dumps(contract(method), ensure_ascii=False, indent=2))
        return
    for line in _text(method):
        click.echo(line)


def contract(method: Method) -> dict[str, Any]:
    """Return what a method declares, as plain data."""
    catalogue = standards.catalogue()
    known = catalogue.editions(method.standard)
    also = [edition for name in method.also for edition in catalogue.editions(name)]
    return {
        "id": method.id,
        "zh": method.zh,
        "en": method.en,
        "standard": method.standard,
        "editions": [edition.id for edition in (*known, *also)],
        "default_edition": method.default_edition,
        "aliases": dict(method.aliases),
        "day": None if method.day is None else method.day[0],
        "inputs": [_column(column) for column in method.inputs],
        "outputs": [_column(column) for column in method.outputs(known, False)],
        "trace": [c.name for c in method.outputs(known, True)[len(method.outputs(known, False)) :]],
        "params": [{"name": p.name, "en": p.en, "zh": p.zh} for p in method.params],
        "rounding": method.rounding,
        "missing": method.missing,
    }


def markdown() -> str:
    """Return the reference page of all methods."""
    lines = ["# Methods", "", "Written by `fenhe methods --markdown`; do not edit.", ""]
    for method in registry.methods():
        told = contract(method)
        lines += [f"## {method.id}", "", f"{method.zh} · {method.en}", ""]
        lines += [
            f"- **Editions**: {', '.join(told['editions'])}",
            f"- **Edition of a row**: {_which(method)}",
            *(f"- **{name}** is read as {meant}" for name, meant in method.aliases.items()),
        ]
        lines += [f"- **Rounding**: {method.rounding}", f"- **Missing data**: {method.missing}"]
        lines += [f"- **Parameter** `{p.name}`: {p.en}" for p in method.params]
        for title, part in (
            ("Reads", "inputs"),
            ("Adds" if method.adds_columns else "Gives", "outputs"),
        ):
            lines += ["", f"| {title} | unit | 中文 | English |", "|---|---|---|---|"]
            lines += [_row(column) for column in told[part]]
        lines += ["", f"With `--trace`: {_traced(told['trace'])}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(c: dict[str, Any]) -> str:
    optional = " (optional)" if c["optional"] else ""
    return f"| `{c['name']}`{optional} | {c['unit']} | {c['zh']} | {c['en']} |"


def _list(*, as_json: bool) -> None:
    methods = registry.methods()
    if as_json:
        click.echo(json.dumps([contract(m) for m in methods], ensure_ascii=False, indent=2))
        return
    width = max(len(method.id) for method in methods)
    for method in methods:
        click.echo(f"{method.id:<{width}}  {method.standard}  {method.en}  {method.zh}")


def _text(method: Method) -> Iterator[str]:
    told = contract(method)
    yield f"{method.id}  {method.en}  {method.zh}"
    yield f"editions: {', '.join(told['editions'])}"
    yield f"edition of a row: {_which(method)}"
    yield from (f"{name} is read as {meant}" for name, meant in method.aliases.items())
    yield "reads:"
    yield from _columns(told["inputs"])
    yield "adds:" if method.adds_columns else "gives:"
    yield from _columns(told["outputs"])
    if told["trace"]:
        yield f"with --trace: {_traced(told['trace'])}"
    for param in method.params:
        yield f"parameter {param.name}: {param.en}"
    yield f"rounding: {method.rounding}"
    yield f"missing data: {method.missing}"


def _which(method: Method) -> str:
    if method.day is not None:
        return f"by the day of '{method.day[0]}', or --edition, or --on"
    if isinstance(method, AcrossRows) and method.by_period:
        return "by the days of each result's period, or --edition, or --on"
    if method.default_edition is None:
        return "--edition or --on"
    return f"{method.default_edition} unless --edition or --on says otherwise"


def _traced(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "no further columns"


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "unit": column.unit,
        "optional": column.optional,
        "codes": list(column.codes),
        "zh": column.zh,
        "en": column.en,
    }


def _columns(columns: Sequence[dict[str, Any]]) -> Iterator[str]:
    width = max(len(column["name"]) for column in columns)
    for c in columns:
        note = " (optional)" if c["optional"] else ""
        codes = f": {' '.join(c['codes'])}" if c["codes"] else ""
        yield f"  {c['name']:<{width}}  {c['unit'] or '-':<6}{c['en']}{codes}{note}  {c['zh']}"
