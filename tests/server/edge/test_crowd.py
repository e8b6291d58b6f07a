"""Who is at an edge: counts, reactions, and at most fifty names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.edge.crowd import Crowd
from parvis_server.room.audience import REACTIONS_PER_PULSE
from parvis_wire.audience import Here, Reaction
from parvis_wire.edges import MAX_NAMED


def test_counts_and_names() -> None:
    crowd = Crowd()
    for who in ("a", "b", "c"):
        crowd.came(who, invited=who == "c")
    crowd.is_here("a", Here(in_hall=True))
    crowd.is_here("b", Here(name="Bea"))
    crowd.is_here("c", Here(in_hall=True, name="Cem"))
    told = crowd.presence()
    assert (told.listeners, told.in_hall) == (3, 2)
    assert [one.name for one in crowd.people()] == ["Cem", "Bea"]
    crowd.is_here("a", Here())
    crowd.left("c")
    told = crowd.presence()
    assert (told.listeners, told.in_hall, len(crowd.people())) == (2, 0, 1)


def test_reactions_are_told_once_and_are_bounded_for_each() -> None:
    crowd = Crowd()
    for _ in range(2 * REACTIONS_PER_PULSE):
        crowd.react("a", Reaction.CLAP)
    crowd.react("b", Reaction.CLAP)
    assert crowd.presence().reactions == {Reaction.CLAP: REACTIONS_PER_PULSE + 1}
    assert crowd.presence().reactions == {}


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.booleans(), st.booleans())))
def test_counts_hold_whatever_people_do(acts: list[tuple[int, bool, bool, bool]]) -> None:
    crowd, here = Crowd(), dict[str, Here | None]()
    for number, leaves, in_hall, named in acts:
        who = f"p{number}"
        if who not in here:
            crowd.came(who, invited=number % 7 == 0)
            here[who] = None
        elif leaves:
            crowd.left(who)
            del here[who]
        else:
            here[who] = Here(in_hall=in_hall, name=f"N{number}" if named else None)
            crowd.is_here(who, here[who] or Here())
    told = crowd.presence()
    assert told.listeners == len(here)
    assert told.in_hall == sum(one is not None and one.in_hall for one in here.values())
    with_name = [who for who, one in here.items() if one is not None and one.name]
    assert len(crowd.people()) == min(MAX_NAMED, len(with_name))
    assert {one.participant for one in crowd.people()} <= set(with_name)
