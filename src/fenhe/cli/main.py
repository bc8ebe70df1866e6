"""Entry point of ``fenhe``: finds the verb and loads only the module it needs."""

from __future__ import annotations

import importlib
import sys

import click

from fenhe import __version__
from fenhe.base.errors import FenheError

# verb -> (module, line shown by --help); the module holds a click command called ``command``
VERBS: dict[str, tuple[str, str]] = {
    "judge": ("fenhe.cli.judge", "Judge a table by a method and the edition of its own day."),
    "check": ("fenhe.cli.check", "Check series in a file: range, spike, flat line, gap …"),
    "methods": ("fenhe.cli.methods", "List the methods, or show one."),
    "standards": ("fenhe.cli.standards", "List, show, compare standards; find a limit by day."),
    "glossary": ("fenhe.cli.glossary", "List the words of the project in both languages."),
    "import": ("fenhe.cli.import_", "Preview a file, then load it into the store."),
    "feeds": ("fenhe.cli.feeds", "List the known feeds, or show one."),
    "sources": ("fenhe.cli.sources", "Standing feeds: add, run, pause, status."),
    "alarms": ("fenhe.cli.alarms", "Alarms about the system itself, and who is told of them."),
    "hj212": ("fenhe.cli.hj212", "Decode and encode frames of HJ 212."),
    "receipts": ("fenhe.cli.receipts", "Show received = stored + duplicate + rejected."),
    "export": ("fenhe.cli.export", "Write observations or verdicts of the store to a file."),
    "bulletin": ("fenhe.cli.bulletin", "Freeze a month's bulletin; write it as PDF or Word."),
    "stations": ("fenhe.cli.stations", "List stations; say for which city one counts."),
    "outlets": ("fenhe.cli.outlets", "Outlets of firms: import lists, list, file marks."),
    "devices": ("fenhe.cli.devices", "Data loggers: add, change, keys, what their codes mean."),
    "user": ("fenhe.cli.user", "Add people and set their role and place."),
    "token": ("fenhe.cli.token", "Tokens of programs for the HTTP interface."),
    "init": ("fenhe.cli.init", "Prepare a data folder."),
    "serve": ("fenhe.cli.serve", "Serve the web pages; owner of the data folder."),
    "gateway": ("fenhe.cli.gateway", "Listen for data loggers; status, commands to them."),
    "rawlog": ("fenhe.cli.rawlog", "Raw logs of gateways: list, verify, export, retain."),
    "backup": ("fenhe.cli.backup", "Back a data folder up at one commit, while it is served."),
    "restore": ("fenhe.cli.restore", "Make a data folder from a backup, every byte checked."),
    "upgrade": ("fenhe.cli.upgrade", "Bring a data folder of an older version to this one."),
    "doctor": ("fenhe.cli.doctor", "Check a data folder and say what to do."),
    "simulate": ("fenhe.cli.simulate", "Play made-up outlets over TCP, or write their data."),
    "demo": ("fenhe.cli.demo", "Load the demonstration data."),
}


class LazyGroup(click.Group):
    """A group that imports a verb's module only when that verb is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in reading order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb, or None when there is no such verb."""
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(VERBS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing any of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="fenhe")
def cli() -> None:
    """Fenhe (汾河): from raw measurements to verdicts that hold."""


def main() -> None:
    """Run the command line; an error made for people is one line, not a traceback."""
    try:
        cli.main(standalone_mode=False)
    except FenheError as error:
        click.echo(f"fenhe: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("fenhe: stopped", err=True)
        sys.exit(130)
