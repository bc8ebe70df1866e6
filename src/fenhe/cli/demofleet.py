"""The simulated outlets of ``fenhe demo``: entered in the registry, played by another process."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import click

from fenhe.base import beijing
from fenhe.base.errors import BadInput
from fenhe.base.instants import utc_now
from fenhe.cli import serve

SEED = 7
PAST = timedelta(days=2)  # told at the first start, so that there is something to look at
MARKED = timedelta(days=10)
# counties of the demonstration's map that the made-up plants are said to lie in
REGIONS = {
    "coking": "140121",
    "sinter": "140108",
    "power": "140110",
    "sewage": "140105",
    "park": "140109",
}
NOTE, LOG = "demo-fleet.json", "demo-fleet.log"


def check_free(listen: str) -> None:
    """Raise ``BadInput`` when the gateway could not listen there."""
    from fenhe.platform.gateway.config import Address

    address = Address.parse(listen)
    try:
        serve.check_free(address.host, address.port)
    except BadInput as error:
        told = error.message.split(";", maxsplit=1)[0]
        raise BadInput(
            f"{told}; choose another --gateway (make demo GATEWAY=127.0.0.1:9213)"
        ) from None


def enter(say: Callable[[str], None]) -> None:
    """Enter outlets, loggers, made-up permits and the marks of the last days."""
    from fenhe.platform.demo import outlets
    from fenhe.simulator import fleet, registry, series
    from fenhe.simulator.planted.plan import chosen
    from fenhe.simulator.simulation import Simulation

    made = fleet.make(seed=SEED)
    now = utc_now()
    marks = series.marks(Simulation(made, chosen("all")), now - MARKED, now)
    filed = marks.filter(marks["submitted_at"] < now).to_dicts()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simulated.xlsx"
        places = {plant: registry.Place(region) for plant, region in REGIONS.items()}
        registry.write(registry.lists(made, places), path)
        outlets.enter(path, filed, say)


@contextlib.contextmanager
def playing(folder: Path, listen: str) -> Iterator[None]:
    """Play the fleet in a process of its own until left; its words go to a file."""
    from fenhe.platform.gateway.config import Address

    address = Address.parse(listen)
    first = beijing.to_beijing(utc_now() - PAST)
    command = [
        sys.executable, "-c", "from fenhe.cli.main import main; main()", "simulate",
        "--host", address.host, "--port", str(address.port), "--seed", str(SEED),
        "--since", f"{first:%Y-%m-%dT%H:%M}", "--note", str(folder / NOTE), "--leash",
    ]  # fmt: skip
    with (folder / LOG).open("wb") as words:
        player = subprocess.Popen(  # noqa: S603  our own program
            command, stdin=subprocess.PIPE, stdout=words, stderr=subprocess.STDOUT
        )
        click.echo(f"gateway: {listen}  (simulated outlets connect to it; --no-fleet leaves out)")
        try:
            yield
        finally:
            _end(player)


def _end(player: subprocess.Popen[bytes]) -> None:
    player.send_signal(signal.SIGTERM)
    assert player.stdin is not None  # noqa: S101
    player.stdin.close()
    try:
        player.wait(15)
    except subprocess.TimeoutExpired:
        player.kill()
        player.wait(15)
