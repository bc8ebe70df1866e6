"""``fenhe rawlog replay``: bring in what waited for a device, a channel or a key."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.cli.owned import data_option, run


@click.command("replay")
@click.option("--device", "mn", metavar="MN", help="Only frames of this device.")
@data_option
def command(mn: str | None, data: Path | None) -> None:
    """Read again, from the kept bytes, what could not be stored and can be now.

    Each value comes in once; what came in since and says otherwise stands.
    """
    done = run("replay_frames", {"mn": mn}, data, label="reading")
    counts = "received {received} = stored {stored} + duplicate {duplicate} + rejected {rejected}"
    click.echo(f"{done['waiting']} cells were waiting; {counts.format(**done)}")
