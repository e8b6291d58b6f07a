"""A hub that records a lectern, with a real recorder process and an engine that says what a test
says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fakes.house import eventually
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from fakes.recording_judge import Kept, opened
from parvis_server.config import ReadingSettings, RecordingSettings
from parvis_server.engine.tap import Tap, TapFrame
from parvis_server.hub_recorder import HubRecorder
from parvis_server.record.recording import Recording
from parvis_wire.messages import Change, Role
from parvis_wire.recording import RecordingStopped, RecordingTerms, Unattended
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import UnitTraits

LECTERN = UnitTraits(always_open=True)
CONTACT = RecordingSettings(contact="ada@example.org")
SILENT = ReadingSettings(command=())
OF_THE_HALL = RecordingTerms(unattended=Unattended.RECORDED)
CELT_20_MS = bytes((31 << 3,))


ALL_BUT_THE_LAST = 39
"""Of 40 packets: one waits for the page that would end the file, which only an end writes."""

PATIENCE_S = 60.0
"""For what another process does: it imports its libraries first, on a machine that others use."""


async def in_the_end(holds: Callable[[], bool]) -> None:
    """Wait for what another process is about to do."""
    for _ in range(round(PATIENCE_S / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it did not come to that within {PATIENCE_S:.0f} s")


@asynccontextmanager
async def hub_that_records(
    data: Path, recorder: HubRecorder, **options: Any
) -> AsyncIterator[LiveHub]:
    async with live_hub(
        data, recording=CONTACT, reading=SILENT, recorder=recorder, **options
    ) as hub:
        yield hub


@asynccontextmanager
async def people(hub: LiveHub) -> AsyncIterator[tuple[Peer, Peer]]:
    """A host, and a lectern whose microphone is always open."""
    credential = host_credential(hub.secret)
    async with (
        joined(hub.listen, Role.HOST, credential=credential) as host,
        joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern,
    ):
        yield host, lectern


def spoken(number: int) -> bytes:
    """An Opus packet of 20 ms that is told from others."""
    return CELT_20_MS + bytes((number % 256, number // 256, 77)) * 20


async def speak(hub: LiveHub, lectern: Peer, numbers: range) -> None:
    """The lectern sends; the engine mixes and taps."""
    ssrc, record = lectern.welcome.ssrc, hub.engine.stage.record_ssrc
    assert ssrc is not None
    for number in numbers:
        clock = 48_000 + 960 * number
        rtp = RtpPacket(number, 960 * number, ssrc, spoken(number)).serialize()
        await lectern.socket.send(rtp)
        if record is not None:
            hub.engine.play(record, clock, number, payload=spoken(number + 1000))
            for tick in range(2):
                frame = TapFrame(ssrc, 960 * number + 480 * tick, 0.5)
                hub.engine.report(Tap.of(clock + 480 * tick, 1.0, (frame,)))
        await asyncio.sleep(0.02)  # faster would be a flood, which is refused
    wanted = numbers[-1].to_bytes(2)
    await eventually(lambda: any(rtp[2:4] == wanted for rtp, _ in hub.engine.packets))


async def kept(folder: Path) -> Kept:
    """The recording, once it is ended."""

    def ended() -> bool:
        found = list(folder.glob("*/*/recording.json"))
        return bool(found) and Recording.parse(found[0].read_bytes()).ended_clock is not None

    await in_the_end(ended)
    return opened(next(folder.glob("*/*")))  # noqa: ASYNC240


async def the_end_of_it(host: Peer) -> RecordingStopped:
    """Wait until the recording stops."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await host.hear()
            if isinstance(message, Change) and isinstance(message.event, RecordingStopped):
                return message.event
