"""``fenhe restore``: a data folder from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.cli.backup import size
from fenhe.cli.owned import Bar


@click.command("restore")
@click.argument("backup", type=click.Path(path_type=Path, file_okay=False))
@click.argument("target", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--check", is_flag=True, help="Only read the backup and verify every hash.")
def command(backup: Path, target: Path | None, check: bool) -> None:
    """Make the empty folder TARGET the data folder of BACKUP, checking every byte.

    A damaged or missing file is named and ends it. The records, the store and its receipts are
    checked at the end.
    """
    from fenhe.platform.operations import restore

    if check:
        with Bar("verifying") as bar:
            made = restore.verify(backup, bar.show)
        click.echo(f"{backup}: commit {made.commit}, {len(made.files):,} files, all as written")
        return
    if target is None:
        raise click.UsageError("say where to: fenhe restore BACKUP TARGET")
    with Bar("restoring") as bar:
        done = restore.restore(backup, target.absolute(), bar.show)
    click.echo(
        f"{done['folder']}: commit {done['commit']}, {done['files']:,} files, "
        f"{size(done['bytes'])}; records, store and receipts checked"
    )
    for path in done["damaged"]:
        click.echo(f"damaged or missing when the backup was made: {path}", err=True)
    if done["upgrade"]:
        click.echo(f"next: fenhe upgrade --data {done['folder']}")
