"""What a bench of listeners is asked for. Pure but for the number of cores."""

import os
from dataclasses import dataclass

ANSWER_S = 30.0
"""After a window's end: stragglers are waited for, and the bins are written."""

PATIENCE_S = 35.0
"""After the last call: whoever hears nothing by then does not."""

MOST_WITHOUT_EDGES, MOST_WORKERS = 500, 4
"""More listeners, and a hub starts one edge for each core, at most so many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured."""

    listeners: int
    seconds: float
    links: tuple[str, ...] = ()
    """Where to; none: a hub of this bench's own."""
    joins_per_s: float = 300.0
    processes: int = 1
    edge_workers: int | None = None
    """Of a hub of its own; None: as many as the hub would start by itself, from the beginning."""
    packet_ms: int | None = None
    """Of a hub of its own: packets of this length from the beginning; None: as it decides."""
    encrypted: bool = False
    """A hub of its own is listened to over TLS."""
    trusted: str | None = None
    invite: str | None = None
    newcomers_per_s: float = 0.0
    stuck: int = 0
    hostile: int = 0

    @property
    def workers(self) -> int:
        """Edge workers of a hub of its own."""
        if self.edge_workers is not None:
            return self.edge_workers
        alone = self.encrypted or self.listeners <= MOST_WITHOUT_EDGES
        return 0 if alone else min(MOST_WORKERS, os.cpu_count() or 1)

    @property
    def is_disturbed(self) -> bool:
        """Whether there are two windows."""
        return bool(self.newcomers_per_s or self.stuck or self.hostile)

    @property
    def longest_s(self) -> float:
        """After this everything has ended by itself."""
        joining_s = self.listeners / self.joins_per_s + PATIENCE_S
        return 2 * joining_s + 2 * (self.seconds + ANSWER_S) + 60.0
