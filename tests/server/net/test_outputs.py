"""Loudspeakers and remote speakers over real sockets: who joins, what they are sent, and how."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, packet_of, peer, resume
from parvis_server.config import StageSettings
from parvis_server.engine.stage import OutputSpec
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import LeaveFloor, RaiseHand, TakeFloor
from parvis_wire.messages import Join, RefusalCode, Role
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import (
    Bus,
    LinkKind,
    OutputKind,
    OutputReport,
    OutputTraits,
    SourceKind,
    SpeakerTraits,
    UnitTraits,
)

LOUDSPEAKER = UnitTraits(source=None, output=OutputTraits())


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def bus_of(client: Peer) -> Bus:
    assert client.welcome.bus is not None
    return client.welcome.bus


async def heard(client: Peer, count: int) -> list[RtpPacket]:
    """The packets once so many have come."""
    while len(client.packets) < count:
        await client.hear()
    return client.packets


async def test_a_loudspeaker_gets_a_bus_and_no_source(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column:
        bus = bus_of(column)
        assert (bus.kind, bus.ptime_ms, column.welcome.ssrc) == (OutputKind.LOUDSPEAKER, 10, None)
        assert column.welcome.stream
        spec = OutputSpec(ssrc=bus.ssrc, kind=OutputKind.LOUDSPEAKER, zone="hall")
        assert list(hub.engine.stage.outputs) == [spec]
        assert hub.engine.stage.sources == ()
        for tick in range(3):
            hub.engine.play(bus.ssrc, 480 * tick)
        assert [packet.timestamp for packet in await heard(column, 3)] == [0, 480, 960]
        assert {packet.ssrc for packet in column.packets} == {bus.ssrc}
    hub.live.tick()
    assert hub.engine.stage.outputs == ()


async def test_only_its_own_bus_goes_to_an_output(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER) as one,
        joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER) as other,
        joined(hub.unit, Role.UNIT, name="Table 9") as table,
    ):
        assert bus_of(one).ssrc != bus_of(other).ssrc
        hub.engine.play(bus_of(one).ssrc, 0)
        hub.engine.play(bus_of(other).ssrc, 480)
        hub.engine.play(bus_of(one).ssrc ^ 1, 960)
        assert (await heard(one, 1))[0].timestamp == 0
        assert (await heard(other, 1))[0].timestamp == 480
        await table.do(RaiseHand)
        assert table.packets == []
        assert hub.live.stage.foreign_outputs == 1


async def test_a_microphone_with_a_loudspeaker_never_hears_itself(hub: LiveHub) -> None:
    traits = UnitTraits(output=OutputTraits(kind=OutputKind.LINE), zone="foyer", always_open=True)
    async with joined(hub.unit, Role.UNIT, unit=traits) as lectern:
        [output], [source] = hub.engine.stage.outputs, hub.engine.stage.sources
        assert (output.own_ssrc, output.zone) == (lectern.welcome.ssrc, "foyer")
        assert (source.ssrc, source.zone) == (lectern.welcome.ssrc, "foyer")


async def test_an_assistive_output_gets_the_microphone_beside_it(hub: LiveHub) -> None:
    traits = UnitTraits(output=OutputTraits(kind=OutputKind.ASSISTIVE), always_open=True)
    async with joined(hub.unit, Role.UNIT, unit=traits):
        assert hub.engine.stage.outputs[0].own_ssrc is None


async def test_a_desk_is_in_the_mix_from_the_start(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, unit=UnitTraits(source=SourceKind.DESK)) as desk:
        [source] = hub.engine.stage.sources
        assert (source.ssrc, source.kind) == (desk.welcome.ssrc, SourceKind.DESK)
        assert hub.live.room.view.microphones[0].unit == desk.participant


async def test_a_unit_that_only_plays_sends_nothing(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER) as column:
        assert (await column.do(RaiseHand)).refused is RefusalCode.NO_SOURCE
        await column.socket.send(RtpPacket(1, 1, 7, b"x").serialize())
        code, [failure] = await column.until_closed()
        assert code == CloseCode.MALFORMED
        assert "without a source" in failure.text


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"source": None}, "neither a source nor an output"),
        ({"source": "speaker"}, "/ws/speak"),
        ({"output": {"kind": "return"}}, "/ws/speak"),
    ],
)
async def test_a_unit_that_cannot_be_is_refused(
    hub: LiveHub, traits: dict[str, Any], words: str
) -> None:
    unit = UnitTraits.model_validate(traits)
    async with peer(hub.unit) as client:
        await client.say(Join(version=1, role=Role.UNIT, unit=unit))
        code, [failure] = await client.until_closed()
        assert code == CloseCode.MALFORMED
        assert words in failure.text


async def test_a_speaker_who_sends_is_heard_and_gets_everything_else(hub: LiveHub) -> None:
    sends = SpeakerTraits(sends=True)
    async with (
        joined(hub.listen) as phone,
        joined(hub.speak, Role.SPEAKER, name="Far away", speaker=sends) as speaker,
    ):
        bus = bus_of(speaker)
        assert (bus.kind, bus.ptime_ms, speaker.welcome.ptime_ms) == (OutputKind.RETURN, 20, 10)
        [source], [output] = hub.engine.stage.sources, hub.engine.stage.outputs
        assert (source.ssrc, source.kind) == (speaker.welcome.ssrc, SourceKind.SPEAKER)
        assert (source.link, source.zone) == (LinkKind.REMOTE, None)
        assert (output.ssrc, output.own_ssrc) == (bus.ssrc, speaker.welcome.ssrc)
        view = await phone.until_seq(1)
        assert [m.name for m in view.microphones] == ["Far away"]
        await speaker.socket.send(packet_of(speaker, 1))
        assert (await speaker.do(LeaveFloor)).refused is RefusalCode.NO_TURN
        assert len(hub.engine.packets) == 1
        hub.engine.play(bus.ssrc, 0)
        hub.engine.say()
        assert [packet.ssrc for packet in await heard(speaker, 1)] == [bus.ssrc]


async def test_a_speaker_who_does_not_send_only_hears(hub: LiveHub) -> None:
    async with joined(hub.speak, Role.SPEAKER) as speaker:
        assert hub.engine.stage.sources == ()
        assert [output.kind for output in hub.engine.stage.outputs] == [OutputKind.RETURN]
        await speaker.socket.send(packet_of(speaker, 1))
        for command in (RaiseHand, TakeFloor):
            assert (await speaker.do(command)).refused is RefusalCode.NOT_ALLOWED
        assert hub.live.counts.unwanted_packets == 1
        assert [m.name for m in hub.live.room.sounding] == ["Participant 1"]


async def test_in_the_profile_of_least_delay_packets_are_five_milliseconds(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, stage=StageSettings(frame_ms=5)) as hub,
        joined(hub.unit, Role.UNIT, unit=UnitTraits(output=OutputTraits())) as unit,
        joined(hub.speak, Role.SPEAKER) as speaker,
    ):
        assert hub.engine.frame_ms == 5
        assert (unit.welcome.ptime_ms, bus_of(unit).ptime_ms) == (5, 5)
        assert (speaker.welcome.ptime_ms, bus_of(speaker).ptime_ms) == (10, 20)


async def test_an_engine_that_is_replaced_changes_no_ssrc_and_leaves_a_gap(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER) as column:
        ssrc = bus_of(column).ssrc
        hub.engine.play(ssrc, 0, sequence=77)
        hub.engine.play(ssrc, 480, sequence=78)
        hub.engine.play(ssrc, 480 * 32, sequence=5000)  # 300 ms later, by another engine
        hub.engine.play(ssrc, 480 * 33, sequence=5001)
        hub.engine.play(ssrc, 480, sequence=9)  # was sent already
        first, *others = await heard(column, 4)
        steps = [(packet.sequence - first.sequence) % 65536 for packet in others]
        assert steps == [1, 32, 33]
        await column.do(RaiseHand)
        assert len(column.packets) == 4


async def test_an_output_that_comes_back_plays_the_same_bus(hub: LiveHub) -> None:
    async with joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column:
        hub.engine.play(bus_of(column).ssrc, 0)
        await heard(column, 1)
    again = {"name": "Column", "unit": LOUDSPEAKER, "credential": resume(column)}
    async with joined(hub.unit, Role.UNIT, **again) as back:
        assert bus_of(back) == bus_of(column)
        assert [output.ssrc for output in hub.engine.stage.outputs] == [bus_of(back).ssrc]
        hub.engine.play(bus_of(back).ssrc, 960)
        [packet] = await heard(back, 1)
        assert packet.sequence == (column.packets[0].sequence + 2) % 65536
    other = UnitTraits(source=None, output=OutputTraits(kind=OutputKind.ASSISTIVE))
    async with joined(hub.unit, Role.UNIT, **{**again, "unit": other}) as changed:
        assert bus_of(changed).ssrc != bus_of(column).ssrc


async def test_hosts_see_how_an_output_plays(hub: LiveHub) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)),
    ):
        [before] = hub.live.status().units
        assert before.output is not None
        assert (before.source, before.output.playing) == (None, False)
        report = OutputReport(delay_ms=21.04, buffer_ms=12, underruns=3, concealed=1, playing=True)
        await column.say(report)
        await column.do(RaiseHand)
        [unit] = hub.live.status().units
        assert unit.output is not None
        assert (unit.zone, unit.output.playing, unit.output.delay_ms) == ("hall", True, 21.0)
        assert unit.output.underruns == 3
