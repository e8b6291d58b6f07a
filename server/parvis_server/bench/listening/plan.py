"""What a process of listeners is told, and what it answers: lines of JSON over its pipes."""

import json
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Target:
    """One place to listen at."""

    address: str
    port: int
    host: str
    """As requests name it."""
    path: str = "/ws/listen"
    encrypted: bool = False
    weight: int = 1
    """Listeners come in proportion to it, as pages do; see ``Plan.target``."""

    @property
    def authority(self) -> str:
        """For the ``Host`` of a request."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one process does."""

    targets: tuple[Target, ...]
    """Listeners take them in turn; of different weights, they draw one as the page does."""
    join: str
    """The first message of each."""
    listeners: int
    joins_per_s: float
    leaves: bool = False
    """They leave once they hear, and others come at the same rate until the end."""
    trusted: str | None = None
    """PEM file that is trusted instead of the system's authorities."""
    most_s: float = 3600.0
    """It ends by itself after so long."""

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """What ``as_json`` gave."""
        told: dict[str, Any] = json.loads(line)
        targets = tuple(Target(**target) for target in told.pop("targets"))
        return cls(targets=targets, **told)

    def target(self, number: int, random: Random) -> Target:
        """Where the listener of this number goes."""
        weights = [target.weight for target in self.targets]
        if len(set(weights)) == 1:
            return self.targets[number % len(self.targets)]
        return random.choices(self.targets, weights)[0]

    def share(self, part: int, parts: int) -> "Plan":
        """What one of several processes does."""
        told = asdict(self)
        count = self.listeners // parts + (part < self.listeners % parts)
        turn = part % len(self.targets)
        told["targets"] = self.targets[turn:] + self.targets[:turn]
        return Plan(**told | {"listeners": count, "joins_per_s": self.joins_per_s / parts})
