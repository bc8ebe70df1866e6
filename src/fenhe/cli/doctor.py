"""``fenhe doctor``: what is well with a data folder, what is not, and what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from fenhe.base.errors import FenheError
from fenhe.cli.owned import data_option, run
from fenhe.platform import boot
from fenhe.platform.operations.findings import Finding, Level, fail, from_plain, worst

MARKS = {Level.OK: "ok  ", Level.WARN: "warn", Level.FAIL: "FAIL"}


@click.command("doctor")
@click.option("--all", "every", is_flag=True, help="Read every raw file, not a sample.")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
@data_option
def command(every: bool, as_json: bool, data: Path | None) -> None:
    """Check a data folder, served or not, and change nothing.

    Disk, rights, owner, records, version, time zone, assets; clock, files against catalogue,
    receipts, raw files, how far the verdicts are behind. Exit code 0: all well; 1: something to
    see to; 2: something is broken.
    """
    found = []
    for finding in look(data, every=every):
        found.append(finding)
        if not as_json:
            show(finding)
    if as_json:
        click.echo(json.dumps([one.plain() for one in found], ensure_ascii=False, indent=1))
    sys.exit(worst(found))


def look(data: Path | None, *, every: bool) -> Iterator[Finding]:
    """Yield the findings as they come."""
    from fenhe.platform.operations import outside

    folder = boot.find(data)
    before = []
    for finding in outside.look(folder):
        before.append(finding)
        yield finding
    if any(one.check == "version" and one.level is Level.FAIL for one in before):
        return  # the store is looked at once the folder is of this version
    try:
        for told in run("doctor", {"all": every}, data, label="reading"):
            yield from_plain(told)
    except FenheError as error:
        yield fail("store", str(error), "mend what the message names, then run the doctor again")


def show(finding: Finding) -> None:
    """Print one finding."""
    click.echo(f"{MARKS[finding.level]}  {finding.check}: {finding.message}")
    if finding.level is not Level.OK:
        click.echo(f"      do: {finding.remedy}")
