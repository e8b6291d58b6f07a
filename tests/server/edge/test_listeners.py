"""Listeners at an edge: who comes in, what they are told, and that the hub is asked little."""

from __future__ import annotations

import asyncio

import pytest

from fakes.live_edge import House, edge_house
from fakes.peer import Peer, joined, peer, resume
from parvis_server.bus.bus import NoAnswer
from parvis_server.edge import admission
from parvis_server.edge import door as door_module
from parvis_server.edge import edge as edge_module
from parvis_server.net.connection import INTERNAL_ERROR
from parvis_server.net.credentials import new_participant
from parvis_server.net.rate import Attempts
from parvis_wire.audience import Here, React, Reaction
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Venue
from parvis_wire.edges import People, PeopleQuestion, parse
from parvis_wire.floor import Access
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    InviteCredential,
    Join,
    ResumeCredential,
    Role,
    Snapshot,
    serialize,
)
from parvis_wire.rtp import RtpPacket


async def refused(house: House, **fields: object) -> int:
    """The close code of a join that is refused."""
    async with peer(house.edge.listen) as one:
        fields.setdefault("version", PROTOCOL_VERSION)
        fields.setdefault("role", Role.LISTENER)
        await one.say(Join.model_validate(fields))
        return (await one.until_closed())[0]


async def until(one: Peer, number: int) -> None:
    while len(one.packets) < number:
        await one.hear()


async def test_listeners_are_welcomed_without_a_question_and_hear_news_and_program() -> None:
    async with edge_house() as house, joined(house.edge.listen) as first:
        assert house.hub.asked_rooms == 1
        async with joined(house.edge.listen) as second:
            assert house.hub.asked_rooms == 1
            assert house.hub.said == []
            assert first.participant != second.participant
            house.hub.news(house.hub.rooms["main"].raises("a"))
            for one in (first, second):
                await one.until(Change)
                assert [hand.participant for hand in one.view.line] == ["a"]
            packet = RtpPacket(sequence=1, timestamp=960, ssrc=7, payload=b"\xf8\xff\xfe")
            house.hub.program(packet.serialize())
            for one in (first, second):
                await until(one, 1)
                assert one.packets == [packet]


async def test_a_newcomer_gets_the_room_as_it_is_now() -> None:
    async with edge_house() as house, joined(house.edge.listen) as first:
        for who in ("a", "b"):
            house.hub.news(house.hub.rooms["main"].raises(who))
        await first.until_seq(2)
        async with joined(house.edge.listen) as late:
            assert late.view == house.hub.rooms["main"].view
            assert house.hub.asked_rooms == 1


async def test_a_gap_brings_everybody_the_snapshot() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        room = house.hub.rooms["main"]
        room.raises("lost")
        house.hub.news(room.raises("b"))
        await one.until(Snapshot)
        assert one.view == room.view
        house.hub.news(room.lowers("b"))
        await one.until(Change)
        assert one.view == room.view


async def test_a_token_holds_at_every_edge() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        assert house.hub.participant_of(one.welcome.resume) == one.participant
        async with joined(house.edge.listen, credential=resume(one)) as again:
            assert again.participant == one.participant
            assert (await one.until_closed())[0] == CloseCode.SUPERSEDED
        async with joined(house.edge.listen, credential=ResumeCredential(token="x.y")) as stranger:
            assert stranger.participant != one.participant


async def test_a_room_that_is_not_there_is_refused_and_asked_for_once() -> None:
    async with edge_house() as house:
        assert await refused(house, room="nowhere") == CloseCode.ROOM_CLOSED
        asked = house.hub.asked_rooms
        assert await refused(house, room="nowhere") == CloseCode.ROOM_CLOSED
        assert house.hub.asked_rooms == asked


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"version": 99}, CloseCode.VERSION),
        ({"role": Role.UNIT, "unit": {}}, CloseCode.FORBIDDEN),
        ({"speaker": {}}, CloseCode.MALFORMED),
    ],
)
async def test_joins_that_nothing_would_make_good(
    fields: dict[str, object], code: CloseCode
) -> None:
    async with edge_house() as house:
        assert await refused(house, **fields) == code


async def test_a_private_room_opens_to_its_link_without_a_question() -> None:
    async with edge_house() as house:
        house.hub.rooms["main"].opens(Access.PRIVATE, "secret")
        assert await refused(house) == CloseCode.ROOM_CLOSED
        wrong = InviteCredential(token="wrong")
        assert await refused(house, credential=wrong) == CloseCode.ROOM_CLOSED
        async with joined(house.edge.listen, credential=InviteCredential(token="secret")) as one:
            assert one.view.title == "Hall"


async def test_who_comes_back_without_a_secret_is_no_question_to_the_hub() -> None:
    """Who they are lets nobody into a room that is not open: the edge can say so itself."""
    async with edge_house() as house:
        house.hub.rooms["main"].opens(Access.PRIVATE, "secret")
        async with joined(house.edge.listen, credential=InviteCredential(token="secret")) as one:
            assert await refused(house, credential=resume(one)) == CloseCode.ROOM_CLOSED
        assert house.hub.asked_admits == 0


async def test_an_invitation_is_asked_about_once_and_its_grant_holds_until_it_is_void() -> None:
    async with edge_house() as house:
        room = house.hub.rooms["main"]
        room.opens(Access.CLOSED)
        house.hub.invites["mine"] = 3
        async with joined(house.edge.listen, credential=InviteCredential(token="mine")) as one:
            grant = one.welcome.grant
            assert grant is not None
        house.hub.invites.clear()
        async with joined(house.edge.listen, credential=resume(one), grant=grant) as again:
            assert again.participant == one.participant
            house.hub.news(room.voids(3))
            assert (await again.until_closed())[0] == CloseCode.ROOM_CLOSED
        fields = {"credential": resume(one), "grant": grant}
        assert await refused(house, **fields) == CloseCode.ROOM_CLOSED


async def test_anothers_grant_is_worth_nothing() -> None:
    async with edge_house() as house:
        house.hub.rooms["main"].opens(Access.CLOSED)
        grant = house.hub.grant("main", "somebody")
        assert await refused(house, grant=grant) == CloseCode.ROOM_CLOSED


async def test_who_makes_up_tokens_that_the_hub_alone_knows_is_told_to_stop() -> None:
    """Each costs the hub a question; so they are counted as wrong links are."""
    async with edge_house() as house, joined(house.edge.listen):
        house.edge.edge.door._attempts = Attempts(per_s=0, burst=3)
        codes = [
            await refused(house, credential=ResumeCredential(token=f"{new_participant()}.raised-x"))
            for _ in range(6)
        ]
        assert codes == 3 * [CloseCode.UNAUTHORISED] + 3 * [CloseCode.RATE]
        assert house.hub.asked_admits == 3, "the others cost the hub nothing"
        async with joined(house.edge.listen):
            pass  # whoever else is behind that address guesses nothing
        assert await refused(house, room="nowhere") == CloseCode.RATE


async def test_who_is_shown_out_leaves_at_once_and_stays_out_until_let_in() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        room = house.hub.rooms["main"]
        house.hub.news(room.shows_out(one.participant))
        assert (await one.until_closed())[0] == CloseCode.FORBIDDEN
        assert await refused(house, credential=resume(one)) == CloseCode.FORBIDDEN
        house.hub.news(room.lets_in(one.participant))
        async with joined(house.edge.listen) as other:
            house.hub.news(room.raises("a"))
            await other.until(Change)
        async with joined(house.edge.listen, credential=resume(one)):
            pass


async def test_a_room_that_ends_closes_its_audience() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        house.hub.news(house.hub.rooms["main"].ends())
        assert (await one.until_closed())[0] == CloseCode.ROOM_CLOSED


async def test_the_hub_hears_counts_and_reactions_and_names_when_it_asks() -> None:
    """Nobody who merely listens is on the bus otherwise."""
    said: list[bytes] = []
    async with edge_house() as house, joined(house.edge.listen) as one:
        async with joined(house.edge.listen):
            await one.say(Here(in_hall=True, name="Ada"))
            await one.say(React(reaction=Reaction.CLAP))

            def told() -> bool:
                rooms = [beat.rooms["main"] for beat in house.hub.beats if "main" in beat.rooms]
                counted = any(room.listeners == 2 and room.in_hall == 1 for room in rooms)
                claps = sum(room.reactions.get(Reaction.CLAP, 0) for room in rooms)
                return counted and claps == 1

            house.hub.bus.subscribe("parvis.test.edge.beat", said.append)
            house.hub.bus.subscribe("parvis.test.hub.*", said.append)
            await house.hub.until(told)
            subject = house.hub.subjects.people(house.edge.id)
            for room, names in (("main", ["Ada"]), ("other", [])):
                question = serialize(PeopleQuestion(room=room)).encode()
                people = parse(People, await house.hub.bus.ask(subject, question, 5)).people
                assert [one.name for one in people] == names
            with pytest.raises(NoAnswer):
                await house.hub.bus.ask(subject, b"who?", 0.05)
        beats = len(house.hub.beats)
        await house.hub.until(lambda: len(house.hub.beats) > beats)
        assert said
        whose = one.participant.encode()
        assert not any(b"Ada" in message or whose in message for message in said)
        assert house.hub.said == []
        await house.hub.until(lambda: house.hub.beats[-1].rooms["main"].listeners == 1)


async def test_the_hub_is_lost_and_comes_back() -> None:
    async with edge_house() as house, joined(house.edge.listen) as one:
        room = house.hub.rooms["main"]
        bus = house.hub.bus
        bus.cut()  # type: ignore[attr-defined]
        assert not (await one.until(Venue)).is_reached
        one.heard.clear()
        house.edge.edge._ticks = edge_module.AWAY_EVERY_TICKS  # as ten seconds later
        assert not (await one.until(Venue)).is_reached, "it is said again: the page knows us alive"
        async with joined(house.edge.listen) as late:
            assert not (await late.until(Venue)).is_reached
            room.raises("meanwhile")
            bus.heal()  # type: ignore[attr-defined]
            for each in (one, late):
                assert (await each.until(Venue)).is_reached
                await each.until(Snapshot)
                assert each.view == room.view


async def test_without_a_hub_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "WAITS_NS", 100_000_000)
    async with edge_house() as house:
        house.hub.answers_rooms = False
        async with peer(house.edge.listen) as one:
            await one.say(Join(version=PROTOCOL_VERSION, role=Role.LISTENER))
            assert (await one.until_closed())[0] == CloseCode.GOING_AWAY
        assert isinstance(one.heard[0], Venue)


async def test_a_full_edge_says_so() -> None:
    async with edge_house(most=1) as house, joined(house.edge.listen):
        assert await refused(house) == CloseCode.RATE


async def test_fifty_at_once_cost_one_question() -> None:
    async with edge_house() as house:
        async with asyncio.TaskGroup() as group:
            comes = [group.create_task(_comes(house)) for _ in range(50)]
        assert all(one.result() for one in comes)
        assert house.hub.asked_rooms == 1


async def _comes(house: House) -> bool:
    async with joined(house.edge.listen) as one:
        return one.view.title == "Hall"


async def test_a_mistake_of_ours_ends_one_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with edge_house() as house:

        def broken(*args: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(admission, "entry", broken)
            assert await refused(house) == INTERNAL_ERROR
        async with joined(house.edge.listen):
            pass
    assert "a join could not be handled" in caplog.text


async def test_an_open_room_lets_in_who_shows_a_secret_that_nobody_can_check() -> None:
    async with edge_house() as house, joined(house.edge.listen):
        house.hub.stop()
        async with joined(house.edge.listen, credential=InviteCredential(token="old")) as one:
            assert one.welcome.grant is None
