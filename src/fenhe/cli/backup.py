"""``fenhe backup``: everything of a data folder at one commit, while it is served."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fenhe.cli.owned import data_option, run


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--since",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="BACKUP",
    help="Link the files an earlier backup on the same disk has already.",
)
@data_option
def command(target: Path, since: Path | None, data: Path | None) -> None:
    """Write a backup to the folder TARGET, which must not exist.

    Records, values, raw files and the secret key, all at one commit. A server and its imports
    go on meanwhile. Exit code 1 when a raw file is damaged; the rest is backed up all the same.
    """
    asked = {"target": str(target.absolute()), "since": str(since.absolute()) if since else None}
    tell(run("backup", asked, data, label="backing up"))


def tell(made: dict[str, Any]) -> None:
    """Print what a backup holds; end with code 1 when raw files are damaged."""
    click.echo(
        f"{made['folder']}: commit {made['commit']}, {made['files']:,} files, "
        f"{size(made['bytes'])}, {size(made['copied'])} of it copied"
    )
    for path in made["damaged"]:
        click.echo(f"damaged or missing in the data folder: {path}", err=True)
    if made["damaged"]:
        sys.exit(1)


def size(count: float) -> str:
    """Return bytes as a person reads them."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
