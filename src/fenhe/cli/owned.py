"""Run a verb of the store where the store is: through the owner, or here when nobody owns it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click

from fenhe.platform import boot, wire

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder; FENHE_DATA or ./fenhe-data without it.",
)

# verbs after which verdicts are judged
BRINGS = frozenset(
    ("import", "replay", "stations", "boundaries", "regions", "move_station", "run_source")
)


def run(verb: str, args: dict[str, Any], data: Path | None, label: str = "") -> Any:
    """Run a verb and return its result; shows a progress bar when ``label`` is given.

    With a server running the verb runs there; without one the store is opened here.
    Raises ``StoreOwned`` naming the pid when another process holds the store and does not serve.
    """
    folder = boot.find(data)
    with Bar(label) as bar:
        if wire.is_served(folder):
            return wire.call(folder, verb, args, bar.show)
        boot.start(folder)
        from fenhe.platform import owner, verbs

        try:
            result = verbs.run(verb, args, progress=bar.show)
            if verb in BRINGS:
                _judge(label and "judging")
            return result
        finally:
            owner.close()


def _judge(label: str) -> None:
    """Bring the verdicts up to date, as the worker of a server would."""
    from fenhe.platform import verbs

    with Bar(label) as bar:
        verbs.run("judge", {}, progress=bar.show)


class Bar:
    """A progress bar on a terminal; nothing elsewhere."""

    def __init__(self, label: str) -> None:
        self._label = label if sys.stderr.isatty() else ""
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)

    def show(self, told: dict[str, Any]) -> None:
        """Show how many rows are done."""
        if not self._label or "rows" not in told:
            return
        if self._bar is None:
            self._bar = click.progressbar(length=told["of"], label=self._label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.length = max(told["of"], 1)
        self._bar.update(told["rows"] - self._bar.pos)
