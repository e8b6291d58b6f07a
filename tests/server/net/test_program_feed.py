"""What each pace gets: bundles of the ladder's length, 20 ms for who speaks soon, no gap."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.program_audience import PACKET_SAMPLES, Broadcast, Ear
from parvis_server.net.fanout import INLINE_RECEIVERS
from parvis_server.net.ladder import Ladder
from parvis_server.net.program_feed import about_to_speak
from parvis_server.net.receivers import Pace
from parvis_wire.floor import Hand, Microphone, Seated, Surface, Turn, TurnState
from parvis_wire.packet_time import PACKET_TIMES_MS, PacketMs, stream_ssrc
from parvis_wire.room_view import RoomView


def hand(participant: str) -> Hand:
    return Hand(participant=participant, name=participant, surface=Surface.PHONE, raised_at=0)


def turn(participant: str, state: TurnState) -> Turn:
    return Turn(
        participant=participant, name=participant, surface=Surface.PHONE, state=state, since=0
    )


def view(*line: str, floor: tuple[Turn, ...] = (), **more: object) -> RoomView:
    nothing = RoomView(room="main", title="Hall", seq=0)
    return nothing.model_copy(update={"line": tuple(map(hand, line)), "floor": floor, **more})


def whole(ear: Ear) -> bool:
    """Whether every 20 ms from the first on came, in order."""
    return all(after - before == PACKET_SAMPLES for before, after in pairwise(ear.heard_line()))


def test_at_20_ms_everybody_gets_the_same_bytes_and_nothing_is_told() -> None:
    room = Broadcast()
    one, other = room.ear("one"), room.ear("other")
    room.plays(200)
    assert one.lengths_ms == [20] * 10
    assert one.packets == other.packets
    assert {packet.ssrc for packet in one.packets} == {room.ssrc}
    assert one.told == []


@pytest.mark.parametrize("ptime_ms", PACKET_TIMES_MS[1:])
def test_a_change_is_told_ahead_and_made_where_it_was_told(ptime_ms: PacketMs) -> None:
    room = Broadcast()
    ear = room.ear("phone")
    room.plays(100)
    room.changes(ptime_ms)
    [told] = ear.told
    assert (told.ptime_ms, told.ssrc) == (ptime_ms, stream_ssrc(room.ssrc, ptime_ms))
    assert told.from_timestamp == (100 + (ptime_ms - 20) * 200) * 48
    room.plays((ptime_ms - 20) * 200 + 6 * ptime_ms)
    longer = [packet for packet in ear.packets if packet.ssrc == told.ssrc]
    assert longer[0].timestamp == told.from_timestamp
    assert ear.lengths_ms[-6:] == [ptime_ms] * 6
    assert [packet.sequence for packet in longer] == list(range(6))
    assert whole(ear)


def test_up_and_down_nothing_is_missing_or_twice() -> None:
    room = Broadcast()
    ear = room.ear("phone")
    for ptime_ms in (40, 60, 120, 20, 100, 80, 20):
        room.plays(2_060)
        room.changes(ptime_ms, lead_ms=1_000)
    room.plays(2_000)
    assert whole(ear)
    assert sum(ear.lengths_ms) == 7 * 2_060 + 2_000
    assert ear.lengths_ms[-10:] == [20] * 10


def test_a_newcomer_is_told_what_is_and_what_will_be() -> None:
    room = Broadcast(Ladder(floor_ms=60))
    assert room.ear("before any sound").told == []
    room.plays(600)
    room.changes(100, lead_ms=8_000)
    newcomer = room.ear("newcomer")
    assert [told.ptime_ms for told in newcomer.told] == [60, 100]
    room.plays(300)
    assert newcomer.lengths_ms == [60] * 5


def test_whoever_was_there_before_the_program_is_told_with_its_first_packet() -> None:
    room = Broadcast(Ladder(floor_ms=60))
    ear = room.ear("early")
    room.plays(120)
    [told] = ear.told
    assert (told.ptime_ms, told.from_timestamp) == (60, 0)
    assert ear.lengths_ms == [60, 60]


def test_another_mixer_is_told_and_goes_on() -> None:
    room = Broadcast(Ladder(floor_ms=60))
    ear = room.ear("phone")
    room.plays(640)
    room.ssrc += 8
    room.plays(640)
    assert [told.ssrc for told in ear.told] == [
        stream_ssrc(room.ssrc - 8, 60),
        stream_ssrc(room.ssrc, 60),
    ]
    assert whole(ear)
    assert 40 in ear.lengths_ms or 20 in ear.lengths_ms  # cut where the mixer was
    assert ear.lengths_ms[-1] == 60


def test_an_announced_change_outlives_a_new_mixer_and_a_new_clock() -> None:
    room = Broadcast()
    ear = room.ear("phone")
    room.plays(100)
    room.changes(60)
    room.ssrc += 8
    room.plays(20)
    assert ear.told[-1].ssrc == stream_ssrc(room.ssrc, 60)
    room.shift_samples = 2**31 - 5
    room.plays(120)
    assert ear.lengths_ms[-1] == 60


def test_in_line_one_hears_20_ms_at_once_and_is_led_back_slowly() -> None:
    room = Broadcast(Ladder(floor_ms=60))
    ear, other = room.ear("speaks"), room.ear("listens")
    room.plays(600 + 40)  # in the middle of a bundle
    room.shows(view("speaks"))
    assert ear.told[-1].ptime_ms == 20
    room.plays(200)
    assert ear.lengths_ms[-10:] == [20] * 10
    assert whole(ear)
    room.shows(view())
    assert (ear.told[-1].ptime_ms, len(other.told)) == (60, 1)
    assert ear.told[-1].from_timestamp == (840 + 8_000) * 48
    room.plays(7_900)
    assert ear.lengths_ms[-10:] == [20] * 10
    room.plays(700)
    assert ear.lengths_ms[-5:] == [60] * 5
    assert whole(ear) and whole(other)
    assert other.lengths_ms[0] == 20, "of the next phase: its first bundle is short"
    assert set(other.lengths_ms[1:]) == {60}


@pytest.mark.parametrize("ptime_ms", PACKET_TIMES_MS)
def test_a_large_audience_is_never_written_to_at_once(ptime_ms: PacketMs) -> None:
    room, audience, of = Broadcast(Ladder(floor_ms=ptime_ms)), 120, ptime_ms // 20
    ears = [room.ear(f"phone {n}") for n in range(audience)]
    room.plays(240)
    came = [sum(len(ear.packets) for ear in ears)]
    for _ in range(2 * of):
        room.plays(20)
        came.append(sum(len(ear.packets) for ear in ears))
    assert {after - before for before, after in pairwise(came)} == {audience // of}
    room.plays(240)
    assert all(map(whole, ears))
    assert {tuple(ear.lengths_ms[-3:]) for ear in ears} == {(ptime_ms,) * 3}
    begun = {ear.packets[-1].timestamp // PACKET_SAMPLES % of for ear in ears}
    assert begun == set(range(of))
    for ear in ears:
        numbers = [packet.sequence for packet in ear.packets]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_phases_stay_even_from_one_length_to_another_and_hear_everything() -> None:
    room = Broadcast(Ladder(floor_ms=40))
    ears = [room.ear(f"phone {n}") for n in range(120)]
    for ptime_ms in (60, 80, 100, 120, 60, 20, 120):
        room.plays(1_100)
        room.changes(ptime_ms, lead_ms=1_000)
    room.plays(1_200)
    assert all(map(whole, ears))
    came = [len(ear.packets) for ear in ears]
    room.plays(20)
    now = [len(ear.packets) for ear in ears]
    assert sum(now) - sum(came) == 20


def test_who_is_quick_hears_nothing_of_longer_packets() -> None:
    room = Broadcast()
    room.shows(view("speaks"))
    ear = room.ear("speaks")
    room.plays(100)
    room.changes(120, lead_ms=1_000)
    room.plays(2_000)
    assert ear.told == []
    assert set(ear.lengths_ms) == {20}
    again = room.ear("speaks")
    assert again.told == []


def test_who_is_led_back_while_the_ladder_goes_up_rises_once_more() -> None:
    room = Broadcast(Ladder(floor_ms=40))
    ear = room.ear("speaks")
    room.plays(100)
    room.shows(view("speaks"))
    room.shows(view())
    room.changes(80, lead_ms=2_000)
    room.plays(4_100)
    assert [told.ptime_ms for told in ear.told] == [40, 20, 40, 80]
    assert set(ear.lengths_ms[4:]) == {20}
    room.plays(13_000)
    assert ear.lengths_ms[-3:] == [80] * 3
    assert whole(ear)


def test_who_raises_the_hand_again_meanwhile_stays_quick() -> None:
    room = Broadcast(Ladder(floor_ms=40))
    ear = room.ear("speaks")
    room.plays(100)
    room.shows(view("speaks"))
    room.shows(view())
    room.shows(view("speaks"))
    room.plays(6_000)
    assert set(ear.lengths_ms[4:]) == {20}
    assert ear.told[-1].ptime_ms == 40  # waits for more than comes: no harm
    assert whole(ear)


async def test_with_a_crowd_nobody_misses_a_packet_by_changing_pace() -> None:
    """Frames wait for a large audience; a move between them leaves nothing out."""
    room = Broadcast(Ladder(floor_ms=60))
    for n in range(INLINE_RECEIVERS + 1):
        room.ear(f"crowd {n}")
    ear = room.ear("speaks")
    room.plays(180)
    assert ear.packets == []  # everything waits
    room.shows(view("speaks"))
    room.plays(60)
    room.shows(view())
    receiver = room.ears["speaks"][1]
    receiver_paces = {receiver.pace}
    for _ in range(450):
        room.plays(20)
        await _served(room)
        receiver_paces.add(receiver.pace)
    assert receiver_paces == {Pace.QUICK, Pace.BUNDLED}
    assert ear.lengths_ms[-1] == 60
    assert whole(ear)
    assert ear.heard_line()[0] == 0


async def _served(room: Broadcast) -> None:
    """Let the fan-out write what waits: on a clock that stands still, all in one go."""
    serving = asyncio.create_task(room.fanout.run())
    for _ in range(3):
        await asyncio.sleep(0)
    serving.cancel()


def test_the_ladder_is_asked_while_the_program_flows() -> None:
    room = Broadcast()
    for n in range(3):
        room.ear(f"phone {n}")
    room.fanout.write_ns = 7e6  # three writes are more than 20 ms
    room.feed.look()  # nothing flows
    ear = room.ears["phone 0"][0]
    for _ in range(10):
        room.plays(1_000)
        room.fanout.write_ns = 7e6
        room.feed.look()
    assert [told.ptime_ms for told in ear.told] == [60]
    assert ear.told[0].from_timestamp == (1_000 + 1_000) * 48  # the core is full: at once
    assert room.feed.ptime_ms == 60


def test_what_is_no_packet_is_left_out() -> None:
    room = Broadcast(Ladder(floor_ms=40))
    ear = room.ear("phone")
    room.plays(20)
    room.feed.take(b"no packet")
    room.feed.take(room.packet()[:12] + b"\x03")
    room.plays(20)
    assert ear.lengths_ms == [40]


def test_who_speaks_soon() -> None:
    granted, live = turn("granted", TurnState.GRANTED), turn("live", TurnState.LIVE)
    seats = tuple(
        Seated(participant=who, name=who, unit=unit, unit_name=unit)
        for who, unit in (("seated", "u1"), ("elsewhere", "u2"))
    )
    microphones = (Microphone(unit="u1", name="Table 1", ssrc=1),)
    room = view("a", "b", "c", "d", floor=(granted, live), seats=seats, microphones=microphones)
    assert about_to_speak(room) == {"a", "b", "c", "granted", "live", "seated"}
    assert about_to_speak(view()) == frozenset()


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 40),
            st.sampled_from(["up", "quick", "slow", "mixer"]),
            st.sampled_from(PACKET_TIMES_MS),
            st.integers(50, 600),
        ),
        max_size=12,
    )
)
def test_whatever_is_changed_when_every_part_comes_in_order(
    acts: list[tuple[int, str, PacketMs, int]],
) -> None:
    room = Broadcast()
    ears = [room.ear("a"), room.ear("b")]
    for packets, act, ptime_ms, lead_packets in acts:
        room.plays(20 * packets)
        if act == "up":
            room.changes(ptime_ms, lead_ms=20 * (lead_packets // 10))
        elif act == "mixer":
            room.ssrc += 8
        else:
            room.shows(view("a") if act == "quick" else view())
    room.plays(1_000)
    assert all(map(whole, ears))
