"""A phone far away speaks: who may be its microphone, what is heard of it, and when it goes."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes.far_microphone import grant, host, microphone, own, refused
from fakes.live_hub import LiveHub, live_hub
from fakes.machine import MachineWatch
from fakes.peer import Peer, joined, packet_of, peer, resume
from parvis_server.config import LimitSettings
from parvis_server.net.credentials import Keys
from parvis_server.room.speaking import TURN_AWAY_NS
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import (
    Block,
    Describe,
    EndTurn,
    GiveFloor,
    LeaveFloor,
    RaiseHand,
    SetMuted,
    SilenceAll,
    TakeFloor,
    Unblock,
)
from parvis_wire.floor import About, Access, Mute, TurnState
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    InviteCredential,
    Join,
    Level,
    RefusalCode,
    Role,
)
from parvis_wire.stage import LinkKind, OutputKind, OutputReport, SourceKind, SpeakerTraits

SOON_S = 1.0
"""In which whoever lost a right is gone."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def sent(hub: LiveHub, mic: Peer, numbers: range) -> int:
    """How many of these packets reach the engine."""
    before = len(hub.engine.packets)
    for number in numbers:
        await mic.socket.send(packet_of(mic, number))
    await mic.do(SetMuted, muted=None)  # answered after them
    return len(hub.engine.packets) - before


async def test_it_is_heard_from_its_press_to_the_end_of_its_turn(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            bus = mic.welcome.bus
            assert bus is not None
            assert (mic.welcome.ptime_ms, bus.kind) == (10, OutputKind.RETURN)
            assert await sent(hub, mic, range(5)) == 0, "granted, not live"
            assert (await mic.do(TakeFloor)).refused is None
            turn = (await phone.until_seq(mic.view.seq)).floor[0]
            assert (turn.state, turn.unit) == (TurnState.LIVE, mic.participant)
            assert (turn.name, turn.unit_name) == ("Ada", None)
            assert await sent(hub, mic, range(5, 10)) == 5
            (source,) = hub.engine.sources
            assert (source.kind, source.link, source.zone) == (
                SourceKind.SPEAKER, LinkKind.REMOTE, None,
            )  # fmt: skip
            assert (await phone.do(LeaveFloor)).refused is None
            code, failures = await mic.until_closed()
            assert code == CloseCode.FORBIDDEN
            assert "over" in failures[0].text
            assert hub.engine.sources == ()


@pytest.mark.parametrize("why", [Mute.SELF, Mute.HIDDEN, Mute.DEVICE])
async def test_muted_nothing_of_it_reaches_the_engine(hub: LiveHub, why: Mute) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            await mic.do(TakeFloor)
            assert (await mic.do(SetMuted, muted=why)).refused is None
            assert (await phone.until_seq(mic.view.seq)).floor[0].muted is why
            before = len(hub.engine.packets)
            for number in range(5):
                await mic.socket.send(packet_of(mic, number))
            await mic.do(SilenceAll, on=True)
            assert len(hub.engine.packets) == before
            assert await sent(hub, mic, range(9)) == 0, "what came before the unmuting is not heard"
            assert await sent(hub, mic, range(9, 12)) == 3


async def test_without_a_turn_nobody_comes_in(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        code, text = await refused(hub, speaker=own(phone))
        assert code == CloseCode.FORBIDDEN
        assert "not your turn" in text
        await phone.do(RaiseHand, name="Ada", speaks=True)
        assert (await refused(hub, speaker=own(phone)))[0] == CloseCode.FORBIDDEN, "in the line"
        await run.do(GiveFloor, participant=phone.participant)
        async with microphone(hub, phone):
            await phone.do(LeaveFloor)
        assert (await refused(hub, speaker=own(phone)))[0] == CloseCode.FORBIDDEN, "over"


async def test_a_written_question_opens_no_microphone(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone, text="Why?", written=True)
        assert (await refused(hub, speaker=own(phone)))[0] == CloseCode.FORBIDDEN


async def test_another_kind_of_token_is_nobodys(hub: LiveHub) -> None:
    """Of a unit, of the microphone itself, of another hub, made up."""
    elsewhere = Keys("secret", bytes(32))
    async with host(hub) as run, joined(hub.listen) as phone, joined(hub.unit, Role.UNIT) as unit:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            tokens = {
                "a unit's": unit.welcome.resume,
                "a speaker's": mic.welcome.resume,
                "another hub's": elsewhere.resume_token(Role.LISTENER, phone.participant),
                "another person's": elsewhere.resume_token(Role.LISTENER, "nobody"),
                "made up": f"{phone.participant}.AAAA",
                "no token": "x",
                "of somebody who is not here": hub.hub.keys.resume_token(Role.LISTENER, "zoe"),
            }
            for which, token in tokens.items():
                traits = SpeakerTraits(person=token)
                code, text = await refused(hub, speaker=traits)
                assert code == CloseCode.FORBIDDEN, which
                assert text, which


async def test_a_listeners_token_is_worth_nothing_in_another_role(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        token = resume(phone)
        async with joined(hub.unit, Role.UNIT, credential=token) as unit:
            assert unit.participant != phone.participant
        async with joined(hub.speak, Role.SPEAKER, credential=token) as speaker:
            assert speaker.participant != phone.participant
            assert (await speaker.do(TakeFloor)).refused is RefusalCode.NOT_ALLOWED
        code, _ = await refused(hub, Role.HOST, hub.listen, credential=token)
        assert code == CloseCode.UNAUTHORISED


async def test_its_own_token_makes_no_other_speaker_of_it(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            traits = SpeakerTraits(sends=True)
            code, text = await refused(hub, credential=resume(mic), speaker=traits)
            assert (code, "whose" in text) == (CloseCode.FORBIDDEN, True)


async def test_a_microphone_that_wants_to_be_open_from_the_start_is_not(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        traits = SpeakerTraits(sends=True, person=phone.welcome.resume)
        async with joined(hub.speak, Role.SPEAKER, speaker=traits) as mic:
            assert mic.view.microphones == ()
            assert hub.engine.sources == ()


async def test_a_grant_used_twice_is_one_microphone(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as first, microphone(hub, phone) as second:
            assert (await first.until_closed())[0] == CloseCode.SUPERSEDED
            assert second.participant == first.participant
            assert second.welcome.ssrc != first.welcome.ssrc, "it begins anew"
            assert (await second.do(TakeFloor)).refused is None
            assert await sent(hub, second, range(3)) == 3
            assert len(hub.engine.sources) == 1


async def test_a_page_loaded_anew_goes_on_with_its_turn(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            await mic.do(TakeFloor)
            await mic.do(SetMuted, muted=Mute.SELF)
        async with (
            joined(hub.listen, credential=resume(phone)) as again,
            microphone(hub, again) as mic,
        ):
            turn = mic.view.floor[0]
            assert (turn.ssrc, turn.muted) == (mic.welcome.ssrc, Mute.SELF)
            assert hub.engine.sources == (), "what was muted stays so"
            assert await sent(hub, mic, range(3)) == 0
            assert await sent(hub, mic, range(3, 6)) == 3


async def test_two_connections_and_one_may_be_lost(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as first:
            second_of: dict[str, Any] = {
                "stream": first.welcome.stream,
                "credential": resume(first),
            }
            async with microphone(hub, phone, **second_of) as second:
                await first.do(TakeFloor)
                for number in range(5):
                    for one in (second, first):
                        await one.socket.send(packet_of(first, number))
                await first.do(SetMuted, muted=None)
                for _ in range(100):
                    if hub.live.counts.duplicate_packets == 5:
                        break
                    await asyncio.sleep(0.01)
                assert (len(hub.engine.packets), hub.live.counts.duplicate_packets) == (5, 5)
                await run.do(EndTurn, participant=phone.participant)
                for one in (first, second):
                    assert (await one.until_closed())[0] == CloseCode.FORBIDDEN


async def test_a_second_connection_is_for_its_own_stream_only(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as ada, joined(hub.listen) as ben:
        await grant(run, ada)
        async with microphone(hub, ada) as mic:
            theirs: dict[str, Any] = {"stream": mic.welcome.stream, "credential": resume(mic)}
            code, _ = await refused(hub, speaker=own(ben), **theirs)
            assert code == CloseCode.FORBIDDEN, "it is not Ben's turn"
            code, _ = await refused(hub, speaker=SpeakerTraits(), **theirs)
            assert code == CloseCode.FORBIDDEN
            code, _ = await refused(hub, speaker=own(ada), stream=mic.welcome.stream)
            assert code == CloseCode.UNAUTHORISED, "without its token"


async def test_a_lost_microphone_is_back_in_time_and_is_not_afterwards(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped_ns = 0
    monkeypatch.setattr(hub.live, "now_ns", lambda: time.monotonic_ns() + skipped_ns)
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            await mic.do(TakeFloor)
            token, ssrc = resume(mic), mic.welcome.ssrc
        await _until(phone, lambda: any(turn.away for turn in phone.view.floor))
        async with microphone(hub, phone, credential=token) as mic:
            await phone.until_seq(mic.view.seq)
            assert mic.welcome.ssrc == ssrc
            assert (mic.view.floor[0].away, len(hub.engine.sources)) == (False, 1)
            assert await sent(hub, mic, range(3)) == 3
        await _until(phone, lambda: any(turn.away for turn in phone.view.floor))
        skipped_ns = TURN_AWAY_NS
        await _until(phone, lambda: bool(phone.view.line))
        assert phone.view.line[0].speaks
        code, _ = await refused(hub, speaker=own(phone), credential=token)
        assert code == CloseCode.FORBIDDEN


async def _until(client: Peer, is_so: Any) -> None:
    while not is_so():
        await client.hear()


async def test_whoever_is_shown_out_is_gone_with_every_connection(
    hub: LiveHub, machine: MachineWatch
) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            stream = {"stream": mic.welcome.stream, "credential": resume(mic)}
            async with microphone(hub, phone, **stream) as second:
                await mic.do(TakeFloor)
                began = time.monotonic()
                await run.do(Block, participant=phone.participant, out=True)
                for one in (phone, mic, second):
                    code, failures = await one.until_closed()
                    assert code == CloseCode.FORBIDDEN
                    assert "shown you out" in failures[0].text
                machine.assert_within(SOON_S, began, "gone")
                assert (hub.engine.sources, run.view.floor) == ((), ())
        assert hub.hub.main.is_out(phone.participant)
        assert (await refused(hub, speaker=own(phone)))[0] == CloseCode.FORBIDDEN
        assert (await run.do(Unblock, participant=phone.participant)).refused is None
        assert not hub.hub.main.is_out(phone.participant)
        async with joined(hub.listen, credential=resume(phone)) as again:
            assert again.participant == phone.participant


async def test_it_does_three_things_and_reports_and_nothing_else(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with microphone(hub, phone) as mic:
            await mic.say(Level(level_dbfs=-30.0))
            report = {"delay_ms": 40.0, "buffer_ms": 60.0, "underruns": 0, "concealed": 0}
            await mic.say(OutputReport(**report, playing=True))
            acks = [await mic.do(kind, **more) for kind, more in _FOREIGN]
            assert {ack.refused for ack in acks} == {RefusalCode.NOT_ALLOWED}
            assert all("speaking phone" in (ack.text or "") for ack in acks)
            (shown,) = (u for u in hub.live.status().units if u.unit == mic.participant)
            assert (shown.name, shown.level_dbfs) == ("Ada", -30.0)
            assert shown.output is not None
            assert shown.output.playing
            await mic.say(Ack(id="x"))  # no word of a client's
            assert (await mic.until_closed())[0] == CloseCode.MALFORMED


_FOREIGN: tuple[tuple[Any, dict[str, Any]], ...] = (
    (RaiseHand, {"name": "Ada"}),
    (Block, {"participant": "ben"}),
    (SilenceAll, {"on": True}),
    (GiveFloor, {"participant": "ben"}),
)


async def test_a_stage_that_is_full_says_so(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path, limits=LimitSettings(speakers=1)) as hub,
        host(hub) as run,
        joined(hub.listen) as phone,
        joined(hub.speak, Role.SPEAKER) as other,
    ):
        await grant(run, phone)
        code, text = await refused(hub, speaker=own(phone))
        assert (code, "1 speakers" in text) == (CloseCode.RATE, True)
        await other.socket.close()
        for _ in range(200):
            if not hub.live.count(Role.SPEAKER):
                break
            await asyncio.sleep(0.01)
        async with microphone(hub, phone) as mic:
            assert (await mic.do(TakeFloor)).refused is None


async def test_an_anonymous_speaker_stays_unnamed(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone, joined(hub.listen) as other:
        await grant(run, phone, text="Why?", anonymous=True)
        async with microphone(hub, phone) as mic:
            await mic.do(TakeFloor)
            await other.until_seq(mic.view.seq)
            assert "Ada" not in other.view.model_dump_json()
            assert not any("Ada" in message.model_dump_json() for message in other.heard)


FROM_AFAR = {"additional_headers": {"X-Forwarded-For": "192.0.2.7"}}
"""What a proxy passes on is not this machine."""


async def test_from_another_machine_it_comes_in_by_its_owners_turn_alone(hub: LiveHub) -> None:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        async with peer(hub.speak, **FROM_AFAR) as stranger:
            join = Join(version=PROTOCOL_VERSION, role=Role.SPEAKER, speaker=SpeakerTraits())
            await stranger.say(join)
            assert (await stranger.until_closed())[0] == CloseCode.FORBIDDEN
        async with peer(hub.speak, **FROM_AFAR) as mic:
            await mic.join(Role.SPEAKER, speaker=own(phone))
            assert (await mic.do(TakeFloor)).refused is None
            assert await sent(hub, mic, range(3)) == 3


async def test_a_private_room_asks_for_its_link_too(hub: LiveHub) -> None:
    secret = InviteCredential(token=hub.hub.keys.audience_token("main"))
    async with host(hub) as run:
        about = About(title="Town hall", access=Access.PRIVATE)
        await run.do(Describe, about=about)
        async with joined(hub.listen, credential=secret) as phone:
            await grant(run, phone)
            for shown, code in ((None, CloseCode.ROOM_CLOSED), (secret, None)):
                async with peer(hub.speak, **FROM_AFAR) as mic:
                    fields = {"speaker": own(phone), "invite": shown}
                    if code is None:
                        await mic.join(Role.SPEAKER, **fields)
                        assert (await mic.do(TakeFloor)).refused is None
                        continue
                    await mic.say(Join(version=PROTOCOL_VERSION, role=Role.SPEAKER, **fields))
                    assert (await mic.until_closed())[0] == code
