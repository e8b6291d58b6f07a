"""A bank of outputs that keeps what the sources contribute, for tests of the mix."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parvis_server.engine.boundary import ProgramPacket
from parvis_server.engine.contributions import Contributions, OutputSaid
from parvis_server.engine.stage import CheckOutput, SetStage
from parvis_wire.rtp import RtpPacket


@dataclass
class FakeOutputs:
    """Says one program packet every second tick, as the real one does in ticks of 10 ms."""

    stages: list[SetStage] = field(default_factory=list)
    checks: list[CheckOutput] = field(default_factory=list)
    complexity: int = 10
    heard: list[Contributions] = field(default_factory=list)
    ssrc: int = 7
    program_db: float = 0.0
    says: dict[int, tuple[OutputSaid, ...]] = field(default_factory=dict)
    """What else it says, by how many ticks there were."""

    def begin_at(self, program_db: float) -> None:
        self.program_db = program_db

    def set_stage(self, stage: SetStage) -> None:
        self.stages.append(stage)

    def check(self, command: CheckOutput) -> None:
        self.checks.append(command)

    def set_complexity(self, most: int) -> None:
        self.complexity = most

    def tick(self, tick: int, now_ns: int, contributions: Contributions) -> tuple[OutputSaid, ...]:
        self.heard.append(contributions)
        also = self.says.get(len(self.heard), ())
        if tick % 2 == 0:
            return also
        number = tick // 2
        packet = RtpPacket(number % 2**16, number * 960 % 2**32, self.ssrc, b"\xf8\xff\xfe")
        return (ProgramPacket(20, packet.serialize()), *also)

    def of(self, ssrc: int) -> NDArray[np.float32]:
        """What a source contributed; zeros while it was not there."""
        rows = []
        for tick in self.heard:
            silence = np.zeros(tick.frames.shape[1], dtype=np.float32)
            rows.append(tick.frames[tick.ssrcs.index(ssrc)] if ssrc in tick.ssrcs else silence)
        return np.concatenate(rows)

    def sum(self) -> NDArray[np.float32]:
        """Everything together."""
        return np.concatenate([tick.frames.sum(axis=0) for tick in self.heard])
