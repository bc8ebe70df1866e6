"""``fenhe init``: prepare a data folder."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.cli.owned import data_option
from fenhe.platform import boot


@click.command("init")
@data_option
def command(data: Path | None) -> None:
    """Prepare a data folder: key, tables, standing assessments. What is there already stays."""
    folder = boot.prepare(data)
    from fenhe.platform.verdicts import standing

    for assessment in standing.create():
        click.echo(f"{assessment.key}: {assessment.title_en}")
    click.echo(f"{folder} is ready; next: fenhe import stations FILE, fenhe serve")
