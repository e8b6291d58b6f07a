"""What a token is worth that edges can make: the key of listeners' tokens is lent to them.

It makes nobody more than a listener. Who is more shows what the hub itself gave them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.edged_hub import EdgedHub, becomes, edged_hub
from fakes.far_microphone import grant, host, own
from fakes.live_hub import live_hub
from fakes.peer import Peer, host_credential, joined, peer, resume
from parvis_server.edge.listener import EdgeListener
from parvis_server.errors import PeerFault
from parvis_server.net.admission import Doorkeeper
from parvis_server.net.admission import Peer as Whence
from parvis_server.net.credentials import Keys, claimed_by, listener_key_of, new_participant
from parvis_server.net.house_rules import HouseRules, Known
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import LeaveFloor, Next, RaiseHand, SetRank, SilenceAll, TakeFloor
from parvis_wire.edges import Admission, AdmitQuestion, Refused, parse
from parvis_wire.floor import About, Access, Invite, Phase, Rank, microphone_of
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Failure,
    Join,
    RefusalCode,
    ResumeCredential,
    Role,
    Welcome,
    serialize,
)
from parvis_wire.stage import SpeakerTraits

RESUME_KEY = bytes(range(32))
KEYS = Keys("the host's own secret", RESUME_KEY, listener_key=listener_key_of(RESUME_KEY))
LEAKED = Keys("", listener_key_of(RESUME_KEY))
"""What somebody has who broke into an edge."""

ADA, HOST, COHOST, UNIT, PAIRED = (letter * 16 for letter in "ahcup")
RANKS = {HOST: Rank.HOST, COHOST: Rank.COHOST}
OTHERS = (UNIT, PAIRED, OPERATOR, "voice", "*", "*mix", f"{ADA}~2", f"{ADA}-mic", "")
FAR = Whence("192.0.2.9", "an edge", forwarded=True, encrypted=True)


@dataclass(frozen=True)
class Box:
    unit: str
    name: str = "Table"
    is_renamed: bool = False


class Trust:
    claimed = True
    plain_host = False

    def unit(self, print_: str) -> Known | None:
        return Box(print_) if print_ == PAIRED else None


@dataclass(frozen=True)
class Room:
    access: Access = Access.OPEN
    invites: tuple[Invite, ...] = ()
    ranks: dict[str, Rank] = field(default_factory=lambda: dict(RANKS))
    microphones: dict[str, str] = field(default_factory=lambda: {microphone_of(HOST): HOST})

    def rank_of(self, participant: str) -> Rank | None:
        return self.ranks.get(participant)

    def is_listener(self, participant: str) -> bool:
        return participant not in self.ranks and participant != UNIT

    def speaks_for(self, microphone: str) -> str | None:
        return self.microphones.get(microphone)

    def is_out(self, participant: str) -> bool:
        return False


def doorkeeper(access: Access = Access.OPEN) -> Doorkeeper:
    return Doorkeeper(KEYS, lambda name: Room(access), HouseRules(Trust(), open_house=False))


def comes(role: Role, token: str, access: Access = Access.OPEN) -> str | CloseCode:
    """As whom somebody comes in with this token and nothing else, or why not; a newcomer: empty."""
    join = Join(version=1, role=role, credential=ResumeCredential(token=token))
    try:
        return doorkeeper(access).admit(join, FAR).participant or ""
    except PeerFault as fault:
        return fault.code


def speaks_for(token: str, own: str | None = None) -> str | CloseCode | None:
    """Whose microphone it is that names a person by this token and shows ``own`` as its own."""
    shown = None if own is None else ResumeCredential(token=own)
    join = Join(version=1, role=Role.SPEAKER, speaker=SpeakerTraits(person=token), credential=shown)
    try:
        return doorkeeper().admit(join, FAR).speaks_for
    except PeerFault as fault:
        return fault.code


def listens(participant: str, token: str | None, access: Access = Access.OPEN) -> bool:
    """Whether the hub vouches for them at an edge."""
    try:
        admitted = doorkeeper(access).listens("main", participant, (), token)
    except PeerFault:
        return False
    return admitted.participant == participant


@pytest.mark.parametrize("access", Access)
@pytest.mark.parametrize("who", [*RANKS, *OTHERS])
def test_a_leaked_key_makes_nobody_more_than_a_listener(who: str, access: Access) -> None:
    token = LEAKED.resume_token(Role.LISTENER, who)
    assert KEYS.resumed(Role.LISTENER, token) == who, "the key is the right one"
    shut = access is not Access.OPEN
    wanted = CloseCode.ROOM_CLOSED if shut else CloseCode.UNAUTHORISED
    assert comes(Role.LISTENER, token, access) == wanted
    assert comes(Role.HOST, token, access) == CloseCode.UNAUTHORISED
    assert speaks_for(token) == CloseCode.FORBIDDEN
    assert not listens(who, None, access), "the edge's own word"
    assert not listens(who, token, access)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LISTENER])
@pytest.mark.parametrize("who", [ADA, *RANKS])
def test_a_leaked_key_makes_no_other_tokens(who: str, role: Role) -> None:
    for token in (LEAKED.resume_token(role, who), LEAKED.raised_token(who)):
        assert KEYS.resumed(role, token) is None
        assert KEYS.raised(token) is None
        assert comes(Role.LISTENER, token) == "", "somebody new"
        assert comes(Role.HOST, token) == CloseCode.UNAUTHORISED
        assert speaks_for(token) == CloseCode.FORBIDDEN
        assert not listens(who, token)


def test_a_listener_is_a_listener_by_it() -> None:
    token = LEAKED.resume_token(Role.LISTENER, ADA)
    assert comes(Role.LISTENER, token) == speaks_for(token) == ADA
    assert comes(Role.HOST, token) == CloseCode.UNAUTHORISED
    assert listens(ADA, None)
    assert not listens(ADA, None, Access.CLOSED)


@pytest.mark.parametrize("who", RANKS)
def test_who_runs_the_room_does_it_by_the_hubs_own_token(who: str) -> None:
    token = KEYS.raised_token(who)
    for access in Access:
        assert comes(Role.LISTENER, token, access) == comes(Role.HOST, token, access) == who
        assert listens(who, token, access)
    assert speaks_for(token) == who
    assert not listens(ADA, token), "nobody else by it"


def test_whose_rank_was_taken_is_a_listener_by_it() -> None:
    token = KEYS.raised_token(ADA)
    assert comes(Role.LISTENER, token) == ADA
    assert comes(Role.HOST, token) == CloseCode.UNAUTHORISED
    assert not listens(ADA, token, Access.CLOSED)


def test_a_microphone_goes_on_whose_owner_was_raised_meanwhile() -> None:
    """It shows the listener's token that it was given when it began, and its own."""
    token = KEYS.resume_token(Role.LISTENER, HOST)
    own = KEYS.resume_token(Role.SPEAKER, microphone_of(HOST))
    assert speaks_for(token, own) == HOST
    assert speaks_for(KEYS.raised_token(HOST), own) == HOST


@pytest.mark.parametrize(
    ("named", "own"),
    [
        (KEYS.resume_token(Role.LISTENER, HOST), None),
        (KEYS.resume_token(Role.LISTENER, HOST), LEAKED.resume_token(Role.SPEAKER, f"{HOST}-mic")),
        (KEYS.resume_token(Role.LISTENER, HOST), KEYS.resume_token(Role.LISTENER, f"{HOST}-mic")),
        (KEYS.resume_token(Role.LISTENER, HOST), KEYS.resume_token(Role.SPEAKER, f"{ADA}-mic")),
        (KEYS.resume_token(Role.LISTENER, HOST), KEYS.resume_token(Role.SPEAKER, HOST)),
        (KEYS.resume_token(Role.LISTENER, COHOST), KEYS.resume_token(Role.SPEAKER, f"{HOST}-mic")),
        (
            KEYS.resume_token(Role.LISTENER, COHOST),
            KEYS.resume_token(Role.SPEAKER, f"{COHOST}-mic"),
        ),
        (f"{HOST}.x", KEYS.resume_token(Role.SPEAKER, f"{HOST}-mic")),
        ("x", KEYS.resume_token(Role.SPEAKER, f"{HOST}-mic")),
    ],
    ids=[
        "nothing", "with a leaked key", "made for a listener", "another's", "no microphone's",
        "naming another", "one that the room never let in", "naming by no token", "naming nobody",
    ],
)  # fmt: skip
def test_a_microphone_is_nobodys_who_runs_the_room_by_less(named: str, own: str | None) -> None:
    assert speaks_for(named, own) == CloseCode.FORBIDDEN


@given(st.text(max_size=40), st.text(max_size=40))
def test_only_the_hub_raises(participant: str, tag: str) -> None:
    for token in (f"{participant}.{tag}", f"{participant}.raised-{tag}", participant):
        assert KEYS.raised(token) is None
    assert claimed_by(KEYS.raised_token(ADA)) == ADA
    assert KEYS.raised(KEYS.raised_token(participant.replace(".", ""))) is not None


# Over sockets


def raise_to(house: EdgedHub, who: str, rank: Rank | None) -> None:
    command = SetRank(id=token_hex(8), participant=who, rank=rank)
    acks: list[Any] = []
    house.hub.live.command(OPERATOR, command, acks.append)
    assert acks[0].refused is None, acks[0]


async def refused_with(url: str, **fields: Any) -> CloseCode:
    async with peer(url) as stranger:
        await stranger.say(Join(version=PROTOCOL_VERSION, **fields))
        code, _ = await stranger.until_closed()
        return CloseCode(code)


def minted(house: EdgedHub, who: str) -> ResumeCredential:
    """What somebody makes with the key that this edge was lent."""
    token = house.edge.edge.line.token_of(who)
    assert token is not None
    return ResumeCredential(token=token)


async def promoted(house: EdgedHub, one: Peer) -> ResumeCredential:
    """A listener who acted becomes a co-host; what they were given."""
    assert (await one.do(RaiseHand, name="Ada")).refused is None
    before = resume(one)
    raise_to(house, one.participant, Rank.COHOST)
    welcome = await one.until(Welcome)
    assert (welcome.participant, welcome.rank) == (one.participant, Rank.COHOST)
    assert resume(one) != before
    return resume(one)


async def test_a_leaked_key_takes_no_hosts_place_at_the_hub_or_at_an_edge(tmp_path: Path) -> None:
    async with edged_hub(tmp_path, is_public=True) as house:
        hub, edge = house.hub, house.edge
        secret = host_credential(hub.secret)
        async with joined(hub.listen, Role.HOST, credential=secret) as host:
            token = minted(house, host.participant)
            for url in (hub.listen, edge.listen):
                for role in (Role.LISTENER, Role.HOST):
                    code = await refused_with(url, role=role, credential=token)
                    assert code == CloseCode.UNAUTHORISED
            assert (await host.do(SilenceAll, on=True)).refused is None, "still there"


async def test_a_listener_at_an_edge_who_becomes_cohost_goes_on_as_one(tmp_path: Path) -> None:
    """Acts, comes back at the edge and at the hub, steps down: always the same person."""
    async with edged_hub(tmp_path) as house:
        edge, hub = house.edge, house.hub
        async with joined(edge.listen) as one:
            token, who = await promoted(house, one), one.participant
            assert (await one.do(SilenceAll, on=True)).refused is None
            old = minted(house, who)
        await becomes(lambda: house.desk.relays.count == 0)
        assert await refused_with(edge.listen, role=Role.LISTENER, credential=old) == (
            CloseCode.UNAUTHORISED
        )
        async with joined(edge.listen, credential=token) as back:
            assert back.participant == who
            assert (await back.do(SilenceAll, on=False)).refused is None
        secret = host_credential(hub.secret)
        async with (
            joined(hub.listen, Role.HOST, credential=secret),
            joined(hub.listen, credential=token) as back,
        ):
            assert (back.participant, resume(back)) == (who, token)
            raise_to(house, who, None)
            while resume(back) == token:
                await back.hear()
            assert (await back.do(Next)).refused is RefusalCode.NOT_ALLOWED
            assert resume(back) == minted(house, who), "a listener as everybody"
        async with joined(edge.listen, credential=token) as back:
            assert back.participant == who, "the hub knows them by it as long as it likes"


async def test_a_raised_token_that_is_none_opens_nothing_at_an_edge(tmp_path: Path) -> None:
    """The page comes in as somebody new then, and does not ask again."""
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        await promoted(house, one)
        for who in (one.participant, new_participant()):
            forged = ResumeCredential(token=LEAKED.raised_token(who))
            code = await refused_with(house.edge.listen, role=Role.LISTENER, credential=forged)
            assert code == CloseCode.UNAUTHORISED
        assert (await one.do(SilenceAll, on=True)).refused is None


async def test_a_phone_that_speaks_keeps_its_microphone_when_its_owner_is_raised(
    tmp_path: Path,
) -> None:
    async with live_hub(tmp_path) as hub, host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        before = own(phone)
        async with joined(hub.speak, Role.SPEAKER, speaker=before) as mic:
            assert (await mic.do(TakeFloor)).refused is None
            fields = {"participant": phone.participant, "rank": Rank.COHOST}
            assert (await run.do(SetRank, **fields)).refused is None
            again = joined(hub.speak, Role.SPEAKER, speaker=before, credential=resume(mic))
            async with again as back:  # before the hub misses the first: no time limit runs
                assert back.participant == mic.participant
                assert [turn.unit for turn in back.view.floor] == [mic.participant]
                assert (await back.do(LeaveFloor)).refused is None


@pytest.mark.parametrize("is_at_edge", [False, True])
async def test_a_cohost_who_visits_another_room_comes_back_as_one(
    tmp_path: Path, is_at_edge: bool
) -> None:
    """One tab keeps one token: there they are a listener by it, who keeps it, and no more."""
    async with edged_hub(tmp_path) as house:
        url = house.edge.listen if is_at_edge else house.hub.listen
        house.hub.hub.rooms.create(About(title="Attic"), name="attic", phase=Phase.LIVE)
        async with joined(url) as one:
            token, who = await promoted(house, one), one.participant
        async with joined(url, room="attic", credential=token) as one:
            assert one.participant == who
            assert (await one.do(SilenceAll, on=True)).refused is RefusalCode.NOT_ALLOWED
            kept = resume(one)
        async with joined(url, credential=kept) as one:
            assert (one.participant, kept) == (who, token)
            assert (await one.do(SilenceAll, on=True)).refused is None


async def test_who_loses_a_rank_keeps_the_token_of_the_one_they_have_elsewhere(
    tmp_path: Path,
) -> None:
    async with edged_hub(tmp_path) as house:
        attic = house.hub.hub.rooms.create(About(title="Attic"), name="attic", phase=Phase.LIVE)
        async with joined(house.hub.listen) as one:
            token = await promoted(house, one)
        async with (
            joined(house.hub.listen, room="attic") as other,
            joined(house.hub.listen, room="attic", credential=token) as one,
        ):
            acks: list[Any] = []
            for each, rank in ((other, Rank.COHOST), (one, Rank.COHOST), (one, None)):
                await each.do(RaiseHand, name="Ada")  # who acted can be raised
                command = SetRank(id=token_hex(8), participant=each.participant, rank=rank)
                attic.live.command(OPERATOR, command, acks.append)
                assert acks[-1].refused is None
                assert (await each.until(Welcome)).rank is rank
            assert resume(one) == token
        async with joined(house.hub.listen, credential=token) as one:
            assert (await one.do(SilenceAll, on=True)).refused is None


async def test_who_is_away_is_raised_by_an_invitation_alone(tmp_path: Path) -> None:
    """There is nobody to give the token to."""
    async with live_hub(tmp_path) as hub:
        async with joined(hub.listen) as one:
            who = one.participant
        await becomes(lambda: not hub.live.seats)
        acks: list[Any] = []
        command = SetRank(id=token_hex(8), participant=who, rank=Rank.COHOST)
        hub.live.command(OPERATOR, command, acks.append)
        assert acks[0].refused is RefusalCode.NOT_HERE


async def test_an_edge_vouches_for_nobody_who_runs_the_room(tmp_path: Path) -> None:
    """Asked for a grant in a host's name."""
    async with edged_hub(tmp_path) as house:
        secret = host_credential(house.hub.secret)
        async with joined(house.hub.listen, Role.HOST, credential=secret) as host:

            async def asked(who: str) -> bytes:
                question = AdmitQuestion(edge=house.edge.id, room="main", participant=who)
                subject = house.edge.edge.line.subjects.admit
                return await house.edge_bus.ask(subject, serialize(question).encode(), 5)

            parse(Refused, await asked(host.participant))
            parse(Admission, await asked(new_participant()))


async def test_a_relayed_listener_whom_the_hub_does_not_know_is_told(tmp_path: Path) -> None:
    """An edge that holds another key than the hub: nobody acts under a name that is not theirs."""
    async with edged_hub(tmp_path) as house, joined(house.edge.listen) as one:
        room = house.edge.edge.rooms.get("main")
        assert room is not None
        listener = room.listeners[one.participant]
        assert isinstance(listener, EdgeListener)
        listener.resume = "x.y"
        await one.say(RaiseHand(id="c1", name="Ada"))
        code, failures = await one.until_closed()
        assert code == CloseCode.UNAUTHORISED
        assert [type(failure) for failure in failures] == [Failure]
