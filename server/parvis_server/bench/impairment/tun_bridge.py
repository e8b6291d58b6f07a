"""The bridge between two TUN devices: a program of its own that holds packets back, or loses them.

``python -m parvis_server.bench.impairment.tun_bridge --near FD --far FD --profile JSON --seed N``
with the two descriptors inherited. It prints the beginning of the link's life (monotonic
nanoseconds), carries IP packets until its standard input ends, then prints its counts as JSON. So
it ends with its parent, however that ends.
"""

import argparse
import contextlib
import gc
import json
import os
import select
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parvis_server.bench.impairment.patterns import Direction, JitterLaw, Path, Profile

MTU_BYTES = 1500
MOST_HELD_PACKETS = 20_000
"""On each path, 30 MB: ten seconds of a link that carries 2000 packets a second."""

LATE_NS = 5_000_000
"""A packet that the bridge itself delivered so late was held up by this machine."""

PRIORITY = 20
"""Real time, below the mixer's: a network does not wait for a busy processor."""

IDLE_S = 1.0


@dataclass(slots=True)
class Lane:
    """One path with its two ends and the packets between them."""

    path: Path
    entrance: int
    exit: int
    held: deque[tuple[int, bytes]] = field(default_factory=deque)
    carried: int = 0
    late: int = 0
    """Delivered later than ``LATE_NS`` after their time."""
    worst_late_ns: int = 0
    refused: int = 0
    """Packets for which there was no room: here, or in the kernel."""

    def take_in(self, begin_ns: int) -> None:
        """Read all packets that wait at the entrance."""
        with contextlib.suppress(BlockingIOError):
            while packet := os.read(self.entrance, MTU_BYTES):
                if packet[0] >> 4 != 4:
                    continue  # the kernel's own IPv6 chatter is no traffic of ours
                leaves_ns = self.path.passes(time.monotonic_ns() - begin_ns, len(packet))
                if len(self.held) >= MOST_HELD_PACKETS:
                    self.refused += 1
                elif leaves_ns is not None:
                    self.held.append((begin_ns + leaves_ns, packet))

    def let_out(self) -> None:
        """Write all packets whose time has come."""
        while self.held and (late_ns := time.monotonic_ns() - self.held[0][0]) >= 0:
            try:
                os.write(self.exit, self.held.popleft()[1])
            except OSError:
                self.refused += 1
            self.carried += 1
            self.late += late_ns > LATE_NS
            self.worst_late_ns = max(self.worst_late_ns, late_ns)

    def counts(self) -> Mapping[str, int | float]:
        """What happened on this path."""
        return {
            "packets": self.path.packets,
            "lost": self.path.lost,
            "overflowed": self.path.overflowed,
            "refused": self.refused,
            "late": self.late,
            "worst_late_ms": round(self.worst_late_ns / 1e6, 2),
        }


def carry(lanes: tuple[Lane, Lane], begin_ns: int, until_readable: int) -> None:
    """Carry packets until a descriptor becomes readable (or ends)."""
    wanted = [until_readable, *(lane.entrance for lane in lanes)]
    while True:
        due_ns = [lane.held[0][0] for lane in lanes if lane.held]
        wait_s = (min(due_ns) - time.monotonic_ns()) / 1e9 if due_ns else IDLE_S
        readable, _, _ = select.select(wanted, [], [], max(wait_s, 0.0))
        if until_readable in readable:
            return
        for lane in lanes:
            if lane.entrance in readable:
                lane.take_in(begin_ns)
            lane.let_out()


def main() -> int:
    """Run the bridge; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m parvis_server.bench.impairment.tun_bridge", description=__doc__
    )
    for name in ("--near", "--far", "--seed"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--profile", type=json.loads, required=True)
    asked = parser.parse_args()
    profile = _profile(asked.profile)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    gc.disable()
    begin_ns = time.monotonic_ns()
    outward = Lane(Path(profile, asked.seed, Direction.OUTWARD), asked.near, asked.far)
    back = Lane(Path(profile, asked.seed, Direction.BACK), asked.far, asked.near)
    print(begin_ns, flush=True)
    carry((outward, back), begin_ns, sys.stdin.fileno())
    counts = {Direction.OUTWARD.value: outward.counts(), Direction.BACK.value: back.counts()}
    print(json.dumps(counts), flush=True)
    return 0


def _profile(said: Mapping[str, Any]) -> Profile:
    """As the parent wrote it; JSON knows neither tuples nor laws."""
    freeze_ms, law = tuple(said["freeze_ms"]), JitterLaw(said["jitter_law"])
    return Profile(**{**said, "freeze_ms": freeze_ms, "jitter_law": law})


if __name__ == "__main__":
    sys.exit(main())
