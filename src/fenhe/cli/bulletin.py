"""``fenhe bulletin``: frozen monthly bulletins, and the papers made from them."""

from __future__ import annotations

from pathlib import Path

import click

from fenhe.base.errors import FenheError
from fenhe.cli.owned import data_option, run


@click.group("bulletin")
def command() -> None:
    """Freeze a month's bulletin, check it, write it as PDF or Word."""


@command.command("freeze")
@click.argument("month", metavar="YYYY-MM")
@click.option("--region", metavar="CODE", required=True, help="Whose cities are ranked.")
@click.option(
    "--subject",
    type=click.Choice(["city", "published"]),
    default="city",
    show_default=True,
    help="Cities from their stations, or from daily values published for them.",
)
@click.option("--limits", metavar="EDITION", default="GB3095-2012", show_default=True)
@click.option("--index", metavar="EDITION", help="Index edition; the one of the limits without it.")
@click.option("--reason", default="", help="For the log.")
@data_option
def freeze(  # noqa: PLR0917 (one option each)
    month: str,
    region: str,
    subject: str,
    limits: str,
    index: str | None,
    reason: str,
    data: Path | None,
) -> None:
    """Pin the bulletin of a month to the store's commit and this release."""
    args = {
        "month": month,
        "region": region,
        "subject": subject,
        "limits": limits,
        "index": index,
        "reason": reason,
    }
    made = run("freeze_month", args, data)
    click.echo(f"{made['key']}\n  commit {made['commit']}, result {made['result_sha256']}")


@command.command("list")
@data_option
def list_runs(data: Path | None) -> None:
    """List the frozen runs, newest first."""
    for row in run("frozen_runs", {}, data):
        click.echo(
            f"{row['key']}  commit {row['commit']}  {row['created_at'][:16]}  {row['title']}"
        )


@command.command("verify")
@click.argument("key")
@data_option
def verify(key: str, data: Path | None) -> None:
    """Compute a frozen run again and compare it byte for byte; exit code 2 when it differs."""
    told = run("verify_run", {"key": key}, data)
    if told["kept"] and told["recipe"] and told["same"]:
        click.echo(f"{key}: the same bytes from commit {told['commit']}")
        return
    wrong = ", ".join(name for name in ("kept", "recipe", "same") if not told[name])
    raise FenheError(
        f"{key} does not come out the same ({wrong}); frozen by release {told['frozen_by']}, "
        f"computed again by {told['version']}"
    )


@command.command("write")
@click.argument("key")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@data_option
def write(key: str, output: Path, lang: str, data: Path | None) -> None:
    """Write a frozen bulletin as .pdf, .docx or .json."""
    args = {"key": key, "output": str(output.resolve()), "lang": lang}
    told = run("write_bulletin", args, data)
    click.echo(f"{told['output']}: {told['bytes']:,} bytes")
