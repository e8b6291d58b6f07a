"""A recorder without a process: a hub that speaks to its core, and its files in a real folder."""

from pathlib import Path

from parvis_server.engine.tap import Tap, TapFrame
from parvis_server.record.files import RecordFiles
from parvis_server.record.mend import mend
from parvis_server.record.messages import (
    Begin,
    End,
    Happened,
    Sound,
    SoundPacket,
    Tapped,
    ToRecorder,
    Voices,
)
from parvis_server.record.recorder import Recorder
from parvis_server.record.recording import Recording, Talker, TrackKind

MIX_SSRC = 1000
TICK = 480
MS = 1_000_000
CELT_10_MS = bytes((30 << 3,))
CELT_20_MS = bytes((31 << 3,))


def payload(ssrc: int, number: int, size: int = 80, toc: bytes = CELT_10_MS) -> bytes:
    """Bytes that look like an Opus packet, another for each source and number."""
    return toc + bytes((ssrc * 7 + number * 13 + at) % 256 for at in range(size - 1))


def talker(ssrc: int, kind: TrackKind = TrackKind.UNIT) -> Talker:
    """Somebody with this source."""
    return Talker(ssrc=ssrc, kind=kind, participant=f"p{ssrc}", name=f"Person {ssrc}")


def recording(begun_clock: int = 0, room: str = "hall") -> Recording:
    """A recording that begins now."""
    return Recording(
        recording="20261123T120000Z-1",
        room=room,
        title="Evening",
        begun_utc_ms=1_795_000_000_000,
        begun_clock=begun_clock,
        text_version="0123456789abcdef",
    )


class FakeHub:
    """Says what a hub says in the course of a room, tick by tick of 10 ms."""

    def __init__(self, begun_clock: int = 0, sources: tuple[int, ...] = (1, 2)) -> None:
        self.clock = begun_clock
        self.begun = recording(begun_clock)
        self.sources = sources
        self.events = 0

    def begin(self) -> list[ToRecorder]:
        """The start, also of a recorder that was started anew."""
        return [
            Begin(number=1, recording=self.begun, mix_ssrc=MIX_SSRC, room_clock=self.clock),
            self.voices(),
        ]

    def voices(self) -> Voices:
        """Those who are recorded now."""
        talkers = tuple(talker(ssrc) for ssrc in self.sources)
        return Voices(number=1, room_clock=self.clock, talkers=talkers)

    def tick(self) -> list[ToRecorder]:
        """10 ms: a packet of each, the tap; every 20 ms the mix; every 100 ms an event."""
        number = self.clock // TICK
        packets = [
            SoundPacket(ssrc, (self.clock + 500 * ssrc) % 2**32, payload(ssrc, number))
            for ssrc in self.sources
        ]
        if number % 2 == 0:
            mixed = payload(MIX_SSRC, number, toc=CELT_20_MS)
            packets.append(SoundPacket(MIX_SSRC, self.clock % 2**32, mixed))
        frames = tuple(
            TapFrame(ssrc, (self.clock + 500 * ssrc) % 2**32, 1.0) for ssrc in self.sources
        )
        tap = Tap.of(self.clock, 1.0, frames)
        said: list[ToRecorder] = [Sound(1, tuple(packets)), Tapped(1, tap.serialize())]
        if number % 10 == 0:
            self.events += 1
            line = f'{{"seq": {self.events}, "room_clock": {self.clock}}}'
            said.append(Happened(1, line.encode()))
        self.clock += TICK
        return said

    def end(self) -> End:
        """The stop."""
        lasted_ms = (self.clock - self.begun.begun_clock) // 48
        utc_ms = self.begun.begun_utc_ms + lasted_ms
        return End(number=1, room_clock=self.clock, utc_ms=utc_ms)


class Bench:
    """The core and a folder, driven by hand."""

    def __init__(self, folder: Path, budget_bytes: int | None = None) -> None:
        self.files = RecordFiles(folder)
        self.core = Recorder(budget_bytes)
        self.now_ns = 0

    def tell(self, *said: ToRecorder) -> None:
        """The recorder hears this."""
        for one in said:
            if isinstance(one, Begin):
                found = mend(self.files.folder / one.recording.folder)
                self.files.carry_out(self.core.begin(one, found))
            else:
                self.files.carry_out(self.core.handle(one, self.now_ns))

    def run(self, hub: FakeHub, ticks: int) -> None:
        """So many ticks of a room."""
        for _ in range(ticks):
            self.tell(*hub.tick())
            self.now_ns += 10 * MS
            self.files.carry_out(self.core.tick(self.now_ns))
