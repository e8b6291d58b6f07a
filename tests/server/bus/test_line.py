"""What waits for the bus: order, bounds, and what stands aside."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.bus.line import ASIDE_NS, MAX_ASIDE, MAX_ASIDE_BYTES, Line, Publication


def of(payload: bytes) -> Publication:
    return Publication("reply", payload)


def test_what_is_put_comes_in_its_order_and_is_counted() -> None:
    line = Line[str]()
    line.put(of(b"one"))
    line.put("begin")
    assert line.size_bytes == 3
    assert (line.pop(), line.pop(), line.size_bytes) == (of(b"one"), "begin", 0)


def test_what_is_too_old_is_left_out() -> None:
    line = Line[str]()
    line.put_aside(of(b"old"), b"", 0)
    line.put_aside(of(b"new"), b"", 1)
    assert line.pop_aside(ASIDE_NS) == of(b"new")
    assert line.pop_aside(ASIDE_NS) is None
    assert (line.aside_bytes, line.handed_aside_bytes, line.has_aside) == (0, 3, False)


@given(st.lists(st.integers(0, MAX_ASIDE_BYTES), max_size=2 * MAX_ASIDE))
def test_what_stands_aside_is_bounded_and_all_are_answered_within(sizes: list[int]) -> None:
    line = Line[str]()
    taken = [line.put_aside(of(bytes(size)), b"busy", 0) for size in sizes]
    assert taken == [number < MAX_ASIDE for number in range(len(sizes))]
    assert line.aside_bytes <= MAX_ASIDE_BYTES + 4 * MAX_ASIDE
    said = []
    while (publication := line.pop_aside(0)) is not None:
        said.append(publication.payload)
    assert len(said) == sum(taken)
    assert all(
        payload == b"busy" or len(payload) == size
        for payload, size in zip(said, sizes, strict=False)
    )
    assert line.aside_bytes == 0
