"""Whether a room's clock goes on after a pause."""

from hypothesis import given
from hypothesis import strategies as st

from parvis_server.store.rooms import NS_PER_MS, ROOM_OVER_AFTER_MS, StoredRoom

BEGAN_NS = 1_000_000 * NS_PER_MS


def running_until(utc_ms: int) -> StoredRoom:
    return StoredRoom("main", 7, BEGAN_NS, utc_ms)


def test_a_new_rooms_clock_begins_now() -> None:
    room = StoredRoom.new("main", BEGAN_NS)
    assert room == StoredRoom("main", 1_000_000, BEGAN_NS, 1_000_000)
    assert room.origin_ns(now_ns=50, utc_ns=BEGAN_NS) == 50


def test_the_clock_goes_on_after_a_restart() -> None:
    again_ns = BEGAN_NS + 3_600_000 * NS_PER_MS
    room = running_until(1_000_000 + 3_590_000).reopened(again_ns)
    assert room == StoredRoom("main", 7, BEGAN_NS, again_ns // NS_PER_MS)
    assert room.origin_ns(now_ns=5, utc_ns=again_ns) == 5 - 3_600_000 * NS_PER_MS


def test_after_a_long_pause_it_is_a_new_evening() -> None:
    late_ns = BEGAN_NS + (ROOM_OVER_AFTER_MS + 1) * NS_PER_MS
    assert running_until(1_000_000).reopened(late_ns).clock_origin_utc_ns == late_ns
    assert running_until(1_000_001).reopened(late_ns).clock_origin_utc_ns == BEGAN_NS


def test_a_clock_that_went_back_starts_the_room_again() -> None:
    assert running_until(2_000_000).reopened(BEGAN_NS - 1).clock_origin_utc_ns == BEGAN_NS - 1


@given(st.integers(0, 2**60), st.integers(0, 2**50), st.integers(0, 2**60), st.integers(0, 2**60))
def test_the_room_clock_never_begins_in_the_future(
    origin_ns: int, last_ms: int, utc_ns: int, now_ns: int
) -> None:
    room = StoredRoom("main", 0, origin_ns, last_ms).reopened(utc_ns)
    assert room.origin_ns(now_ns, utc_ns) <= now_ns
    assert room.reopened(utc_ns) == room


def test_what_was_kept_before_the_database() -> None:
    room = StoredRoom.before_the_database("main", BEGAN_NS, BEGAN_NS + 5 * NS_PER_MS)
    assert room == StoredRoom("main", 1_000_000, BEGAN_NS, 1_000_005)
