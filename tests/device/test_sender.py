"""The send queue: bounded, the oldest gives way, order is kept."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_device.sender import QUEUE_PACKETS, SendQueue


@given(st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=4)), max_size=100))
def test_the_newest_packets_stay_in_order(steps: list[bytes | None]) -> None:
    """None takes a packet, bytes put one."""
    queue, expected, dropped = SendQueue(), list[bytes](), 0
    for step in steps:
        if step is None:
            assert queue.take() == (expected.pop(0) if expected else None)
            continue
        queue.put(step)
        expected.append(step)
        if len(expected) > QUEUE_PACKETS:
            expected.pop(0)
            dropped += 1
        assert len(queue) == len(expected) <= QUEUE_PACKETS
    assert queue.dropped == dropped


def test_100_ms() -> None:
    assert QUEUE_PACKETS * 10 == 100


def test_what_is_forgotten_was_not_dropped() -> None:
    queue = SendQueue()
    queue.put(b"1")
    queue.clear()
    assert (len(queue), queue.dropped, queue.take()) == (0, 0, None)
