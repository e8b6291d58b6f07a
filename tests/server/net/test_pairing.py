"""Units are paired over real sockets: by the code of their label, by their button, or not."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.forger import Forger
from fakes.house import (
    OPERATOR,
    claimed_hub,
    deeds,
    desk_of,
    eventually,
    shown,
    take_in,
    trust_of,
    use_clock,
)
from fakes.keyed_unit import KeyedUnit, here, welcomed
from fakes.live_hub import LiveHub, live_hub
from fakes.peer import host_credential, joined, packet_of, peer
from parvis_server.errors import TrustRefused
from parvis_server.net import pairing
from parvis_server.net.api.seams import Actor
from parvis_server.trust.pairing import ANSWER_NS, PAUSE_NS, PRESS_NS
from parvis_server.trust.units import How
from parvis_wire.close_codes import CloseCode
from parvis_wire.identity import PRESS, UNIT, new_setup_code
from parvis_wire.messages import Attend, Attention, Role, Welcome
from parvis_wire.pairing import (
    PairByCode,
    PairByPress,
    PairPressed,
    PairRefusal,
    PairRefused,
    PairShare,
    Proof,
    Unpaired,
)
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Status, UnitTraits

CODE = "ABCD2345"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path) as running:
        yield running


def why(hub: LiveHub, unit: KeyedUnit, code: str = CODE) -> str:
    """Why the desk does not take a code now."""
    with pytest.raises(TrustRefused) as refused:
        desk_of(hub).pair(unit.unit, code, OPERATOR)
    return refused.value.code


async def test_by_the_code_of_its_label_and_a_press(hub: LiveHub) -> None:
    unit = KeyedUnit(CODE)
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door)
        assert (shown(hub, unit).state, shown(hub, unit).has_code) == ("waiting", None)
        desk_of(hub).pair(unit.unit, CODE, OPERATOR)
        assert shown(hub, unit).state == "asked"
        await unit.confirmed(door, transcript)
        assert (shown(hub, unit).state, shown(hub, unit).has_code) == ("press", True)
        assert trust_of(hub).unit(unit.unit) is None, "a press is missing"
        await unit.press(door, transcript)
        assert (await welcomed(door)).participant == unit.unit
        assert desk_of(hub).waiting() == ()
    paired = trust_of(hub).unit(unit.unit)
    assert paired is not None
    assert (paired.how, paired.by, paired.name) == (How.CODE, "Ada", "Table")
    assert deeds(hub)[:3] == ["unit_paired", "unit_asked", "unit_waits"]
    async with here(unit, hub.unit) as again:
        assert again.participant == unit.unit, "the same at every connection"


async def test_by_its_button_alone_which_is_said(hub: LiveHub) -> None:
    unit = KeyedUnit()
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door, name=None)
        desk_of(hub).accept(unit.unit, OPERATOR)
        await door.until(PairByPress)
        assert (shown(hub, unit).state, shown(hub, unit).first_use) == ("press", True)
        await unit.press(door, transcript)
        await welcomed(door)
    paired = trust_of(hub).unit(unit.unit)
    assert paired is not None and paired.how is How.PRESS


async def test_five_wrong_codes_then_a_pause(hub: LiveHub) -> None:
    unit, clock = KeyedUnit(CODE), use_clock(hub)
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door)
        for left in (4, 3, 2, 1, 0):
            desk_of(hub).pair(unit.unit, new_setup_code(), OPERATOR)
            await unit.answer(door, transcript, CODE)
            await door.until(Unpaired)
            state = shown(hub, unit)
            assert (state.state, state.tries_left) == ("wrong_code", left)
        assert why(hub, unit) == "paused"
        clock.pass_s(PAUSE_NS / 1e9)
        desk_of(hub).pair(unit.unit, CODE, OPERATOR)
        await unit.confirmed(door, transcript)
    assert trust_of(hub).unit(unit.unit) is None
    assert "unit_refused" in deeds(hub)


async def test_new_keys_are_no_new_guesses_of_one_label(hub: LiveHub) -> None:
    for guess in range(5):
        impostor = KeyedUnit()
        async with peer(hub.unit) as door:
            transcript = await impostor.wait(door)
            desk_of(hub).pair(impostor.unit, CODE, OPERATOR)
            await impostor.answer(door, transcript, f"AAAAAAA{guess + 2}")
            await door.until(Unpaired)
    one_more = KeyedUnit()
    async with peer(hub.unit) as door:
        await one_more.wait(door)
        assert why(hub, one_more) == "paused"
        desk_of(hub).pair(one_more.unit, "ZZZZ2345", OPERATOR)


async def test_who_does_not_answer_costs_no_try_and_who_does_not_press_is_not_paired(
    hub: LiveHub,
) -> None:
    unit, clock = KeyedUnit(CODE), use_clock(hub)
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door)
        desk_of(hub).pair(unit.unit, CODE, OPERATOR)
        assert why(hub, unit) == "busy"
        clock.pass_s(ANSWER_NS / 1e9)
        assert (shown(hub, unit).state, shown(hub, unit).tries_left) == ("waiting", 5)
        desk_of(hub).accept(unit.unit, OPERATOR)
        clock.pass_s(PRESS_NS / 1e9)
        assert shown(hub, unit).state == "refused:not_pressed"
        await unit.press(door, transcript)
        assert (await door.until_closed())[0] == CloseCode.MALFORMED
    assert trust_of(hub).unit(unit.unit) is None


@pytest.mark.parametrize("why_not", [PairRefusal.NO_CODE, PairRefusal.PAUSED])
async def test_a_unit_says_why_it_will_not(hub: LiveHub, why_not: PairRefusal) -> None:
    unit = KeyedUnit()
    async with peer(hub.unit) as door:
        await unit.wait(door)
        desk_of(hub).pair(unit.unit, CODE, OPERATOR)
        await door.say(PairRefused(why=why_not))
        await door.say(PairRefused(why=why_not))
        await eventually(lambda: shown(hub, unit).state != "asked")
        seen = shown(hub, unit)
        assert (seen.state, seen.tries_left) == (f"refused:{why_not.value}", 5)
        if why_not is PairRefusal.PAUSED:
            with pytest.raises(TrustRefused) as refused:
                desk_of(hub).accept(unit.unit, OPERATOR)
            assert refused.value.code == "has_code"


async def test_a_unit_of_another_site_says_so(hub: LiveHub) -> None:
    async with peer(hub.unit) as door:
        await KeyedUnit().challenged(door)
        await door.say(PairRefused(why=PairRefusal.OTHER_SITE))
        code, [failure] = await door.until_closed()
        assert code == CloseCode.FORBIDDEN
        assert "another site" in failure.text


async def test_hosts_see_who_waits_and_a_unit_blinks(hub: LiveHub) -> None:
    unit, paired = KeyedUnit(name="Balcony"), KeyedUnit()
    take_in(hub, paired)
    async with (
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
        peer(hub.unit) as door,
        here(paired, hub.unit) as table,
    ):
        await unit.wait(door)
        while not (status := await host.until(Status)).waiting:
            pass
        assert [(one.unit, one.name) for one in status.waiting] == [(unit.unit, "Balcony")]
        for one, socket in ((unit, door), (paired, table)):
            desk_of(hub).identify(one.unit, OPERATOR)
            assert (await socket.until(Attend)).what is Attention.IDENTIFY
        with pytest.raises(TrustRefused, match="connected"):
            desk_of(hub).identify(KeyedUnit().unit, OPERATOR)
    await eventually(lambda: desk_of(hub).waiting() == ())
    assert why(hub, unit) == "not_found", "who left waits no more"


async def test_a_stranger_is_never_heard(hub: LiveHub) -> None:
    traits = UnitTraits(always_open=True)
    unit, honest = KeyedUnit(), KeyedUnit()
    take_in(hub, honest)
    packet = RtpPacket(sequence=1, timestamp=480, ssrc=7, payload=b"\xf8\xff\xfe").serialize()
    for proves in (False, True):
        async with peer(hub.unit) as door, here(honest, hub.unit, unit=traits) as table:
            if proves:
                await unit.wait(door, unit=traits)
            else:
                await unit.challenged(door, unit=traits)
            await door.socket.send(packet)
            assert (await door.until_closed())[0] == CloseCode.MALFORMED
            await table.socket.send(packet_of(table, 1 + proves))
            await table.socket.ping()
            await eventually(lambda: bool(hub.engine.packets))
            assert len(hub.engine.packets) == 1, "only the paired unit's"
            hub.engine.packets.clear()


async def test_a_session_that_was_revoked_pairs_nobody(hub: LiveHub) -> None:
    """What it asked for is not answered any more, however the unit's button is pressed."""
    trust, unit = trust_of(hub), KeyedUnit()
    now_ms = time.time_ns() // 1_000_000
    session = trust.claim(trust.new_setup_secret(now_ms), "Eve", None, "192.0.2.1", now_ms).session
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door)
        desk_of(hub).accept(unit.unit, Actor("Eve", "192.0.2.1", session.id))
        await door.until(PairByPress)
        trust.revoke_session(session.id, "Ada", "127.0.0.1", now_ms)
        await unit.press(door, transcript)
        assert (await door.until_closed())[0] == CloseCode.MALFORMED
    assert trust.unit(unit.unit) is None


async def test_what_is_out_of_turn_pairs_nobody(hub: LiveHub) -> None:
    unit = KeyedUnit(CODE)
    wrong = [
        PairShare(share="A" * 44, confirmation="A" * 43),
        Proof(signature="A" * 86),
        PairPressed(signature="A" * 86),
    ]
    for message in wrong:
        async with peer(hub.unit) as door:
            await unit.wait(door)
            await door.say(message)
            assert (await door.until_closed())[0] == CloseCode.MALFORMED
    assert trust_of(hub).units() == ()


async def test_a_share_that_is_none_is_a_wrong_code(hub: LiveHub) -> None:
    unit = KeyedUnit(CODE)
    async with peer(hub.unit) as door:
        await unit.wait(door)
        for share in ("A" * 44, "Qv" + "_" * 42, "QQ" + "A" * 42):
            desk_of(hub).pair(unit.unit, CODE, OPERATOR)
            await door.until(PairByCode)
            await door.say(PairShare(share=share, confirmation="A" * 43))
            await door.until(Unpaired)
            assert shown(hub, unit).state == "wrong_code"


async def test_a_press_for_another_connection_pairs_nobody(hub: LiveHub) -> None:
    unit = KeyedUnit()
    async with peer(hub.unit) as door:
        before = await unit.wait(door)
    for context in (UNIT, PRESS):
        async with peer(hub.unit) as door:
            now = await unit.wait(door)
            desk_of(hub).accept(unit.unit, OPERATOR)
            transcript = before if context is PRESS else now
            await door.say(PairPressed(signature=transcript.signed_by(unit.key, context)))
            assert (await door.until_closed())[0] == CloseCode.UNAUTHORISED
    assert trust_of(hub).units() == ()


async def test_a_replayed_proof_of_a_paired_unit_is_refused(hub: LiveHub) -> None:
    unit, thief = KeyedUnit(), KeyedUnit()
    take_in(hub, unit)
    async with peer(hub.unit) as door:
        transcript = await unit.prove(door)
        await welcomed(door)
        overheard = transcript.signed_by(unit.key, UNIT)
    thief.public = unit.public
    async with peer(hub.unit) as door:
        await thief.challenged(door)
        await door.say(Proof(signature=overheard))
        assert (await door.until_closed())[0] == CloseCode.UNAUTHORISED


async def test_the_desk_is_bounded_and_one_address_cannot_fill_it(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "MAX_WAITING_UNITS", 3)
    async with peer(hub.unit) as a, peer(hub.unit) as b, peer(hub.unit) as c:
        for door in (a, b, c):
            await KeyedUnit().wait(door)
        async with peer(hub.unit) as d:
            await KeyedUnit().prove(d)
            assert (await d.until_closed())[0] == CloseCode.RATE
        async with peer(
            hub.unit.replace("127.0.0.1", "127.0.0.1"), local_addr=("127.0.0.7", 0)
        ) as e:
            await KeyedUnit().wait(e)
            assert (await c.until_closed())[0] == CloseCode.RATE
            assert len(desk_of(hub).waiting()) == 3


async def test_the_same_unit_waits_once(hub: LiveHub) -> None:
    unit = KeyedUnit()
    async with peer(hub.unit) as older, peer(hub.unit) as newer:
        await unit.wait(older)
        await unit.wait(newer)
        assert (await older.until_closed())[0] == CloseCode.SUPERSEDED
        assert len(desk_of(hub).waiting()) == 1


async def test_before_the_claim_this_machines_units_come_in_and_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = KeyedUnit()
    async with live_hub(tmp_path) as hub:
        async with here(unit, hub.unit) as table:
            assert table.participant == unit.unit, "by its key, paired or not"
        monkeypatch.setattr("parvis_server.net.admission.Peer.is_this_machine", False)
        async with peer(hub.unit) as door:
            await unit.wait(door)
    async with live_hub(tmp_path / "open", open_house=True) as hub, here(unit, hub.unit):
        pass


async def test_the_room_that_it_waited_for_may_be_none(hub: LiveHub) -> None:
    unit = KeyedUnit()
    async with peer(hub.unit) as door:
        transcript = await unit.wait(door, room="attic")
        desk_of(hub).accept(unit.unit, OPERATOR)
        await unit.press(door, transcript)
        assert (await door.until_closed())[0] == CloseCode.ROOM_CLOSED
    assert trust_of(hub).unit(unit.unit) is not None
    assert not any(isinstance(message, Welcome) for message in door.heard)


async def test_a_hundred_forgeries_over_sockets(hub: LiveHub) -> None:
    found = await Forger(hub, seed=1).work(100)
    assert found.good, str(found)
    assert found.refused.total() == 100
