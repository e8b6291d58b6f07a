"""What edges say of their audience, added up and held against what can be."""

from parvis_server.net.edges.presence import bounded_reactions, elsewhere
from parvis_server.room.audience import PAGE, Audience, Elsewhere
from parvis_wire.audience import Reaction
from parvis_wire.edges import Present, RoomPresence


def named(prefix: str, count: int) -> tuple[Present, ...]:
    return tuple(Present(participant=f"{prefix}{n}", name=f"{prefix} {n}") for n in range(count))


def test_edges_are_added_up() -> None:
    """Names once each, and no more than a page of them."""
    one = RoomPresence(listeners=100, in_hall=10, named=named("a", 40))
    two = RoomPresence(listeners=50, in_hall=5, named=(*named("a", 1), *named("b", 40)))
    there = elsewhere([one, two])
    assert (there.listeners, there.in_hall, len(there.named)) == (150, 15, PAGE)
    assert len({person.participant for person in there.named}) == PAGE


def test_an_edge_that_lies_is_held_to_what_can_be() -> None:
    """Not more in the hall or named than there are, five reactions of each in a second."""
    room = RoomPresence(
        listeners=2,
        in_hall=500,
        named=named("a", 30),
        reactions={Reaction.CLAP: 10**9, Reaction.HEART: 3},
    )
    there = elsewhere([room])
    assert (there.in_hall, len(there.named)) == (2, 2)
    assert sum(bounded_reactions(room).values()) == 10
    nobody = RoomPresence(listeners=0, reactions={Reaction.CLAP: 5})
    assert sum(bounded_reactions(nobody).values()) == 0


def test_several_buses_are_added_up_and_leave_one_by_one() -> None:
    """Each speaks for itself."""
    audience = Audience()
    audience.are_elsewhere("public", Elsewhere(5, 1, ()))
    audience.are_elsewhere("workers", Elsewhere(7, 2, ()))
    assert (audience.elsewhere.listeners, audience.in_hall_count) == (12, 3)
    audience.are_elsewhere("public", Elsewhere())
    assert audience.elsewhere.listeners == 7
