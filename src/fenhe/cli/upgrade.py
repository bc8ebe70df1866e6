"""``fenhe upgrade``: bring a data folder of an older version to this one."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe import __version__
from fenhe.base.errors import BadInput
from fenhe.cli.owned import Bar, data_option
from fenhe.platform import boot


@click.command("upgrade")
@click.option(
    "--backup",
    "target",
    type=click.Path(path_type=Path),
    help="Where the backup goes; beside the data folder without it.",
)
@click.option("--no-backup", is_flag=True, help="Make no backup first.")
@data_option
def command(target: Path | None, no_backup: bool, data: Path | None) -> None:
    """Upgrade a data folder; a backup comes first. Stop the server before.

    A folder of this version is left as it is; one of a newer version is refused.
    """
    from fenhe.platform.operations import upgrade

    if target is not None and no_backup:
        raise BadInput("give --backup or --no-backup, not both")
    folder = boot.find(data)
    where = None if no_backup else target or upgrade.backup_name(folder)
    with Bar("backing up") as bar:
        done = upgrade.upgrade(folder, where and where.absolute(), bar.show, click.echo)
    if done:
        click.echo(f"{folder} is of Fenhe {__version__} now; start the server again")
    else:
        click.echo(f"{folder} is of Fenhe {__version__} already; nothing to do")
