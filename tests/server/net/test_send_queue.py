"""Sound that waits is bounded in time; the oldest gives way."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.net.send_queue import BOUND_NS, MAX_PACKETS, SendQueue
from parvis_wire.stage import LinkKind

MS = 1_000_000


def test_what_has_waited_too_long_goes_first() -> None:
    queue = SendQueue(BOUND_NS[LinkKind.WIRED])
    for number in range(30):
        queue.put(bytes((number,)), number * 10 * MS)
    assert len(queue) == 10, "100 ms of 10 ms packets"
    assert queue.dropped == 20
    assert queue.take() == bytes((20,))
    queue.expire(29 * 10 * MS + 100 * MS)
    assert (len(queue), queue.take(), queue.dropped) == (0, None, 29)


def test_every_link_has_a_bound_as_documented() -> None:
    assert {kind: bound // MS for kind, bound in BOUND_NS.items()} == {
        LinkKind.WIRED: 100,
        LinkKind.WIFI: 200,
        LinkKind.REMOTE: 200,
    }


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50 * MS)), max_size=300))
def test_order_is_kept_nothing_is_old_and_everything_is_counted(
    steps: list[tuple[bool, int]],
) -> None:
    queue = SendQueue(100 * MS)
    put_ns: list[int] = []
    taken: list[int] = []
    now_ns = 0
    for puts, gap_ns in steps:
        now_ns += gap_ns
        if puts:
            queue.put(len(put_ns).to_bytes(2), now_ns)
            put_ns.append(now_ns)
        else:
            queue.expire(now_ns)
            packet = queue.take()
            if packet is not None:
                taken.append(int.from_bytes(packet))
                assert now_ns - put_ns[taken[-1]] < 100 * MS
    assert taken == sorted(set(taken))
    assert len(put_ns) == len(taken) + queue.dropped + len(queue)
    assert len(queue) <= MAX_PACKETS
