"""Who is connected, counted without going through everybody."""

from collections import Counter
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.connection import Connection
from parvis_server.net.receivers import Receiver
from parvis_server.net.seats import Seat, Seats
from parvis_wire.messages import Role, Rung


def seat(participant: str, role: Role) -> Seat:
    connection = cast(Connection, SimpleNamespace(is_fanned_out=False))
    return Seat(participant, role, connection, cast(Receiver, None))


STEP = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(Role),
    st.sampled_from([None, *Rung]),
    st.booleans(),
)


@given(st.lists(STEP, max_size=40))
def test_the_counts_are_what_is_there(steps: list[tuple[str, Role, Rung | None, bool]]) -> None:
    seats = Seats()
    gone: Seat | None = None
    for who, role, rung, goes in steps:
        here = seats.get(who)
        if goes:
            gone = seats.take(who)
            assert gone is here
        elif here is None:
            seats.put(seat(who, role))
        elif rung is not None:
            seats.plays(here, rung)
        if gone is not None and rung is not None:
            seats.plays(gone, rung)  # said in the moment of leaving
    roles = Counter(one.role for one in seats)
    assert all(seats.count(role) == roles[role] for role in Role)
    rungs = Counter(one.rung for one in seats if one.role is Role.LISTENER)
    assert all(seats.rungs.get(rung, 0) == rungs[rung] for rung in (None, *Rung))
