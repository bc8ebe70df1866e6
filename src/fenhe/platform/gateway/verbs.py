"""What the command line asks of the gateway, as functions from plain data to plain data."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fenhe.base.errors import BadInput
from fenhe.platform.gateway import acts, catalogue, commands, live
from fenhe.platform.gateway.models import Command
from fenhe.platform.workflow.acts import Actor

Args = dict[str, Any]
Progress = Callable[[dict[str, Any]], None]
MOST = 500
LOOK_AGAIN = 0.2  # seconds between looks at a command somebody waits for
LONGEST_WAIT = 3600.0


def status(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return how the gateway of the owner stands; ``connections`` lists them too."""
    return live.state(connections=bool(args.get("connections")))


def send(args: Args, actor: Actor, progress: Progress) -> Any:
    """Send a command: ``mn``, ``cn``, ``fields`` ([[name, text]…]), ``reason``.

    With ``wait`` (seconds) its end is waited for. Returns the command; a secret in ``fields``
    is masked there.
    """
    fields = tuple((str(name), str(text)) for name, text in args.get("fields") or ())
    act = acts.act_for(args["mn"], str(args["cn"]), fields, args.get("reason") or "")
    return _followed(act.run(actor), args.get("wait"), progress)


def approve(args: Args, actor: Actor, progress: Progress) -> Any:
    """Approve the command ``id`` that somebody else asked for."""
    act = acts.ApproveCommand(acts.find(int(args["id"])), args.get("reason") or "")
    return _followed(act.run(actor), args.get("wait"), progress)


def withdraw(args: Args, actor: Actor, _progress: Progress) -> Any:
    """Take back the command ``id``, if it was not sent yet."""
    act = acts.Decide(acts.find(int(args["id"])), args.get("reason") or "")
    return commands.plain(act.run(actor))


def listed(args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return commands, newest first: of ``mn``, of all, or the one of ``id``."""
    if args.get("id"):
        return [commands.plain(acts.find(int(args["id"])))]
    found = Command.objects.all()
    if args.get("mn"):
        found = found.filter(mn__iexact=args["mn"])
    return [commands.plain(one) for one in found[: min(int(args.get("limit") or 50), MOST)]]


def known(_args: Args, _actor: Actor, _progress: Progress) -> Any:
    """Return the commands that can be sent, and what each needs."""
    return [vars(one) for one in catalogue.requests().values()]


def _followed(command: Command, wait: Any, progress: Progress) -> Any:
    """Return a command, after its end when ``wait`` seconds are enough for it."""
    seconds = float(wait or 0)
    if seconds < 0 or seconds > LONGEST_WAIT:
        raise BadInput(f"wait at most {LONGEST_WAIT:.0f} seconds")
    until, told = time.monotonic() + seconds, ""
    while not command.is_over and time.monotonic() < until:
        if command.state != told:
            told = command.state
            progress({"state": told})
        time.sleep(LOOK_AGAIN)
        command.refresh_from_db()
    return commands.plain(command)


def _plain(verb: Callable[[Args, Actor, Progress], Any]) -> Callable[[Args, Actor, Progress], Any]:
    def run(args: Args, actor: Actor, progress: Progress) -> Any:
        from fenhe.platform.verbs import plain

        return plain(verb(args, actor, progress))

    return run


VERBS: dict[str, Callable[[Args, Actor, Progress], Any]] = {
    "gateway_status": _plain(status),
    "gateway_command": _plain(send),
    "gateway_approve": _plain(approve),
    "gateway_withdraw": _plain(withdraw),
    "gateway_commands": _plain(listed),
    "gateway_known": _plain(known),
}
