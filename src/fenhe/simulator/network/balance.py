"""What was said and what was heard of it: the balance of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Balance:
    """Counts of one logger or of a fleet.

    Records: ``made`` = ``told`` + ``empty`` + ``lost`` + ``waiting``. A record gives one
    telegram for each system (ST): ``sent`` = ``acknowledged`` + ``outstanding``. A telegram is
    one frame or, split, several; ``frames`` counts all transmissions, ``resent`` those that
    repeat one.
    """

    made: int = 0
    told: int = 0
    empty: int = 0  # nothing was measured
    lost: int = 0  # live values are not kept while the link is down
    waiting: int = 0
    late: int = 0  # told after their time, as retransmissions
    sent: int = 0
    acknowledged: int = 0
    outstanding: int = 0
    frames: int = 0
    resent: int = 0
    answered: Counter[str] = field(default_factory=Counter)  # requests of the host, by CN
    refused: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    failed: int = 0  # attempts to connect
    garbage: int = 0  # bytes from the host that were no frame

    def add(self, other: Balance) -> None:
        """Add the counts of another."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                getattr(self, name).update(value)
            else:
                setattr(self, name, getattr(self, name) + value)

    def balanced(self) -> bool:
        """Return whether every record and every telegram is accounted for."""
        records = self.made == self.told + self.empty + self.lost + self.waiting
        return records and self.sent == self.acknowledged + self.outstanding

    def plain(self) -> dict[str, object]:
        """Return the counts as they are written to a report."""
        told: dict[str, object] = {
            name: dict(sorted(value.items())) if isinstance(value, Counter) else value
            for name, value in vars(self).items()
        }
        return {**told, "balanced": self.balanced()}
