"""A recording over real sockets: everybody is told, people are asked, answers are the hosts'."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.house import eventually
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined
from parvis_server.config import ReadingSettings, RecordingSettings
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.session import ListenSession
from parvis_server.room.results import Voice
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.recording import (
    AnswerRecording,
    Recording,
    RecordingTerms,
    StartRecording,
    StopRecording,
    Unattended,
)
from parvis_wire.stage import Status, UnitTraits

HUM = """
import struct, sys, wave
text = sys.stdin.read()
assert "recorded" in text, text
out = wave.open(sys.stdout.buffer, "wb")
out.setnchannels(1); out.setsampwidth(2); out.setframerate(48000)
out.writeframes(struct.pack("<h", 3000) * 9600)
out.close()
"""
VOICE = ReadingSettings(command=(sys.executable, "-c", HUM))
LECTERN = UnitTraits(always_open=True)
CONTACT = RecordingSettings(contact="ada@example.org")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path, recording=CONTACT, reading=VOICE, can_record=True) as running:
        yield running


@asynccontextmanager
async def a_host(hub: LiveHub) -> AsyncIterator[Peer]:
    credential = host_credential(hub.secret)
    async with joined(hub.listen, Role.HOST, credential=credential) as host:
        yield host


async def told(peer: Peer) -> Recording:
    """The recording, as soon as this peer knows of it."""
    while peer.view.recording is None:
        await peer.hear()
    return peer.view.recording


async def test_everybody_is_told_before_they_hear_it(hub: LiveHub) -> None:
    async with a_host(hub) as host, joined(hub.listen) as phone:
        assert (await host.do(StartRecording, terms=RecordingTerms())).refused is None
        running = await told(phone)
        assert "ada@example.org" in running.notice.en.hearing
        assert "ada@example.org" in running.notice.fr.hearing
        async with joined(hub.listen) as late:
            assert late.view.recording == running, "in the very first that a newcomer gets"
        assert (await host.do(StopRecording)).refused is None
        async with joined(hub.listen) as later:
            assert later.view.recording is None


async def test_an_answer_goes_to_the_hosts_and_nobody_else(hub: LiveHub) -> None:
    async with a_host(hub) as host, joined(hub.listen) as phone, joined(hub.listen) as other:
        await host.do(StartRecording, terms=RecordingTerms())
        version = (await told(phone)).notice.version
        refused = (await phone.do(RaiseHand, name="Ada", speaks=True)).refused
        assert refused is RefusalCode.CONSENT_NEEDED
        ack = await phone.do(AnswerRecording, recorded=True, published=False, text_version=version)
        assert ack.refused is None
        assert (await phone.do(RaiseHand, name="Ada", speaks=True)).refused is None
        seq = hub.live.room.view.seq
        [consent] = (await host.until_seq(seq)).consents
        assert (consent.participant, consent.recorded) == (phone.participant, True)
        assert (await other.until_seq(seq)).consents == ()


async def test_the_recorder_is_told_whom_it_may_record(hub: LiveHub) -> None:
    recorded: list[tuple[Voice, ...]] = []
    hub.live.consequences.on_voices = recorded.append
    async with (
        a_host(hub) as host,
        joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern,
    ):
        await host.do(StartRecording, terms=RecordingTerms(unattended=Unattended.RECORDED))
        await eventually(lambda: bool(recorded))
        [voice] = recorded[-1]
        assert (voice.participant, voice.ssrc) == (lectern.participant, lectern.welcome.ssrc)
        await host.do(StopRecording)
        assert recorded[-1] == ()


async def test_the_hall_is_told_by_the_hubs_voice(hub: LiveHub) -> None:
    async with a_host(hub) as host:
        await host.do(StartRecording, terms=RecordingTerms())
        await eventually(lambda: bool(hub.engine.packets))
        await eventually(lambda: hub.engine.sources == ())
        assert hub.live.room.recorded_voices == (), "and is nobody's voice"


async def test_hosts_are_told_whether_the_hub_can_record(tmp_path: Path, hub: LiveHub) -> None:
    async with a_host(hub) as host:
        assert (await host.until(Status)).can_record
    async with live_hub(tmp_path / "other") as without, a_host(without) as host:
        assert not (await host.until(Status)).can_record
        ack = await host.do(StartRecording, terms=RecordingTerms())
        assert ack.refused is RefusalCode.NO_RECORDER


async def test_whoever_listens_without_a_browser_is_told_before_they_hear_it(hub: LiveHub) -> None:
    said: list[str] = []
    packets: list[int] = []
    link = ListenerLink.parse(f"{hub.http}/r/main")
    listener = Connection(
        link,
        ListenSession(link.room),
        lambda rtp, arrival_ns: packets.append(len(said)),
        said.append,
    )
    async with a_host(hub) as host, asyncio.TaskGroup() as group:
        await host.do(StartRecording, terms=RecordingTerms())
        listening = group.create_task(listener.run())
        await eventually(lambda: any("being recorded" in text for text in said))
        assert "live" not in said[0] and packets == [], "the sentence comes first"
        await host.do(StopRecording)
        await eventually(lambda: "the recording has ended" in said)
        listening.cancel()
