"""Who comes into which room: open, private, closed; hosts, guests and screens; guessers."""

from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import pytest
from websockets.exceptions import ConnectionClosed

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, joined, peer
from parvis_server.net.rooms import HubRoom
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Command, Describe, MakeInvite, RaiseHand, RevokeInvite, SetRank
from parvis_wire.floor import About, Access, Invite, InviteRole, Phase, Rank
from parvis_wire.messages import (
    Ack,
    Credential,
    Failure,
    HostCredential,
    InviteCredential,
    Join,
    ResumeCredential,
    Role,
    Welcome,
)
from parvis_wire.stage import SpeakerTraits

INVITES = tuple(Invite(number=at, role=role) for at, role in enumerate(InviteRole, start=1))
SHUT = (CloseCode.ROOM_CLOSED, CloseCode.UNAUTHORISED, CloseCode.RATE)
NUMBER = {invite.role: invite.number for invite in INVITES}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


def make(hub: LiveHub, access: Access) -> HubRoom:
    room = hub.hub.rooms.create(About(title="Evening", access=access), phase=Phase.LIVE)
    for invite in INVITES:
        does(room, MakeInvite(id=token_hex(8), role=invite.role))
    assert tuple(room.invites) == INVITES
    return room


def does(room: HubRoom, command: Command) -> None:
    """The operator of the hub acts."""
    acks: list[Ack] = []
    room.live.command(OPERATOR, command, acks.append)
    assert acks[0].refused is None, acks[0]


def audience_key(hub: LiveHub, room: HubRoom) -> InviteCredential:
    return InviteCredential(token=hub.hub.keys.audience_token(room.name))


def key(hub: LiveHub, room: HubRoom, role: InviteRole) -> InviteCredential:
    return InviteCredential(token=hub.hub.keys.invite_token(room.name, NUMBER[role], role))


def host_key(hub: LiveHub, room: HubRoom) -> HostCredential:
    return HostCredential(secret=hub.hub.keys.host_secret_of(room.name))


async def refused(url: str, room: str, role: Role = Role.LISTENER, **fields: object) -> Failure:
    async with peer(url) as stranger:
        await stranger.say(Join.model_validate({"version": 1, "role": role, "room": room} | fields))
        code, [failure] = await stranger.until_closed()
        assert code == failure.code
        return failure


async def enters(
    hub: LiveHub, room: HubRoom, credential: Credential | None, role: Role = Role.LISTENER
) -> bool:
    async with peer(hub.listen) as somebody:
        try:
            await somebody.join(role, room=room.name, credential=credential)
        except ConnectionClosed:
            assert isinstance(somebody.heard[-1], Failure)
            return False
        return True


@pytest.mark.parametrize("access", Access)
async def test_who_is_in_the_audience(hub: LiveHub, access: Access) -> None:
    room = make(hub, access)
    nobody, stranger = None, InviteCredential(token="a" * 22)
    assert await enters(hub, room, nobody) == (access is Access.OPEN)
    assert await enters(hub, room, stranger) == (access is Access.OPEN)
    assert await enters(hub, room, audience_key(hub, room)) == (access is not Access.CLOSED)
    assert await enters(hub, room, key(hub, room, InviteRole.AUDIENCE))
    assert await enters(hub, room, key(hub, room, InviteRole.SPEAKER))
    assert await enters(hub, room, host_key(hub, room))
    for_the_screen = await enters(hub, room, key(hub, room, InviteRole.SCREEN))
    assert for_the_screen == (access is Access.OPEN)


@pytest.mark.parametrize("access", Access)
async def test_where_a_screen_shows(hub: LiveHub, access: Access) -> None:
    room = make(hub, access)
    is_open = access is Access.OPEN
    assert await enters(hub, room, None, Role.SCREEN) == is_open
    assert await enters(hub, room, audience_key(hub, room), Role.SCREEN) == is_open
    assert await enters(hub, room, key(hub, room, InviteRole.AUDIENCE), Role.SCREEN) == is_open
    assert await enters(hub, room, key(hub, room, InviteRole.SCREEN), Role.SCREEN)


async def test_a_screen_does_nothing(hub: LiveHub) -> None:
    async with joined(hub.listen, Role.SCREEN) as screen:
        await screen.say(RaiseHand(id="1", name="Ada"))
        code, _ = await screen.until_closed()
        assert code == CloseCode.FORBIDDEN
    assert hub.live.room.view.line == ()


@pytest.mark.parametrize("access", Access)
async def test_who_runs_a_room(hub: LiveHub, access: Access) -> None:
    room = make(hub, access)

    async def rank_by(credential: Credential) -> Rank | None:
        async with joined(hub.listen, Role.HOST, room=room.name, credential=credential) as host:
            return host.welcome.rank

    assert await rank_by(host_key(hub, room)) is Rank.HOST
    assert await rank_by(key(hub, room, InviteRole.HOST)) is Rank.HOST
    assert await rank_by(key(hub, room, InviteRole.COHOST)) is Rank.COHOST
    as_secret = HostCredential(secret=key(hub, room, InviteRole.COHOST).token)
    assert await rank_by(as_secret) is Rank.COHOST, "a page cannot tell one secret from another"
    for wrong in (
        None,
        HostCredential(secret=hub.secret),
        audience_key(hub, room),
        key(hub, room, InviteRole.SPEAKER),
        key(hub, room, InviteRole.SCREEN),
    ):
        assert not await enters(hub, room, wrong, Role.HOST)


async def test_whom_a_host_made_one_comes_back_as_host(hub: LiveHub) -> None:
    room = make(hub, Access.CLOSED)
    async with joined(
        hub.listen, room=room.name, credential=key(hub, room, InviteRole.AUDIENCE)
    ) as guest:
        token = ResumeCredential(token=guest.welcome.resume)
        assert not await enters(hub, room, token, Role.HOST)
        who = guest.participant
        does(room, SetRank(id=token_hex(8), participant=who, rank=Rank.COHOST))
        await guest.until(Welcome)
        await guest.do(RaiseHand, name="Ada")  # answered after the hub read that the token came
    assert not await enters(hub, room, token, Role.HOST), "edges make such tokens"
    token = ResumeCredential(token=guest.welcome.resume)
    async with joined(hub.listen, Role.HOST, room=room.name, credential=token) as host:
        assert (host.participant, host.welcome.rank) == (who, Rank.COHOST)
    assert not await enters(hub, hub.hub.main, token, Role.HOST), "of that room alone"


async def test_a_revoked_invitation_is_void_when_its_owner_comes_back(hub: LiveHub) -> None:
    room = make(hub, Access.CLOSED)
    invite = key(hub, room, InviteRole.SPEAKER)
    async with joined(hub.listen, room=room.name, credential=invite) as guest:
        resume = ResumeCredential(token=guest.welcome.resume)

    async def comes_back() -> Peer:
        async with joined(hub.listen, room=room.name, credential=resume, invite=invite) as back:
            return back

    assert (await comes_back()).participant == guest.participant
    assert not await enters(hub, room, resume), "a resume token alone opens no closed room"
    does(room, RevokeInvite(id=token_hex(8), number=NUMBER[InviteRole.SPEAKER]))
    failure = await refused(hub.listen, room.name, credential=resume, invite=invite)
    assert failure.code == CloseCode.ROOM_CLOSED
    assert not await enters(hub, room, invite)


async def test_a_cohost_who_comes_back_by_the_resume_token_alone_can_still_be_sent_away(
    hub: LiveHub,
) -> None:
    room = make(hub, Access.CLOSED)
    invite = key(hub, room, InviteRole.COHOST)
    async with joined(hub.listen, Role.HOST, room=room.name, credential=invite) as cohost:
        resume = ResumeCredential(token=cohost.welcome.resume)
    async with (
        joined(hub.listen, Role.HOST, room=room.name, credential=host_key(hub, room)),
        joined(hub.listen, Role.HOST, room=room.name, credential=resume) as back,
    ):
        does(room, RevokeInvite(id=token_hex(8), number=NUMBER[InviteRole.COHOST]))
        assert (await back.until_closed())[0] == CloseCode.ROOM_CLOSED
    assert not await enters(hub, room, resume, Role.HOST)


async def test_a_cohost_who_was_stepped_down_does_not_come_back_as_one(hub: LiveHub) -> None:
    room = make(hub, Access.OPEN)
    invite = key(hub, room, InviteRole.COHOST)
    async with (
        joined(hub.listen, Role.HOST, room=room.name, credential=host_key(hub, room)),
        joined(hub.listen, Role.HOST, room=room.name, credential=invite) as cohost,
    ):
        does(room, SetRank(id=token_hex(8), participant=cohost.participant, rank=None))
        resume = ResumeCredential(token=cohost.welcome.resume)
        for shown in (resume, invite):
            assert not await enters(hub, room, shown, Role.HOST)
        assert await enters(hub, room, resume), "an ordinary participant"


async def test_a_host_who_shows_the_secret_beside_the_token_is_the_same_host(hub: LiveHub) -> None:
    room = make(hub, Access.CLOSED)
    secret = host_key(hub, room)
    async with joined(hub.listen, Role.HOST, room=room.name, credential=secret) as host:
        came, resume = host.participant, ResumeCredential(token=host.welcome.resume)
    beside = InviteCredential(token=secret.secret)
    again = {"room": room.name, "credential": resume, "invite": beside}
    async with joined(hub.listen, Role.HOST, **again) as back:
        assert back.participant == came
        assert [one.participant for one in back.view.hosts] == [came]


async def test_what_opens_one_room_opens_no_other(hub: LiveHub) -> None:
    """Links, invitations of every role, host secrets and what their owners come back with."""
    ours, theirs = make(hub, Access.CLOSED), make(hub, Access.CLOSED)
    keys = [host_key(hub, ours), *(key(hub, ours, role) for role in InviteRole)]
    by_keys = []
    for role, credential in ((Role.HOST, keys[0]), (Role.LISTENER, keys[1])):
        async with joined(hub.listen, role, room=ours.name, credential=credential) as one:
            by_keys.append(ResumeCredential(token=one.welcome.resume))
    for role in (Role.LISTENER, Role.SCREEN, Role.HOST):
        for credential in (audience_key(hub, ours), *keys, *by_keys):
            failure = await refused(hub.listen, theirs.name, role, credential=credential)
            assert failure.code in SHUT, (role, credential)
    assert theirs.live.room.view.hosts == ()
    assert await enters(hub, theirs, host_key(hub, theirs), Role.HOST), "its own does"


async def test_players_leave_a_room_that_is_open_no_more(hub: LiveHub) -> None:
    room = make(hub, Access.OPEN)
    player = room.mp3.add()
    does(room, Describe(id=token_hex(8), about=About(title="Evening", topics=("a",))))
    assert len(room.mp3) == 1
    does(room, Describe(id=token_hex(8), about=About(title="Evening", access=Access.PRIVATE)))
    assert (len(room.mp3), player.removed) == (0, True)


@pytest.mark.parametrize("access", [Access.PRIVATE, Access.CLOSED])
async def test_nobody_learns_whether_a_room_is_there(hub: LiveHub, access: Access) -> None:
    room = make(hub, access)
    wrong = InviteCredential(token="a" * 22)
    for role in (Role.LISTENER, Role.SCREEN, Role.HOST):
        for credential in (None, wrong, HostCredential(secret=wrong.token)):
            there, nowhere = [
                await refused(hub.listen, name, role, credential=credential)
                for name in (room.name, "attic")
            ]
            assert there == nowhere


async def test_speakers_from_elsewhere_need_the_link_of_a_room_that_is_not_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis_server.net.admission.is_loopback", lambda address: False)
    monkeypatch.setattr(
        "parvis_server.net.admission.Peer.is_this_machine", property(lambda self: False)
    )
    async with live_hub(tmp_path, open_house=True) as hub:
        room = make(hub, Access.CLOSED)
        speaker = SpeakerTraits().model_dump()
        failure = await refused(hub.speak, room.name, Role.SPEAKER, speaker=speaker)
        assert failure == await refused(hub.speak, "attic", Role.SPEAKER, speaker=speaker)
        invite = key(hub, room, InviteRole.SPEAKER)
        async with joined(hub.speak, Role.SPEAKER, room=room.name, credential=invite):
            pass


async def test_who_tries_link_after_link_is_told_to_stop_and_the_right_one_still_opens(
    hub: LiveHub,
) -> None:
    room = make(hub, Access.PRIVATE)
    wrong = InviteCredential(token="a" * 22)
    codes = [(await refused(hub.listen, room.name, credential=wrong)).code for _ in range(32)]
    assert codes[:30] == [CloseCode.ROOM_CLOSED] * 30
    assert codes[-1] == CloseCode.RATE
    assert await enters(hub, room, audience_key(hub, room)), "a venue shares one address"
    assert (await refused(hub.listen, "attic")).code == CloseCode.ROOM_CLOSED, "no secret: no guess"
