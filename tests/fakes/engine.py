"""An engine for the hub's tests: it notes what it is told and says what a test makes it say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from parvis_server.engine.boundary import EngineStats, OutputPacket, StageReport
from parvis_server.engine.stage import CheckOutput, SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket

PROGRAM_SSRC = 0xA11


class FakeEngine:
    """Has the interface of ``EngineSupervisor``; mixes nothing."""

    def __init__(
        self,
        on_program: Callable[[int, bytes], None],
        on_levels: Callable[[dict[int, float]], None],
        on_stats: Callable[[EngineStats], None],
        origin_ns: int,
        *,
        on_stage: Callable[[StageReport], None],
        frame_ms: int,
    ) -> None:
        self.ready = asyncio.Event()
        self.restarts = 0
        self.origin_ns = origin_ns
        self.frame_ms = frame_ms
        self.stage = SetStage()
        self.report = on_stage
        """Say something about an output."""
        self.checks: list[CheckOutput] = []
        self.takes_checks = True
        self.packets: list[tuple[bytes, int]] = []
        self.levels = on_levels
        self.stats = on_stats
        self.said = 0
        self.breaks = asyncio.Event()
        """Set it to make ``run`` fail."""
        self._on_program = on_program

    @property
    def sources(self) -> tuple[SourceSpec, ...]:
        return self.stage.sources

    @property
    def dropped_packets(self) -> int:
        return 0

    def set_stage(self, stage: SetStage) -> None:
        self.stage = stage

    def check_output(self, command: CheckOutput) -> bool:
        if self.takes_checks:
            self.checks.append(command)
        return self.takes_checks

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        self.packets.append((rtp, arrival_ns))

    async def run(self) -> None:
        self.ready.set()
        self.stats(EngineStats())
        await self.breaks.wait()
        raise RuntimeError("the test broke the engine")

    def play(
        self, ssrc: int, timestamp: int, sequence: int = 0, payload: bytes = b"\xf8\xff\xfe"
    ) -> None:
        """One packet of an output's bus."""
        packet = RtpPacket(sequence=sequence, timestamp=timestamp, ssrc=ssrc, payload=payload)
        self.report(OutputPacket(packet.serialize()))

    def say(self, payload: bytes = b"\xf8\xff\xfe", count: int = 1) -> bytes:
        """Send program packets of 20 ms to everybody; the last one's RTP bytes."""
        rtp = b""
        for _ in range(count):
            packet = RtpPacket(
                sequence=self.said % (1 << 16),
                timestamp=960 * self.said % (1 << 32),
                ssrc=PROGRAM_SSRC,
                payload=payload,
            )
            rtp = packet.serialize()
            self.said += 1
            self._on_program(20, rtp)
        return rtp
