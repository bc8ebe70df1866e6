"""The act of taking up what could not be stored, and the verbs of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fenhe.platform import owner
from fenhe.platform.monitoring.frames import evidence, replay
from fenhe.platform.monitoring.frames.taker import Taker
from fenhe.platform.operations import running
from fenhe.platform.registry import door, outletacts
from fenhe.platform.workflow.acts import Act, Actor

Progress = Callable[[dict[str, Any]], None]


@dataclass
class ReplayFrames(Act[replay.Outcome]):
    """Bring in what waited for a device, a channel, a key: once, and nothing else."""

    event = "monitoring.replay_frames"
    atomic = False
    mn: str = ""
    progress: Progress | None = None

    def target(self) -> door.Target:
        """The firm of the device; the system as a whole without one."""
        return outletacts.find(self.mn).organisation if self.mn else None

    def do(self, actor: Actor) -> replay.Outcome:
        """Take up every waiting cell that can be stored now."""
        return replay.replay(owner.store(), actor.name, self.mn or None, self.progress)

    def after(self, result: replay.Outcome) -> Any:
        """The device and the receipt."""
        return {"mn": self.mn, "waiting": result.waiting, **result.counts}


def replay_frames(args: dict[str, Any], actor: Actor, progress: Progress) -> Any:
    """Take up what waits, of the device ``mn`` or of all; returns the receipt.

    Where no server follows the logs, what they hold is taken into the store first.
    """
    store = owner.store()
    if not isinstance(running.now.threads.get("frames"), Taker):
        for name in store.streams.names():
            replay.caught_up(store, name)
    done = ReplayFrames(args.get("mn") or "", progress).run(actor)
    counts = dict.fromkeys(("received", "stored", "corrected", "duplicate", "rejected"), 0)
    return {"segments": done.segments, "waiting": done.waiting, **counts, **done.counts}


def show_frame(args: dict[str, Any], _actor: Actor, _progress: Progress) -> Any:
    """Return the frame at ``entry`` of ``segment``: bytes, fields, what became of them."""
    return _plain(evidence.frame_of(args["segment"], int(args["entry"])))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


VERBS: dict[str, Callable[[dict[str, Any], Actor, Progress], Any]] = {
    "replay_frames": replay_frames,
    "show_frame": show_frame,
}
