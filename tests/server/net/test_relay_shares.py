"""Who is passed on when many want it: a share for each kind, and for each network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.errors import PeerFault
from parvis_server.net.relay_shares import MAX_ASKED, SHARES, Kind, RelayShares, Share
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Role

FEW = {Kind.ACTS: Share(6, 3), Kind.SHOWS: Share(4, 2), Kind.RUNS: Share(4, 2)}


class Room:
    """Shares, and who had to give way."""

    def __init__(self, shares: dict[Kind, Share] | None = None) -> None:
        self.shares = RelayShares(shares or FEW)
        self.needed: set[int] = set()
        self.gone: list[int] = []
        self._last = 0

    def enter(self, role: Role, address: str) -> int:
        self._last += 1
        self.shares.enter(self._last, role, address, self.gives_way)
        return self._last

    def gives_way(self, number: int) -> bool:
        if number not in self.needed:
            self.gone.append(number)
        return number not in self.needed


def refused(enter: Callable[[], object]) -> str:
    with pytest.raises(PeerFault) as told:
        enter()
    assert told.value.code is CloseCode.RATE
    return told.value.text


def test_strangers_who_act_keep_no_host_and_no_microphone_out() -> None:
    """However many they are, from wherever: as many hosts come in as before."""
    room = Room(dict(SHARES))
    for number in range(10_000):
        room.enter(Role.LISTENER, f"10.0.{number % 250}.{number // 250}")
    for number in range(400):
        room.enter(Role.SCREEN, f"10.1.{number}.1")
    assert "screens" in refused(lambda: room.enter(Role.SCREEN, "10.2.0.1"))
    for role in (Role.HOST, Role.SPEAKER):
        for number in range(100):
            room.enter(role, f"10.3.0.{number}")
    assert len(room.shares) == 3_000 + 400 + 200
    assert len(room.gone) == 7_000


def test_who_was_idle_for_longest_gives_way() -> None:
    room = Room()
    first, second, *_ = [room.enter(Role.LISTENER, f"10.0.0.{number}") for number in range(6)]
    room.shares.used(first)
    room.enter(Role.LISTENER, "10.0.1.1")
    assert room.gone == [second]


def test_who_has_a_hand_up_does_not_give_way() -> None:
    room = Room()
    all_of_them = [room.enter(Role.LISTENER, f"10.0.0.{number}") for number in range(6)]
    room.needed = set(all_of_them[:4])
    room.enter(Role.LISTENER, "10.0.1.1")
    assert room.gone == [all_of_them[4]]
    room.needed = set(range(100))
    assert "try again" in refused(lambda: room.enter(Role.LISTENER, "10.0.1.2"))


def test_a_network_takes_from_its_own_share() -> None:
    """Of IPv6, from half an address, which one customer has."""
    room = Room()
    other = room.enter(Role.LISTENER, "10.0.0.1")
    own = [room.enter(Role.LISTENER, f"2001:db8::{number}") for number in range(3)]
    room.enter(Role.LISTENER, "2001:db8::ffff:1")
    assert room.gone == [own[0]] and other not in room.gone
    for number in range(2):
        room.enter(Role.HOST, f"2001:db8::{number}")
    assert "one network" in refused(lambda: room.enter(Role.SPEAKER, "2001:db8::7"))
    room.enter(Role.HOST, "2001:db9::1")


def test_a_place_that_is_left_is_free_and_another_kind_takes_another() -> None:
    room = Room()
    first = room.enter(Role.HOST, "10.0.0.1")
    room.enter(Role.HOST, "10.0.0.1")
    refused(lambda: room.enter(Role.HOST, "10.0.0.1"))
    room.shares.enter(first, Role.SCREEN, "10.0.0.1", room.gives_way)
    room.enter(Role.HOST, "10.0.0.1")
    room.shares.leave(first)
    room.shares.leave(first)
    assert len(room.shares) == 2


def test_few_are_asked_for_one_newcomer() -> None:
    """A crowd with hands up costs no more than a handful of questions each time."""
    room = Room({**FEW, Kind.ACTS: Share(1_000, 1_000)})
    room.needed = {room.enter(Role.LISTENER, "10.0.0.1") for _ in range(1_000)}
    asked: list[int] = []

    def needed(number: int) -> bool:
        asked.append(number)
        return False

    refused(lambda: room.shares.enter(2_000, Role.LISTENER, "10.0.0.2", needed))
    assert len(asked) == MAX_ASKED


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Role.LISTENER, Role.SCREEN, Role.HOST, Role.SPEAKER]),
            st.integers(0, 4),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_no_share_is_ever_exceeded(comers: list[tuple[Role, int, bool]]) -> None:
    room = Room()
    here: dict[int, tuple[Role, int]] = {}
    for role, network, is_needed in comers:
        try:
            number = room.enter(role, f"10.0.0.{network}")
        except PeerFault:
            continue
        here[number] = (role, network)
        if is_needed:
            room.needed.add(number)
        for gone in room.gone:
            here.pop(gone, None)
    assert len(room.shares) == len(here)
    for roles, kind in (
        ({Role.LISTENER}, Kind.ACTS),
        ({Role.SCREEN}, Kind.SHOWS),
        ({Role.HOST, Role.SPEAKER}, Kind.RUNS),
    ):
        there = [network for role, network in here.values() if role in roles]
        assert len(there) <= FEW[kind].most
        assert all(there.count(network) <= FEW[kind].of_network for network in there)
    assert not room.needed & set(room.gone)
