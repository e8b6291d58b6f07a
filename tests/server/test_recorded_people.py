"""People of a room that is being recorded: who leaves it for good, and a host who is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from fakes.house import FakeClock, eventually
from fakes.live_hub import LiveHub
from fakes.peer import joined
from fakes.recorded_hub import (
    OF_THE_HALL,
    hub_that_records,
    in_the_end,
    kept,
    people,
    speak,
    spoken,
)
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import Done, HubReplays, in_a_process
from parvis_server.record.ogg_opus import read_packets
from parvis_server.replay.opened import open_recording
from parvis_server.replay.orders import Orders
from parvis_server.replay.rights import mentions
from parvis_server.room.recording import NO_HOST_NS
from parvis_wire.commands import TakeSeat
from parvis_wire.messages import DEFAULT_ROOM
from parvis_wire.recording import (
    AnswerRecording,
    RecordingTerms,
    StartRecording,
    StopRecording,
    Unattended,
    WithdrawVoice,
)

ALONE_S = 60
"""After so long without a host the room runs itself."""


class Evening:
    """A hub whose finished recordings are worked on by a real process."""

    def __init__(self, data: Path) -> None:
        self.data, self.folder = data, data / "recordings"
        self.is_settled = asyncio.Event()
        """No wish to leave is left open."""
        self.recorder = HubRecorder(self.folder)
        self.recorder.replays = HubReplays(self.folder, self._work, soon_s=1.0)

    async def _work(self, folder: Path, orders: Orders, tell: Callable[[Done], None]) -> None:
        def told(done: Done) -> None:
            tell(done)
            if "settled" in done:
                self.is_settled.set()

        await in_a_process(folder, orders, told)

    async def settled(self) -> None:
        async with asyncio.timeout(120):  # a process starts, makes the mix again and ends
            await self.is_settled.wait()


async def recorded(hub: LiveHub) -> None:
    await eventually(lambda: [source.recorded for source in hub.engine.sources] == [True])


async def test_a_voice_that_leaves_while_it_is_recorded_is_out_once_it_is_over(
    tmp_path: Path,
) -> None:
    evening = Evening(tmp_path)
    async with (
        hub_that_records(tmp_path, evening.recorder) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        await recorded(hub)
        await speak(hub, lectern, range(30))
        await host.do(WithdrawVoice, participant=lectern.participant)
        await host.do(StopRecording)
        one = await kept(evening.folder)
        await evening.settled()
    assert list(mentions(evening.folder, lectern.participant)) == []
    assert open_recording(one.folder).description.tracks == ()
    assert not any((one.folder / "tracks").iterdir())


async def test_who_sat_at_an_open_microphone_leaves_with_what_was_said_while_they_did(
    tmp_path: Path,
) -> None:
    evening = Evening(tmp_path)
    async with (
        hub_that_records(tmp_path, evening.recorder) as hub,
        people(hub) as (host, lectern),
        joined(hub.listen) as ada,
    ):
        await host.do(StartRecording, terms=RecordingTerms(unattended=Unattended.PUBLISHED))
        await recorded(hub)
        await speak(hub, lectern, range(30))
        running = hub.live.room.view.recording
        assert running is not None
        version = running.notice.version
        yes = await ada.do(AnswerRecording, recorded=True, published=True, text_version=version)
        assert yes.refused is None
        seat = hub.hub.keys.seat_code(DEFAULT_ROOM, "Lectern")
        assert (await ada.do(TakeSeat, code=seat, name="Ada")).refused is None
        await speak(hub, lectern, range(30, 60))
        await ada.do(WithdrawVoice)
        await eventually(lambda: [source.recorded for source in hub.engine.sources] == [False])
        await speak(hub, lectern, range(60, 90))
        await host.do(StopRecording)
        one = await kept(evening.folder)
        await evening.settled()
    [track] = open_recording(one.folder).description.tracks
    sound = [packet for _, packet in read_packets((one.folder / track.file).read_bytes())]
    assert sound == [spoken(number) for number in range(30)], "before Ada came"
    assert list(mentions(evening.folder, ada.participant)) == []
    files = [path.read_bytes() for path in one.folder.rglob("*") if path.is_file()]
    assert not any(spoken(number) in content for content in files for number in range(30, 90))


async def test_a_host_who_is_gone_ends_nothing_at_once_and_everything_after_a_break(
    tmp_path: Path,
) -> None:
    evening, clock = Evening(tmp_path), FakeClock()
    async with (
        hub_that_records(tmp_path, evening.recorder) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        await recorded(hub)
        await speak(hub, lectern, range(20))
        await host.socket.close()
        await speak(hub, lectern, range(20, 40))
        hub.live.now_ns = clock.now_ns
        clock.pass_s(ALONE_S)
        await in_the_end(lambda: hub.live.room.view.autopilot)
        assert hub.live.room.view.recording is not None, "a host may come back"
        clock.pass_s(NO_HOST_NS / 1e9)
        one = await kept(evening.folder)
    [track] = one.recording.tracks
    sound = [packet for _, packet in read_packets((one.folder / track.file).read_bytes())]
    assert sound == [spoken(number) for number in range(40)]
    last = json.loads((one.folder / "events.jsonl").read_bytes().splitlines()[-1])["event"]
    assert (last["type"], last["reason"]) == ("recording_stopped", "no_host")
