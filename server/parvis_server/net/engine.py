"""What the hub needs of the mixing engine."""

import asyncio
from typing import Protocol

from parvis_server.engine.stage import CheckOutput, SetStage


class Engine(Protocol):
    """``engine.supervisor`` has the real one."""

    @property
    def dropped_packets(self) -> int:
        """Packets that no engine could take."""

    @property
    def restarts(self) -> int:
        """Live engines that had to be replaced."""

    @property
    def ready(self) -> asyncio.Event:
        """Set while an engine is live."""

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this from now on."""

    def check_output(self, command: CheckOutput) -> bool:
        """Begin a sound check; False when no engine could take it."""

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        """Hand over a source's packet."""
