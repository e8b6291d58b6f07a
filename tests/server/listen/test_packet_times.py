"""At the ear's end: the packet time changes, and nobody hears it.

The real chain in simulated time: encoder, feed, fan-out, decoder, playout. Measured is the sound: a
tone without a gap, a click or a sample that is heard twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from fakes.program_audience import NS_PER_MS, Broadcast, Ear
from parvis_audio.measure import tone_snr_db
from parvis_audio.opus import Decoder
from parvis_audio.packet_merger import PacketMerger
from parvis_audio.repacketizer import Repacketizer
from parvis_server.listen.playback import Playback
from parvis_server.net.ladder import Ladder
from parvis_wire.floor import Hand, Surface
from parvis_wire.packet_time import PACKET_TIMES_MS, PacketMs
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket

LADDER: tuple[PacketMs, ...] = (40, 60, 120, 20)
NOBODY = RoomView(room="main", title="Hall", seq=0)
IN_LINE = NOBODY.model_copy(
    update={
        "line": (Hand(participant="phone", name="Zoé", surface=Surface.PHONE, raised_at=0),),
    }
)


class Listening:
    """A listener in a room, with a network between."""

    def __init__(
        self, ladder: Ladder | None = None, delay_ms: Callable[[], float] = lambda: 5.0
    ) -> None:
        self.room = Broadcast(ladder, sounds=True)
        self.playback = Playback(Decoder)
        self.heard: list[np.ndarray] = []
        self._delay_ms = delay_ms
        self._under_way: list[tuple[float, bytes]] = []
        ear = Ear(on_packet=self._sent, on_told=lambda told: self.playback.announce(told.ptime_ms))
        self.room.ear("phone", ear)

    def _sent(self, rtp: bytes) -> None:
        """TCP: nothing overtakes."""
        before = self._under_way[-1][0] if self._under_way else 0.0
        self._under_way.append((max(before, self.room.now_ms + self._delay_ms()), rtp))

    def goes_on(self, ms: int) -> np.ndarray:
        """So much time; what was heard."""
        begin = len(self.heard)
        for _ in range(ms // 20):
            self.room.plays(20)
            for now_ms in (self.room.now_ms - 10, self.room.now_ms):
                while self._under_way and self._under_way[0][0] <= now_ms:
                    at_ms, rtp = self._under_way.pop(0)
                    self.playback.receive(rtp, round(at_ms * NS_PER_MS))
                self.heard.append(self.playback.pull(now_ms * NS_PER_MS))
        return np.concatenate(self.heard[begin:])

    def through(self, ladder: tuple[PacketMs, ...]) -> np.ndarray:
        """Each packet time for 2 s after the announced change."""
        heard = []
        for ptime_ms in ladder:
            lead_ms = max(1_000, (ptime_ms - self.room.feed.ptime_ms) * 200)
            self.room.changes(ptime_ms)
            heard.append(self.goes_on(lead_ms + 2_000))
            assert self.room.feed.ptime_ms == ptime_ms
        return np.concatenate(heard)


def gaps_ms(heard: np.ndarray) -> int:
    """How much of it is without the tone, by pieces of 2 ms (nearly one period)."""
    pieces = heard[: heard.size // 96 * 96].reshape(-1, 96)
    return 2 * int(np.sum(np.abs(pieces).max(axis=1) < 0.2))


def clicks(heard: np.ndarray) -> int:
    """Samples at which the tone bends more sharply than its own 0.001, and its coding noise."""
    return int(np.sum(np.abs(np.diff(heard, 2)) > 0.01))


def test_the_ladder_up_and_down_is_not_heard() -> None:
    phone = Listening()
    phone.goes_on(3_000)
    heard = phone.through(LADDER)
    counts, counters = phone.playback.counts, phone.playback.counters
    assert gaps_ms(heard) == 0
    assert clicks(heard) == 0
    assert (counts.lost, counts.late, counts.malformed) == (0, 0, 0)
    assert (counters.underruns, counters.concealed_ms, counters.skips) == (0, 0.0, 0)
    assert len(phone.playback.segments) == 2  # silence, then one line of time to the end


@pytest.mark.parametrize(("before_ms", "after_ms"), [(20, 60), (60, 20)])
def test_no_sample_is_left_out_or_heard_twice(before_ms: PacketMs, after_ms: PacketMs) -> None:
    """Over the change it is one tone, of one phase."""
    phone = Listening(Ladder(floor_ms=before_ms))
    phone.goes_on(30_000)  # the first, careful depth has come down: samples are copied
    phone.room.changes(after_ms, lead_ms=10_000)
    phone.goes_on(9_800)
    around = phone.goes_on(800)
    assert phone.room.feed.ptime_ms == after_ms
    assert tone_snr_db(around, 440) > 30


def test_a_radio_between_costs_nothing_more() -> None:
    chance = random.Random(5)
    phone = Listening(delay_ms=lambda: 5 + min(30.0, chance.expovariate(1 / 6)))
    phone.goes_on(3_000)
    heard = phone.through(LADDER)
    assert gaps_ms(heard) == 0
    assert clicks(heard) == 0
    assert phone.playback.counters.underruns == 0


def test_the_depth_rises_before_and_sinks_slowly_after() -> None:
    phone = Listening()
    phone.goes_on(30_000)

    def delay_ms() -> float:
        buffer = phone.playback._buffer
        return buffer.delay_ms((phone.room.now_ms + 10) * NS_PER_MS)  # of the next frame

    short_ms = delay_ms()
    phone.room.changes(60)
    phone.goes_on(8_000)  # all of the lead, and no longer packet yet
    assert delay_ms() == pytest.approx(max(short_ms, 100 - 15), abs=2)
    phone.goes_on(3_000)
    phone.room.changes(20)
    phone.goes_on(3_000)
    assert delay_ms() > 80
    phone.goes_on(20_000)
    assert delay_ms() == pytest.approx(75, abs=3)


@pytest.mark.parametrize("ptime_ms", PACKET_TIMES_MS[1:])
def test_whoever_joins_a_large_audience_hears_it_from_the_start(ptime_ms: PacketMs) -> None:
    phone = Listening(Ladder(floor_ms=ptime_ms))
    phone.goes_on(1_000)
    heard = phone.goes_on(6_000)
    assert gaps_ms(heard) == 0
    assert clicks(heard) == 0
    assert phone.playback.counters.underruns == 0


@pytest.mark.parametrize("ptime_ms", [40, 60, 120])
def test_a_hand_goes_up_and_down_in_a_large_audience_unheard(ptime_ms: PacketMs) -> None:
    phone = Listening(Ladder(floor_ms=ptime_ms))
    phone.goes_on(2_060)  # in the middle of a bundle
    heard = []
    for view in (IN_LINE, NOBODY):
        phone.room.shows(view)
        heard.append(phone.goes_on(ptime_ms * 200))
    assert gaps_ms(np.concatenate(heard)) == 0
    assert clicks(np.concatenate(heard)) == 0
    assert (phone.playback.counters.underruns, phone.playback.counts.lost) == (0, 0)


def test_two_edges_that_bundle_otherwise_are_heard_once() -> None:
    """A listener goes on at an edge whose bundles begin elsewhere: what is known is left out."""
    room, playback, heard = Broadcast(sounds=True), Playback(Decoder), []
    here, there = (PacketMerger(Repacketizer()) for _ in range(2))
    here.change(60)
    there.change(100)
    playback.announce(100)
    for _ in range(250):
        part = RtpPacket.parse(room.packet())
        room.now_ms += 20
        ours, theirs = here.add(part), there.add(part)
        for bundle in ours if room.now_ms < 2_000 else theirs:
            playback.receive(bundle.serialize(), room.now_ms * NS_PER_MS)
        for now_ms in (room.now_ms, room.now_ms + 10):
            heard.append(playback.pull(now_ms * NS_PER_MS))
    assert 1_980 % 100 != 0  # their first, from 1,900 ms on, begins in the middle of our last
    assert gaps_ms(np.concatenate(heard[50:])) == 0
    assert clicks(np.concatenate(heard[50:])) == 0
    assert (playback.counts.lost, playback.counts.late) == (0, 0)
    assert len(playback.segments) == 2
