"""What edges say of their audience, added up and held against what can be; people, when asked."""

import asyncio
import json
from collections.abc import Callable

import pytest

from parvis_server.bus.local import LocalBroker, LocalBus
from parvis_server.net.edges import people as people_module
from parvis_server.net.edges.people import PeopleAtEdges
from parvis_server.net.edges.presence import bounded_reactions, elsewhere
from parvis_server.net.edges.roster import Edge
from parvis_server.room.audience import PAGE, Audience, Elsewhere, Listed
from parvis_wire.audience import Here, Reaction
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import EdgeBeat, EdgeHello, People, Present, RoomPresence
from parvis_wire.messages import serialize


def named(prefix: str, count: int) -> tuple[Present, ...]:
    return tuple(Present(participant=f"{prefix}{n}", name=f"{prefix} {n}") for n in range(count))


def test_edges_are_added_up() -> None:
    one = RoomPresence(listeners=100, in_hall=10)
    two = RoomPresence(listeners=50, in_hall=5)
    assert elsewhere([one, two]) == Elsewhere(150, 15)


def test_an_edge_that_lies_is_held_to_what_can_be() -> None:
    """Not more in the hall than there are, five reactions of each in a second."""
    room = RoomPresence(
        listeners=2,
        in_hall=500,
        reactions={Reaction.CLAP: 10**9, Reaction.HEART: 3},
    )
    assert elsewhere([room]).in_hall == 2
    assert sum(bounded_reactions(room).values()) == 10
    nobody = RoomPresence(listeners=0, reactions={Reaction.CLAP: 5})
    assert sum(bounded_reactions(nobody).values()) == 0


def test_several_buses_are_added_up_and_leave_one_by_one() -> None:
    """Each speaks for itself."""
    audience = Audience()
    audience.are_elsewhere("public", Elsewhere(5, 1))
    audience.are_elsewhere("workers", Elsewhere(7, 2))
    assert (audience.elsewhere.listeners, audience.in_hall_count) == (12, 3)
    audience.are_elsewhere("public", Elsewhere())
    assert audience.elsewhere.listeners == 7


SUBJECTS = Subjects("test")


def edge(name: str, listeners: int, room: str = "main") -> Edge:
    hello = EdgeHello(edge=name, place=":1")
    beat = EdgeBeat(
        edge=name,
        hub="hub1",
        connections=listeners,
        room_left=1,
        load=0,
        rooms={room: RoomPresence(listeners=listeners)},
    )
    return Edge(hello, 0, beat)


class Asked:
    """Edges on a bus, that count how often they are asked for people."""

    def __init__(self, *edges: Edge) -> None:
        broker = LocalBroker()
        self.bus = LocalBus(broker)
        self.now_ns = 0
        self.questions = 0
        self.desk = PeopleAtEdges(LocalBus(broker), SUBJECTS, edges, lambda: self.now_ns)

    def answer(self, name: str, said: bytes) -> None:
        def answer(question: bytes, say: Callable[[bytes], None]) -> None:
            assert json.loads(question)["room"] == "main"
            self.questions += 1
            say(said)

        self.bus.answer(SUBJECTS.people(name), answer)


def told(*people: Present) -> bytes:
    return serialize(People(people=people)).encode()


async def test_people_are_asked_for_and_each_comes_once() -> None:
    """No more than a page; only where somebody listens."""
    there = Asked(edge("one", 100), edge("two", 100), edge("none", 0), edge("other", 9, "x"))
    there.answer("one", told(*named("a", 40)))
    there.answer("two", told(*named("a", 1), *named("b", 40)))
    for silent in ("none", "other"):
        there.answer(silent, told(*named("never", 9)))
    found = await there.desk.of("main")
    assert (len(found), len({one.participant for one in found})) == (PAGE, PAGE)
    assert there.questions == 2


async def test_people_are_asked_for_once_a_second_however_many_hosts_look() -> None:
    there = Asked(edge("one", 5))
    there.answer("one", told(*named("a", 3)))
    await asyncio.gather(*(there.desk.of("main") for _ in range(20)))
    assert (there.questions, len(await there.desk.of("main"))) == (1, 3)
    there.now_ns = people_module.KEPT_NS
    await there.desk.of("main")
    assert there.questions == 2


async def test_an_edge_that_lies_babbles_or_is_silent_costs_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No more people than listen there; nonsense is nobody."""
    monkeypatch.setattr(people_module, "ANSWER_S", 0.01)
    there = Asked(edge("liar", 2), edge("babbler", 5), edge("silent", 5), edge("gone", 5))
    there.answer("liar", told(*named("a", 30)))
    there.answer("babbler", b"\0")
    there.bus.answer(SUBJECTS.people("silent"), lambda question, answer: None)
    assert [one.participant for one in await there.desk.of("main")] == ["a0", "a1"]


def test_who_is_known_here_is_not_listed_twice() -> None:
    """Somebody at an edge who acts has a connection here, too."""
    audience = Audience()
    audience.is_here("ada", Here(name="Ada"))
    elsewhere_too = [Listed(who, who, None, False, who == "guest") for who in ("ada", "guest")]
    listed = audience.named(lambda who: True, elsewhere_too)
    assert [one.participant for one in listed] == ["guest", "ada"]
