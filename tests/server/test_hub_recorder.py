"""The hub's recorder, with a real recorder process and an engine that says what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from fakes.house import FakeClock, eventually
from fakes.peer import Peer
from fakes.recorded_hub import (
    ALL_BUT_THE_LAST,
    OF_THE_HALL,
    hub_that_records,
    in_the_end,
    kept,
    people,
    speak,
    spoken,
    the_end_of_it,
)
from fakes.recording_judge import Kept
from parvis_server import hub_take
from parvis_server.hub_recorder import LOST_S, HubRecorder
from parvis_server.hub_take import payload_of
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.record.child import RecordChild
from parvis_server.record.messages import Retention, parse_to_recorder
from parvis_server.record.ogg_opus import read_packets
from parvis_server.record.recording import Recording
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_wire.messages import DEFAULT_ROOM
from parvis_wire.recording import (
    RecordingEnd,
    RecordingTerms,
    SetRecordingTerms,
    StartRecording,
    StopRecording,
)
from parvis_wire.rtp import AudioLevel, RtpPacket
from parvis_wire.stage import AlarmKind, Status


async def test_a_room_is_recorded_from_start_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with (
        hub_that_records(tmp_path, HubRecorder(folder)) as hub,
        people(hub) as (host, lectern),
    ):
        await eventually(lambda: bool(hub.engine.sources))
        await speak(hub, lectern, range(5))
        assert hub.engine.stage.record_ssrc is None
        await host.do(StartRecording, terms=OF_THE_HALL)
        await eventually(lambda: hub.engine.stage.record_ssrc is not None)
        assert [source.recorded for source in hub.engine.sources] == [True]
        await speak(hub, lectern, range(5, 40))
        await host.do(StopRecording)
        assert hub.engine.stage.record_ssrc is None
        await speak(hub, lectern, range(40, 45))
        one = await kept(folder)
    [track] = one.recording.tracks
    assert (track.talker.name, track.talker.participant) == ("Lectern", lectern.participant)
    sound = [packet for _, packet in read_packets((one.folder / track.file).read_bytes())]
    assert sound == [spoken(number) for number in range(5, 40)]
    mix = [packet for _, packet in read_packets((one.folder / "mix.opus").read_bytes())]
    assert mix == [spoken(number + 1000) for number in range(5, 40)]
    lines = (one.folder / "events.jsonl").read_bytes().splitlines()
    assert "view" in json.loads(lines[0])
    assert json.loads(lines[-1])["event"]["type"] == "recording_stopped"
    assert one.recording.text_version
    assert one.recording.begun_clock > 0


async def test_of_who_is_left_out_not_a_byte_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with (
        hub_that_records(tmp_path, HubRecorder(folder)) as hub,
        people(hub) as (host, lectern),
    ):
        await eventually(lambda: bool(hub.engine.sources))
        await host.do(StartRecording, terms=RecordingTerms())
        await eventually(lambda: hub.engine.stage.record_ssrc is not None)
        assert [source.recorded for source in hub.engine.sources] == [False]
        await speak(hub, lectern, range(40))
        await host.do(StopRecording)
        one = await kept(folder)
    assert one.recording.tracks == ()
    for path in one.folder.rglob("*"):
        if path.is_file():
            assert all(spoken(number) not in path.read_bytes() for number in range(40))


class Switchable:
    """Starts recorders while it may."""

    def __init__(self) -> None:
        self.works = True
        self.children: list[RecordChild] = []

    async def spawn(self, folder: Path, budget_bytes: int | None) -> RecordChild:
        if not self.works:
            raise OSError("no process today")
        self.children.append(await RecordChild.spawn(folder, budget_bytes))
        return self.children[-1]


async def test_a_recorder_that_fails_is_told_and_the_room_goes_on(tmp_path: Path) -> None:
    switch, folder = Switchable(), tmp_path / "recordings"
    async with (
        hub_that_records(tmp_path, HubRecorder(folder, spawn=switch.spawn)) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        await in_the_end(lambda: bool(switch.children) and switch.children[0].ready.is_set())
        await eventually(lambda: bool(hub.engine.sources))
        numbers = count()
        while not any(path.stat().st_size > 2_000 for path in folder.rglob("tracks/*.opus")):
            await speak(hub, lectern, some(numbers))
        assert AlarmKind.RECORDER_FAILS not in await alarms(host)
        switch.works = False
        await switch.children[0].end()
        while AlarmKind.RECORDER_FAILS not in await alarms(host):
            await speak(hub, lectern, some(numbers))
        switch.works = True
        while AlarmKind.RECORDER_FAILS in await alarms(host):
            pass
        last = some(numbers)
        await speak(hub, lectern, last)
        await host.do(StopRecording)
        one = await kept(folder)
    assert len(one.recording.tracks) == 2
    sound = list(read_packets((one.folder / one.recording.tracks[1].file).read_bytes()))
    assert sound[-1][1] == spoken(last[-1])


def some(numbers: Iterator[int]) -> range:
    """The next ten."""
    first = next(numbers) * 10
    return range(first, first + 10)


def keeper_in(data: Path) -> StoredRooms:
    """What keeps the rooms of a hub that is started again."""
    return StoredRooms(Store.open(Address.of(None, data)), lambda: None, DEFAULT_ROOM)


def sounds_of(one: Kept) -> list[list[bytes]]:
    """The packets of each track."""
    return [
        [packet for _, packet in read_packets((one.folder / track.file).read_bytes())]
        for track in one.recording.tracks
    ]


async def recorded_twice(tmp_path: Path, first: HubRecorder) -> Kept:
    """A recording of two hubs, one after the other: 40 packets each."""
    async with (
        hub_that_records(tmp_path, first, keeper=keeper_in(tmp_path)) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        await eventually(lambda: [s.recorded for s in hub.engine.sources] == [True])
        await speak(hub, lectern, range(40))
    second = HubRecorder(tmp_path / "recordings")
    async with (
        hub_that_records(tmp_path, second, keeper=keeper_in(tmp_path)) as hub,
        people(hub) as (host, lectern),
    ):
        await eventually(lambda: [s.recorded for s in hub.engine.sources] == [True])
        await speak(hub, lectern, range(100, 140))
        await host.do(StopRecording)
        await in_the_end(lambda: says_it_stopped(tmp_path / "recordings"))
        return await kept(tmp_path / "recordings")


def says_it_stopped(folder: Path) -> bool:
    """Whether its events tell the end: one that was cut off is mended with an end, too."""
    told = [path.read_text() for path in folder.rglob("events.jsonl")]
    return any('"recording_stopped"' in events for events in told)


async def test_a_recording_goes_on_after_a_restart_of_the_hub(tmp_path: Path) -> None:
    one = await recorded_twice(tmp_path, HubRecorder(tmp_path / "recordings"))
    first, second = sounds_of(one)
    assert first == [spoken(number) for number in range(ALL_BUT_THE_LAST)]
    assert second == [spoken(number) for number in range(100, 140)]


async def test_a_hub_that_stops_while_its_recorder_starts_loses_nothing(tmp_path: Path) -> None:
    async def slowly(folder: Path, budget_bytes: int | None) -> RecordChild:
        await asyncio.sleep(1.5)  # 40 packets are said in less than a second
        return await RecordChild.spawn(folder, budget_bytes)

    one = await recorded_twice(tmp_path, HubRecorder(tmp_path / "recordings", spawn=slowly))
    assert sounds_of(one)[0] == [spoken(number) for number in range(ALL_BUT_THE_LAST)]


async def test_a_room_goes_on_behind_what_was_recorded_whatever_the_wall_clock_says(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "recordings" / DEFAULT_ROOM / "20261123T120000Z-1"
    described = Recording(
        recording=folder.name,
        room=DEFAULT_ROOM,
        begun_utc_ms=1_795_000_000_000,
        begun_clock=48_000,
        ended_clock=3600 * 48_000,
    )
    folder.mkdir(parents=True)
    (folder / "recording.json").write_bytes(described.serialize())
    async with hub_that_records(tmp_path, HubRecorder(tmp_path / "recordings")) as hub:
        assert hub.live.time().room_clock >= 3600 * 48_000
        assert hub.engine.origin_ns == hub.live.room.clock.origin_ns


async def test_a_disk_that_is_nearly_full_is_told_and_a_full_one_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    async with (
        hub_that_records(tmp_path, HubRecorder(folder, budget_bytes=1_000_000)) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        while AlarmKind.DISK_LOW not in await alarms(host):
            pass
        await speak(hub, lectern, range(10))
        (folder / "old.opus").write_bytes(bytes(1_000_001))
        stopped = await the_end_of_it(host)
        assert stopped.reason is RecordingEnd.FAILED
        assert hub.engine.stage.record_ssrc is None
        assert AlarmKind.RECORDER_FAILS in await alarms(host)
        one = await kept(folder)
    [sound] = sounds_of(one)
    assert len(sound) >= 5  # what comes within 50 ms is handed over together
    assert sound == [spoken(number) for number in range(len(sound))]
    assert json.loads((one.folder / "events.jsonl").read_bytes().splitlines()[-1])["event"]


async def test_a_recorder_that_never_comes_ends_the_recording(tmp_path: Path) -> None:
    switch, clock = Switchable(), FakeClock()
    switch.works = False
    recorder = HubRecorder(tmp_path / "recordings", spawn=switch.spawn)
    async with (
        hub_that_records(tmp_path, recorder) as hub,
        people(hub) as (host, _),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        hub.live.now_ns = clock.now_ns
        clock.pass_s(LOST_S - 30)
        while AlarmKind.RECORDER_FAILS not in await alarms(host):
            pass
        assert host.view.recording is not None
        clock.pass_s(40)
        assert (await the_end_of_it(host)).reason is RecordingEnd.FAILED
        switch.works = True
        await host.do(StartRecording, terms=OF_THE_HALL)
        while AlarmKind.RECORDER_FAILS in await alarms(host):
            pass
        assert host.view.recording is not None


async def test_a_mistake_in_the_recorder_costs_the_room_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(rtp: bytes) -> bytes:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(hub_take, "payload_of", mistaken)
    async with (
        hub_that_records(tmp_path, HubRecorder(tmp_path / "recordings")) as hub,
        people(hub) as (host, lectern),
    ):
        await host.do(StartRecording, terms=OF_THE_HALL)
        await eventually(lambda: [s.recorded for s in hub.engine.sources] == [True])
        await speak(hub, lectern, range(10))
        while AlarmKind.RECORDER_FAILS not in await alarms(host):
            pass
        assert (await host.do(StopRecording)).refused is None


async def test_other_terms_reach_the_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, said = HubRecorder(tmp_path / "recordings"), list[bytes]()
    monkeypatch.setattr(recorder.supervisor, "send", said.append)
    async with hub_that_records(tmp_path, recorder) as hub, people(hub) as (host, _):
        await host.do(StartRecording, terms=RecordingTerms(retention_days=30))
        for days in (7, 90):
            await host.do(SetRecordingTerms, terms=RecordingTerms(retention_days=days))
    told = [parse_to_recorder(one) for one in said]
    assert [one.days for one in told if isinstance(one, Retention)] == [7, 7], "never longer"


async def alarms(host: Peer) -> set[AlarmKind]:
    """What the next status says."""
    return {alarm.kind for alarm in (await host.until(Status)).alarms}


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(1, 2, 3, b"opus"),
        RtpPacket(1, 2, 3, b"opus", csrcs=(7, 8), csrc_levels=(-3, -4)),
        RtpPacket(1, 2, 3, b"opus", level=AudioLevel(-30, voice=True)),
    ],
)
def test_the_payload_is_found_behind_every_header(packet: RtpPacket) -> None:
    assert payload_of(packet.serialize()) == b"opus"


def test_the_payload_of_a_padded_packet_is_without_its_padding() -> None:
    rtp = bytearray(RtpPacket(1, 2, 3, b"opus").serialize() + b"\0\0\3")
    rtp[0] |= 0x20
    assert payload_of(bytes(rtp)) == b"opus"
