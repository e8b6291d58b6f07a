"""A real hub and a real edge: what people at the edge hear, do and are told."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx

from fakes.edged_hub import EdgedHub, becomes, edged_hub
from fakes.peer import Peer, host_credential, joined, peer, resume
from parvis_server.config import LimitSettings
from parvis_server.net.relay_shares import Kind, RelayShares, Share
from parvis_server.room.births import born_utc_s
from parvis_server.room.permissions import OPERATOR
from parvis_wire.audience import Here, Pulse, React, Reaction
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import (
    Block,
    Describe,
    LowerHand,
    MakeInvite,
    Next,
    RaiseHand,
    RevokeInvite,
)
from parvis_wire.floor import About, Access, InviteRole, Phase
from parvis_wire.messages import (
    DEFAULT_ROOM,
    PROTOCOL_VERSION,
    InviteCredential,
    Join,
    RefusalCode,
    Role,
)
from parvis_wire.packet_time import PacketTime
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Status


async def until_in_line(listener: Peer, name: str) -> None:
    while not any(hand.name == name for hand in listener.view.line):
        await listener.hear()


async def turned_away(house: EdgedHub, role: Role = Role.LISTENER, **fields: Any) -> int:
    """The code with which a listener is closed."""
    async with peer(house.edge.listen) as stranger:
        await stranger.say(Join(version=PROTOCOL_VERSION, role=role, **fields))
        code, _ = await stranger.until_closed()
        return code


async def test_a_listener_at_the_edge_hears_sees_and_raises_a_hand(tmp_path: Path) -> None:
    """Sound, news, a hand under the same participant, and the host's act at the edge."""
    async with edged_hub(tmp_path) as house:
        hub, edge = house.hub, house.edge
        async with joined(edge.listen) as one, joined(edge.listen) as other:
            hub.engine.say(b"\xf8\xff\xfe", count=8)
            for born in (born_utc_s(one.participant), born_utc_s(other.participant)):
                assert born is not None
                assert abs(born - time.time()) < 600, "an edge's ids tell it too"
            packet = await one.hear()
            while not isinstance(packet, RtpPacket):
                packet = await one.hear()
            assert packet.payload == b"\xf8\xff\xfe"
            ack = await one.do(RaiseHand, name="Ada")
            assert ack.refused is None
            await until_in_line(other, "Ada")
            assert other.view.line[0].participant == one.participant
            # The hub knows one more seat, and counts listeners by the edge's beat alone.
            assert house.desk.relays.count == 1
            await becomes(lambda: hub.live.listeners == 2)
            async with joined(
                hub.listen, Role.HOST, credential=host_credential(hub.secret)
            ) as host:
                assert host.view.line[0].name == "Ada"
                assert (await host.do(Next)).refused is None
                while not one.view.floor:
                    await one.hear()
                status = await host.until(Status)
                while status.listeners != 2:
                    status = await host.until(Status)
        await becomes(lambda: hub.live.listeners == 0)
        await becomes(lambda: house.desk.relays.count == 0)


async def test_who_they_are_holds_at_the_hub_and_at_the_edge(tmp_path: Path) -> None:
    """One token for both."""
    async with edged_hub(tmp_path) as house:
        async with joined(house.edge.listen) as at_edge:
            token, who = resume(at_edge), at_edge.participant
        async with joined(house.hub.listen, credential=token) as at_hub:
            assert at_hub.participant == who
            token = resume(at_hub)
        async with joined(house.edge.listen, credential=token) as back:
            assert back.participant == who


async def test_hosts_and_screens_are_relayed_whole(tmp_path: Path) -> None:
    """A host at an edge gets status, acts, and hears the program."""
    async with edged_hub(tmp_path) as house:
        hub, edge = house.hub, house.edge
        credential = host_credential(hub.secret)
        async with (
            joined(edge.listen, Role.HOST, credential=credential) as host,
            joined(edge.listen, Role.SCREEN) as screen,
        ):
            assert host.welcome.rank is not None
            await host.until(Status)
            await host.do(Describe, about=About(title="Renamed"))
            while screen.view.title != "Renamed" and (
                screen.view.about is None or screen.view.about.title != "Renamed"
            ):
                await screen.hear()
            hub.engine.say(b"\xf8\xff\xfe", count=3)
            async with asyncio.timeout(10):
                while not host.packets:
                    await host.hear()
        await becomes(lambda: house.desk.relays.count == 0)


async def test_presence_is_counted_and_names_are_listed(tmp_path: Path) -> None:
    """In the hall, named, clapping: as at the hub itself."""
    async with edged_hub(tmp_path) as house:
        live = house.hub.live
        async with joined(house.edge.listen) as one, joined(house.hub.listen) as two:
            await one.say(Here(in_hall=True, name="Grace"))
            await becomes(lambda: live.audience.in_hall_count == 1)
            assert live.listeners == 2
            assert live.audience.named(live.seated.is_listening) == ()
            people = await house.desk.people.of("main")
            assert [one.name for one in people] == ["Grace"]
            await one.say(React(reaction=Reaction.CLAP))
            pulse = await two.until(Pulse)
            while not pulse.reactions.get(Reaction.CLAP):
                pulse = await two.until(Pulse)
            assert pulse.reactions == {Reaction.CLAP: 1}
            # Who then does something is relayed, and not counted twice.
            assert (await one.do(RaiseHand, name="Grace")).refused is None
            await becomes(lambda: house.desk.relays.count == 1)
            assert (live.listeners, live.audience.in_hall_count) == (2, 1)


async def test_who_is_shown_out_leaves_the_edge(tmp_path: Path) -> None:
    """Whether or not they ever did anything."""
    async with edged_hub(tmp_path) as house:
        hub = house.hub
        async with joined(house.edge.listen) as one:
            await one.do(RaiseHand, name="Rude")
            credential = host_credential(hub.secret)
            async with joined(hub.listen, Role.HOST, credential=credential) as host:
                ack = await host.do(Block, participant=one.participant, out=True)
                assert ack.refused is None
            code, _ = await one.until_closed()
            assert code == CloseCode.FORBIDDEN
            assert await turned_away(house, credential=resume(one)) == CloseCode.FORBIDDEN


async def test_a_room_that_is_not_open_lets_in_by_grant_until_the_invitation_is_void(
    tmp_path: Path,
) -> None:
    """The edge asks once; then the grant lets in; a host's act ends it."""
    async with edged_hub(tmp_path) as house:
        hub = house.hub
        about = About(title="Closed", access=Access.CLOSED)
        room = hub.hub.rooms.create(about, name="closed", phase=Phase.LIVE)
        made = await room.live.ask(
            OPERATOR, MakeInvite(id="invite-0001-abcdef", role=InviteRole.SPEAKER)
        )
        token = (made.link or "").rpartition("k=")[2]
        shown = InviteCredential(token=token)
        async with joined(house.edge.listen, room="closed", invite=shown) as guest:
            assert guest.welcome.grant is not None
            grant, again = guest.welcome.grant, resume(guest)
            async with joined(
                house.edge.listen, room="closed", grant=grant, credential=again
            ) as back:
                assert back.participant == guest.participant
                await room.live.ask(OPERATOR, RevokeInvite(id="revoke-0001-abcdef", number=1))
                code, _ = await back.until_closed()
                assert code == CloseCode.ROOM_CLOSED
        assert await turned_away(house, room="closed") == CloseCode.ROOM_CLOSED
        assert await turned_away(house, room="closed", invite=shown) == CloseCode.ROOM_CLOSED


async def test_a_room_that_is_closed_again_keeps_or_shows_out_who_came_freely(
    tmp_path: Path,
) -> None:
    """At the hub and at an edge alike."""
    async with edged_hub(tmp_path) as house:
        main = house.hub.hub.main
        about = main.about.model_copy(update={"access": Access.PRIVATE})
        async with joined(house.edge.listen) as far, joined(house.hub.listen) as near:
            await main.live.ask(OPERATOR, Describe(id="describe-0001-abcd", about=about))
            while far.view.about != about:
                await far.hear()
            assert await turned_away(house) == CloseCode.ROOM_CLOSED
            assert await turned_away(house, credential=resume(far)) == CloseCode.ROOM_CLOSED
            leave = Describe(id="describe-0002-abcd", about=about, show_out=True)
            await main.live.ask(OPERATOR, leave)
            for one in (far, near):
                code, _ = await one.until_closed()
                assert code == CloseCode.ROOM_CLOSED


async def test_requests_are_answered_through_the_edge(tmp_path: Path) -> None:
    """Rooms and places; operators' routes not through a public edge."""
    async with edged_hub(tmp_path, is_public=True) as house:
        async with httpx.AsyncClient(base_url=house.edge.http) as client:
            room = await client.get(f"/api/v1/rooms/{DEFAULT_ROOM}")
            assert room.json()["room"] == DEFAULT_ROOM, room.text
            assert (await client.get("/api/v1/rooms/nothing")).status_code == 404
            places = await client.get(f"/api/v1/rooms/{DEFAULT_ROOM}/edges")
            assert places.json()["edges"] == [":1"]
            assert len(places.json()["weights"]) == 1
            for path in ("/api/v1/house", "/api/v1/edges", "/api/v1/units"):
                assert (await client.get(path)).status_code == 403
            made = await client.post("/api/v1/claim", content=json.dumps({"secret": "x"}))
            assert made.status_code == 403
        async with httpx.AsyncClient(base_url=house.hub.http) as client:
            own = await client.get(f"/api/v1/rooms/{DEFAULT_ROOM}/edges")
            assert own.json() == {"edges": [], "weights": []}  # who is in the venue stays in it
            listed = await client.get("/api/v1/edges")
            assert listed.status_code == 401


async def test_an_operator_lists_and_drains(tmp_path: Path) -> None:
    """The order reaches the edge; a page is sent there no more."""
    async with edged_hub(tmp_path) as house:
        token = house.hub.hub.keys.operator_token
        bearer = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=house.hub.http, headers=bearer) as client:
            listed = (await client.get("/api/v1/edges")).json()["edges"]
            assert [one["place"] for one in listed] == [":1"]
            edge = listed[0]["edge"]
            wrong = await client.post("/api/v1/edges/nobody/drain", json={})
            assert wrong.status_code == 404
            drained = await client.post(f"/api/v1/edges/{edge}/drain", json={"within_s": 1})
            assert drained.status_code == 202
            places = await client.get(f"/api/v1/rooms/{DEFAULT_ROOM}/edges")
            assert places.json() == {"edges": [], "weights": []}
        async with asyncio.timeout(20):
            await house.edge.edge.drainage.done.wait()


async def test_the_bus_is_cut_and_heals(tmp_path: Path) -> None:
    """What happened meanwhile is known afterwards, and the room's news go on."""
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        await one.do(RaiseHand, name="Before")
        house.edge_bus.cut()
        house.hub.live.command(
            OPERATOR,
            Describe(id="describe-0001-abc", about=About(title="Meanwhile")),
            lambda a: None,
        )
        house.edge_bus.heal()
        async with asyncio.timeout(20):
            while one.view.about is None or one.view.about.title != "Meanwhile":
                await one.hear()
        assert (await one.do(RaiseHand, name="Before")).refused is not None  # it is still up


async def test_garbage_on_every_subject_harms_nobody(tmp_path: Path) -> None:
    """The next hand is taken."""
    async with edged_hub(tmp_path) as house:
        await _throw_garbage(house)
        async with joined(house.edge.listen) as one:
            assert (await one.do(RaiseHand, name="Ada")).refused is None
        assert house.desk.unreadable > 0


async def _throw_garbage(house: EdgedHub) -> None:
    edge, subjects = house.edge.id, house.edge.edge.line.subjects
    texts = (b"", b"{}", b"\xff\x00", b"[1]", b'{"type": "relay_said"}', b"null", b"x" * 5000)
    for text in texts:
        for subject in (
            *(subjects.hub_beat, subjects.edge_beat, subjects.relay_up(edge)),
            *(subjects.sound_up(edge), subjects.hello),
        ):
            house.edge_bus.publish(subject, text)
        for subject in (subjects.hello, subjects.rooms, subjects.admit, subjects.http):
            said = json.loads(await house.edge_bus.ask(subject, text, 5))
            assert said["type"] == "refused"


async def test_a_short_cut_on_the_hubs_side_loses_nothing_without_a_word(tmp_path: Path) -> None:
    """Shorter than anybody's silence: hosts come back, and the edge asks for what it missed."""
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        host = host_credential(house.hub.secret)
        async with joined(house.edge.listen, Role.HOST, credential=host) as at_edge:
            house.hub_bus.cut()
            async with joined(house.hub.listen) as at_hub:
                assert (await at_hub.do(RaiseHand, name="Ada")).refused is None
            house.hub_bus.heal()
            assert (await at_edge.until_closed())[0] == CloseCode.GOING_AWAY
        await until_in_line(one, "Ada")
        assert house.edge.edge.line.is_reached


async def test_listeners_who_act_keep_no_host_out_at_the_hub(tmp_path: Path) -> None:
    """Whatever an edge lets through: the hub has shares of its own."""
    async with edged_hub(tmp_path) as house:
        relays = house.desk.relays._edges[house.edge.id][0]
        few = {Kind.ACTS: Share(1, 1), Kind.SHOWS: Share(0, 0), Kind.RUNS: Share(1, 1)}
        relays.shares = RelayShares(few)
        async with joined(house.edge.listen) as one, joined(house.edge.listen) as two:
            for each in (one, two, one):
                assert (await each.do(LowerHand)).refused is RefusalCode.NO_HAND
                await becomes(lambda: len(relays.visits) == 1)
            secret = host_credential(house.hub.secret)
            async with joined(house.edge.listen, Role.HOST, credential=secret):
                assert len(relays.visits) == 2
                assert await turned_away(house, Role.HOST, credential=secret) == CloseCode.RATE
            await becomes(lambda: len(relays.visits) == 1)
            assert await turned_away(house, Role.SCREEN) == CloseCode.RATE


async def test_the_hubs_packet_times_hold_at_its_edges(tmp_path: Path) -> None:
    """The least as well as the most, from the first listener on."""
    limits = LimitSettings(min_packet_ms=40, max_packet_ms=60)
    async with (
        edged_hub(tmp_path, limits=limits) as house,
        joined(house.edge.listen) as listener,
    ):
        speaking = asyncio.create_task(_speak(house))
        assert (await listener.until(PacketTime)).ptime_ms == 40
        speaking.cancel()
        assert house.edge.edge.rooms.limits.max_packet_ms == 60


async def _speak(house: EdgedHub) -> None:
    """Until it is heard: the edge follows the room from its first listener on."""
    while True:
        house.hub.engine.say()
        await asyncio.sleep(0.02)
