"""The bus inside one process."""

import asyncio

import pytest

from parvis_server.bus.bus import NoAnswer, NobodyThere
from parvis_server.bus.local import LocalBroker, LocalBus, matches


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("*.b", "a.b", True),
        ("a.b", "a.c", False),
    ],
)
def test_one_star_is_one_word(pattern: str, subject: str, fits: bool) -> None:
    """As NATS has it."""
    assert matches(pattern, subject) is fits


async def test_others_hear_in_order_and_oneself_does_not() -> None:
    """Publications go to every other bus, in the order of their making."""
    broker = LocalBroker()
    hub, edge = LocalBus(broker), LocalBus(broker)
    at_edge: list[bytes] = []
    at_hub: list[bytes] = []
    hearing = edge.subscribe("room.*", at_edge.append)
    hub.subscribe("room.*", at_hub.append)
    for number in range(5):
        hub.publish("room.main", b"%d" % number)
    await asyncio.sleep(0)
    assert at_edge == [b"0", b"1", b"2", b"3", b"4"]
    assert at_hub == []
    hearing.end()
    hub.publish("room.main", b"6")
    await asyncio.sleep(0)
    assert len(at_edge) == 5


async def test_questions_are_answered_or_not() -> None:
    """An answer, nobody there, and somebody who says nothing."""
    broker = LocalBroker()
    hub, edge = LocalBus(broker), LocalBus(broker)
    hub.answer("hello", lambda question, answer: answer(question.upper()))
    hub.answer("silence", lambda question, answer: None)
    assert await edge.ask("hello", b"you", 1) == b"YOU"
    with pytest.raises(NobodyThere):
        await edge.ask("nothing", b"", 1)
    with pytest.raises(NoAnswer):
        await edge.ask("silence", b"", 0.01)


async def test_a_cut_bus_drops_counts_and_says_so() -> None:
    """Nothing waits for the healing."""
    broker = LocalBroker()
    hub, edge = LocalBus(broker), LocalBus(broker)
    told: list[bool] = []
    heard: list[bytes] = []
    hub.link_taps.add(told.append)
    edge.subscribe("news", heard.append)
    hub.cut()
    hub.publish("news", b"lost")
    with pytest.raises(NoAnswer):
        await hub.ask("news", b"", 1)
    hub.heal()
    hub.publish("news", b"told")
    await asyncio.sleep(0)
    assert (told, heard, hub.dropped, hub.is_connected) == ([False, True], [b"told"], 1, True)
    await edge.close()
    hub.publish("news", b"gone")
    await asyncio.sleep(0)
    assert heard == [b"told"]
