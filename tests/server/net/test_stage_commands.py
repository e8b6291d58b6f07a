"""The host's hand on the mix over real sockets: who may, what the engine is told, what is shown."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, packet_of, resume
from parvis_server.config import StageSettings, ZoneGainSettings
from parvis_server.engine.boundary import (
    Checked,
    DeskReturn,
    EngineStats,
    Howling,
    SourceStats,
)
from parvis_server.engine.stage import ZoneGain
from parvis_server.room.members import MAX_REMEMBERED_ACKS
from parvis_server.room.room import UNIT_FORGOTTEN_NS
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import MakeInvite, Next, RaiseHand, SetRank
from parvis_wire.floor import InviteRole, Rank
from parvis_wire.messages import Ack, Change, RefusalCode, Role, Snapshot
from parvis_wire.room_events import Hidden
from parvis_wire.stage import (
    AlarmKind,
    CaptureTime,
    CheckSound,
    CheckState,
    KeptOut,
    LinkKind,
    OutputReport,
    OutputTraits,
    SetLift,
    SetSharing,
    SetSource,
    SourceKind,
    Status,
    UnitTraits,
)

LECTERN = UnitTraits(always_open=True)
LOUDSPEAKER = UnitTraits(source=None, output=OutputTraits())
DESK = UnitTraits(source=SourceKind.DESK)
PLAYS = OutputReport(delay_ms=12, buffer_ms=5, underruns=0, concealed=0, playing=True)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


@pytest.fixture
async def host(hub: LiveHub) -> AsyncIterator[Peer]:
    credential = host_credential(hub.secret)
    async with joined(hub.listen, Role.HOST, credential=credential) as connection:
        yield connection


def bus_ssrc(client: Peer) -> int:
    assert client.welcome.bus is not None
    return client.welcome.bus.ssrc


def source_ssrc(client: Peer) -> int:
    assert client.welcome.ssrc is not None
    return client.welcome.ssrc


async def test_a_source_is_set_and_stays_set_when_its_unit_comes_back(
    hub: LiveHub, host: Peer
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern:
        setting = {"participant": lectern.participant, "gain_db": -6.0, "priority_db": 3.0}
        assert (await host.do(SetSource, **setting)).refused is None
        [source] = hub.engine.sources
        assert (source.gain_db, source.priority_db) == (-6.0, 3.0)
        [unit] = hub.live.status().units
        assert unit.source is not None
        assert (unit.source.gain_db, unit.source.by_hand) == (-6.0, True)
    again = {"name": "Lectern", "unit": LECTERN, "credential": resume(lectern)}
    async with joined(hub.unit, Role.UNIT, **again):
        [source] = hub.engine.sources
        assert source.gain_db == -6.0


async def test_a_repeated_order_is_answered_and_not_carried_out_again(
    hub: LiveHub, host: Peer
) -> None:
    assert await host.do(SetSharing, id="off", on=False) == Ack(id="off")
    assert not hub.engine.stage.sharing
    await host.do(SetSharing, id="on", on=True)
    credential = host_credential(hub.secret)
    async with joined(hub.listen, Role.HOST, credential=credential) as other_host:
        assert await other_host.do(SetSharing, id="off", on=False) == Ack(id="off")
    assert hub.engine.stage.sharing
    assert (await host.until(Status)).sharing


async def test_only_hosts_set_the_mix(hub: LiveHub) -> None:
    async with joined(hub.listen) as phone, joined(hub.unit, Role.UNIT) as unit:
        assert (await phone.do(SetSharing, on=False)).refused is RefusalCode.NOT_ALLOWED
        assert hub.engine.stage.sharing
        await unit.say(SetSharing(id="1", on=False))
        assert (await unit.until_closed())[0] == CloseCode.MALFORMED


async def test_who_runs_the_room_no_more_gets_what_everybody_does(hub: LiveHub, host: Peer) -> None:
    credential = host_credential(hub.secret)
    async with joined(hub.listen, Role.HOST, credential=credential) as other:
        assert (await other.do(SetSharing, on=True)).refused is None
        await host.do(SetRank, participant=other.participant, rank=None)
        assert (await other.until(Snapshot)).view.desk is None
        assert (await other.do(SetSharing, on=False)).refused is RefusalCode.NOT_ALLOWED
        assert hub.engine.stage.sharing
        await host.do(MakeInvite, role=InviteRole.AUDIENCE)
        await other.until_seq(host.view.seq)
        assert isinstance(other.heard[-1], Change)
        assert isinstance(other.heard[-1].event, Hidden)
        assert len(hub.live.host_fanout) == 1
        await host.do(SetRank, participant=other.participant, rank=Rank.COHOST)
        desk = (await other.until(Snapshot)).view.desk
        assert desk is not None
        assert [invite.role for invite in desk.invites] == [InviteRole.AUDIENCE]
        assert len(hub.live.host_fanout) == 2


async def test_who_has_no_source_cannot_be_set(hub: LiveHub, host: Peer) -> None:
    async with joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER) as column, joined(hub.listen) as phone:
        for participant in (column.participant, phone.participant, "nobody"):
            refused = (await host.do(SetSource, participant=participant)).refused
            assert refused is RefusalCode.NO_SOURCE


async def test_a_sound_check_keeps_a_desk_out_that_returns_until_it_is_clean(
    hub: LiveHub, host: Peer
) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Desk", unit=DESK) as desk,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        await column.say(PLAYS)
        await column.do(RaiseHand)
        assert (await host.do(CheckSound, participant=column.participant)).refused is None
        [command] = hub.engine.checks
        assert command.output == bus_ssrc(column)
        assert hub.live.status().checks[0].state is CheckState.RUNNING
        assert (await host.do(CheckSound, participant=column.participant)).refused is None
        assert len(hub.engine.checks) == 1, "one is running"
        found = DeskReturn(desk=source_ssrc(desk), returns=True, gain_db=-3.04, delay_ms=20.0)
        hub.engine.report(Checked(check=command.check, output=command.output, desks=(found,)))
        assert hub.engine.sources[0].muted
        status = hub.live.status()
        shown = next(unit for unit in status.units if unit.unit == desk.participant)
        assert shown.source is not None
        assert (shown.source.muted, shown.source.kept_out) == (True, KeptOut.RETURNS)
        [alarm] = status.alarms
        assert (alarm.kind, alarm.participant) == (AlarmKind.DESK_RETURNS, desk.participant)
        assert status.checks[0].gain_db == -3.0
        await host.do(CheckSound, participant=column.participant)
        clean = DeskReturn(desk=source_ssrc(desk), returns=False)
        second = hub.engine.checks[1]
        hub.engine.report(Checked(check=second.check, output=second.output, desks=(clean,)))
        assert not hub.engine.sources[0].muted
        assert hub.live.status().alarms == ()
        assert hub.live.status().checks[0].state is CheckState.CLEAN


async def test_a_check_that_went_down_with_its_engine_is_made_by_the_next(
    hub: LiveHub, host: Peer
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column:
        await host.do(CheckSound, participant=column.participant)
        hub.live.stage.tick()
        assert len(hub.engine.checks) == 1, "its engine lives"
        hub.engine.restarts, hub.engine.takes_checks = 1, False
        hub.live.stage.tick()
        hub.engine.takes_checks = True
        hub.live.stage.tick()
        hub.live.stage.tick()
        first, again = hub.engine.checks
        assert again == first
        hub.engine.report(Checked(check=again.check, output=again.output))
        assert hub.live.status().checks[0].state is CheckState.UNHEARD


async def test_a_fader_that_is_drawn_pushes_no_answer_of_the_floor_out(
    hub: LiveHub, host: Peer
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern:
        assert (await host.do(Next, id="next")).refused is RefusalCode.LINE_EMPTY
        actor = hub.live.room.member(host.participant)
        assert actor is not None
        for number in range(MAX_REMEMBERED_ACKS):
            fader = SetSource(id=f"f{number}", participant=lectern.participant, gain_db=-number / 4)
            hub.live.stage.command(actor, fader)
        async with joined(hub.listen) as phone:
            await phone.do(RaiseHand, name="Ada")
            assert (await host.do(Next, id="next")).refused is RefusalCode.LINE_EMPTY


async def test_the_host_may_let_a_returning_desk_in(hub: LiveHub, host: Peer) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Desk", unit=DESK) as desk,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        await host.do(CheckSound, participant=column.participant)
        found = DeskReturn(desk=source_ssrc(desk), returns=True)
        hub.engine.report(Checked(check=1, output=bus_ssrc(column), desks=(found,)))
        assert hub.engine.sources[0].muted
        await host.do(SetSource, participant=desk.participant, muted=False)
        assert not hub.engine.sources[0].muted
        assert hub.live.status().alarms == ()


async def test_a_check_is_refused_where_nothing_plays(hub: LiveHub, host: Peer) -> None:
    async with (
        joined(hub.unit, Role.UNIT, name="Table 1") as table,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        for participant in (table.participant, "nobody"):
            ack = await host.do(CheckSound, participant=participant)
            assert ack.refused is RefusalCode.NO_OUTPUT
        await column.say(PLAYS.model_copy(update={"playing": False}))
        await column.do(RaiseHand)
        ack = await host.do(CheckSound, participant=column.participant)
        assert (ack.refused, ack.text) == (RefusalCode.NO_OUTPUT, "Column is silent now")
        await column.say(PLAYS)
        await column.do(RaiseHand)
        hub.engine.takes_checks = False
        ack = await host.do(CheckSound, participant=column.participant)
        assert ack.refused is RefusalCode.NO_OUTPUT
        assert hub.live.status().checks == ()
    hub.engine.takes_checks = True
    while (await host.until(Status)).units[-1].connected:
        pass
    ack = await host.do(CheckSound, participant=column.participant)
    assert (ack.refused, ack.text) == (RefusalCode.NO_OUTPUT, "Column is away")


async def measure(hub: LiveHub, lectern: Peer, column: Peer, hold_ms: float) -> None:
    """Make the path from this microphone to that loudspeaker known: ``hold_ms`` + 12.

    The sample was captured in the hub's future, so the way to the hub counts as 0, however busy
    this machine is.
    """
    captured_ns = hub.live.now_ns() + 5_000_000_000
    await lectern.say(CaptureTime(timestamp=480, hub_ns=captured_ns, rtt_ms=0.1))
    await lectern.socket.send(packet_of(lectern, 1))
    await column.say(PLAYS)
    await lectern.do(RaiseHand)
    await column.do(RaiseHand)
    stats = SourceStats(ssrc=source_ssrc(lectern), received=1, hold_ms=hold_ms)
    hub.engine.stats(EngineStats(sources=(stats,)))


async def test_a_lift_takes_a_measured_path_and_ends_when_it_grows(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, stage=StageSettings(frame_ms=5)) as hub,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        ack = await host.do(SetLift, zone="hall", on=True)
        assert ack.refused is RefusalCode.LIFT_UNSAFE
        assert "not measured" in ack.text
        ack = await host.do(SetLift, zone="attic", on=True)
        assert ack.refused is RefusalCode.NO_OUTPUT
        await measure(hub, lectern, column, hold_ms=500)
        ack = await host.do(SetLift, zone="hall", on=True)
        assert ack.refused is RefusalCode.LIFT_UNSAFE
        assert "the path is 512.0 ms" in ack.text
        assert ack.figure_ms == 512
        hub.engine.stats(
            EngineStats(sources=(SourceStats(ssrc=source_ssrc(lectern), received=1, hold_ms=1),))
        )
        ack = await host.do(SetLift, zone="hall", on=True)
        assert ack.refused is None, ack.text
        assert hub.engine.stage.lifted == ("hall",)
        assert hub.live.status().lifted == ("hall",)
        await measure(hub, lectern, column, hold_ms=30)
        hub.live.tick()
        hub.live.tick()
        assert not hub.engine.stage.lifted
        [alarm] = hub.live.status().alarms
        assert (alarm.kind, alarm.zone) == (AlarmKind.LIFT_ENDED, "hall")
        assert alarm.value == 42


async def test_a_second_loudspeaker_that_says_nothing_leaves_the_path_unmeasured(
    tmp_path: Path,
) -> None:
    async with (
        live_hub(tmp_path, stage=StageSettings(frame_ms=5)) as hub,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        joined(hub.unit, Role.UNIT, name="Lectern", unit=LECTERN) as lectern,
        joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column,
    ):
        await measure(hub, lectern, column, hold_ms=1)
        async with joined(hub.unit, Role.UNIT, name="Silent", unit=LOUDSPEAKER):
            ack = await host.do(SetLift, zone="hall", on=True)
            assert ack.refused is RefusalCode.LIFT_UNSAFE
            assert "not measured" in ack.text
        while len(hub.engine.stage.outputs) > 1:
            await host.until(Status)
        await measure(hub, lectern, column, hold_ms=1)
        assert (await host.do(SetLift, zone="hall", on=True)).refused is None


async def test_a_third_open_microphone_ends_a_lift_at_once(hub: LiveHub, host: Peer) -> None:
    async with (
        joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER),
        joined(hub.unit, Role.UNIT, unit=LECTERN),
        joined(hub.unit, Role.UNIT, unit=LECTERN),
    ):
        ack = await host.do(SetLift, zone="hall", on=True, loudspeakers_far=False)
        assert ack.refused is RefusalCode.LIFT_UNSAFE
        assert "5 ms" in ack.text
        ack = await host.do(SetLift, zone="hall", on=True, loudspeakers_far=True)
        assert ack.refused is None
        assert hub.engine.stage.lifted == ("hall",)
        async with joined(hub.unit, Role.UNIT, unit=LECTERN):
            assert not hub.engine.stage.lifted
        ack = await host.do(SetLift, zone="hall", on=False)
        assert ack.refused is None


async def test_a_loudspeaker_that_nobody_vouched_for_ends_a_lift(hub: LiveHub, host: Peer) -> None:
    async with (
        joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER),
        joined(hub.unit, Role.UNIT, unit=LECTERN),
    ):
        ack = await host.do(SetLift, zone="hall", on=True, loudspeakers_far=True)
        assert ack.refused is None
        async with joined(hub.unit, Role.UNIT, unit=LOUDSPEAKER):
            assert not hub.engine.stage.lifted
            assert [alarm.kind for alarm in hub.live.status().alarms] == [AlarmKind.LIFT_ENDED]


async def test_a_howl_is_an_alarm_of_its_output(hub: LiveHub, host: Peer) -> None:
    async with joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column:
        howl = Howling(output=bus_ssrc(column), hertz=812, level_dbfs=-6, turned_down_db=-3)
        hub.engine.report(howl)
        hub.engine.report(howl.model_copy(update={"output": 1}))
        status = await host.until(Status)
        [alarm] = status.alarms
        assert (alarm.kind, alarm.participant, alarm.hertz) == (
            AlarmKind.HOWL,
            column.participant,
            812,
        )
        assert status.units[0].output is not None
        assert status.units[0].output.turned_down_db == -3


async def test_the_matrix_of_the_settings_reaches_the_engine(tmp_path: Path) -> None:
    gain = ZoneGainSettings(talks="hall", hears="foyer", gain_db=-10)
    silent = ZoneGainSettings(talks="foyer", hears="hall")
    stage = StageSettings(zone_gains=(gain, silent))
    async with live_hub(tmp_path, stage=stage) as hub, joined(hub.unit, Role.UNIT, unit=LECTERN):
        assert hub.engine.stage.zone_gains == (
            ZoneGain(talks="hall", hears="foyer", gain_db=-10),
            ZoneGain(talks="foyer", hears="hall"),
        )


async def test_a_microphone_that_the_profile_keeps_out_is_shown_as_such(tmp_path: Path) -> None:
    async with live_hub(tmp_path, stage=StageSettings(frame_ms=5)) as hub:
        by_radio = LECTERN.model_copy(update={"link": LinkKind.WIFI})
        async with joined(hub.unit, Role.UNIT, unit=by_radio) as lectern:
            await lectern.socket.send(packet_of(lectern, 1))
            await lectern.do(RaiseHand)
            assert hub.engine.packets == []
            [unit] = hub.live.status().units
            assert unit.source is not None
            assert (unit.on_air, unit.source.kept_out) == (False, KeptOut.NOT_WIRED)


async def test_a_zone_that_everybody_has_left_for_good_is_lifted_no_more(
    hub: LiveHub, host: Peer
) -> None:
    async with joined(hub.unit, Role.UNIT, name="Column", unit=LOUDSPEAKER) as column:
        assert (await host.do(SetLift, zone="hall", on=True, loudspeakers_far=True)).refused is None
    while (await host.until(Status)).units[0].connected:
        pass
    assert hub.engine.stage.lifted == ("hall",), "it may come back"
    later_ns = hub.live.now_ns() + UNIT_FORGOTTEN_NS
    hub.live.apply(hub.live.room.expire(later_ns))
    assert hub.live.room.member(column.participant) is None
    hub.live.tick()
    hub.live.tick()
    assert not hub.engine.stage.lifted
    assert hub.live.streams.get(column.participant) is None
