"""The program on its way to one audience: packets of 20 ms, or merged ones for a large audience.

Theory of operation. Each packet of the program goes out at once to those of ``Pace.QUICK``; for
those of ``Pace.BUNDLED`` several are merged, as many as the ladder says. While the ladder stands at
20 ms nothing is merged and everybody gets the same bytes. A change is announced to whoever it
concerns and made at the timestamp that was named, between two packets.

Bundles of everybody at once would be written in one burst, which takes thousands of listeners a
tenth of a second, and then nothing for as long. So the audience is parted into as many *phases* as
a bundle has parts; each has bundles of its own, which begin 20 ms after those of the phase before.
The first bundle of a phase after a change is shorter by that.

Whoever speaks soon is moved to the quick pace at once, and back after their buffer had time to
rise. At the move they get the last packets of 20 ms once more, whatever waits for them: a receiver
plays by timestamp, so what it has already it drops, and it misses nothing.

The hub's rooms and the edges use the same class: it knows a fan-out, not where packets come from.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Never

from parvis_audio.errors import BadPacket as BadOpusPacket
from parvis_audio.opus_packet import packet_duration_samples
from parvis_audio.packet_merger import PacketMerger
from parvis_server.net.fanout import Fanout
from parvis_server.net.framing import binary_frame, text_frame
from parvis_server.net.ladder import LOOK_EVERY_S, Ladder, Step
from parvis_server.net.receivers import Pace, Phase, Receiver, Sink
from parvis_wire import serial
from parvis_wire.errors import BadPacket
from parvis_wire.packet_time import (
    PACKET_TIMES_MS,
    PROGRAM_PTIME_MS,
    PacketMs,
    PacketTime,
    is_same_program,
    rise_ms,
    stream_ssrc,
)
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket

log = logging.getLogger(__name__)

SAMPLES_PER_MS: Final = 48

FIRST_IN_LINE: Final = 3
"""So many in the line are at the quick pace: the floor may pass to each of them within a turn."""

RECENT_PACKETS: Final = 12
"""Given again at a change of pace: one bundle of 120 ms on its way, and one being filled."""

MOST_PHASES: Final = PACKET_TIMES_MS[-1] // PROGRAM_PTIME_MS

MAX_AHEAD_SAMPLES: Final = 30_000 * SAMPLES_PER_MS
"""A change is announced at most 20 s ahead: one that is further away belongs to another clock."""

LATENESS_LOOKS: Final = 4
"""How often a second the event loop's lateness is measured."""


def about_to_speak(view: RoomView) -> frozenset[str]:
    """Who shall hear the hall without delay: the first in the line, and all who have the floor."""
    open_units = {microphone.unit for microphone in view.microphones}
    return frozenset(
        [hand.participant for hand in view.line[:FIRST_IN_LINE]]
        + [turn.participant for turn in view.floor]
        + [seated.participant for seated in view.seats if seated.unit in open_units]
    )


class ProgramFeed:
    """Program packets in; to each receiver those of its pace."""

    def __init__(
        self,
        fanout: Fanout,
        now_ns: Callable[[], int],
        ladder: Ladder | None = None,
    ) -> None:
        """Begin at the ladder's floor; ``now_ns``: monotonic."""
        self._fanout = fanout
        self._now_ns = now_ns
        self._ladder = ladder or Ladder()
        self._mergers: tuple[PacketMerger, ...] = ()
        """Of each phase, for as many as there may be; made with the first bundle: for a small
        audience libopus is never loaded."""
        self._origin = 0
        """Timestamp from which the bundles' phases count."""
        self._ptime_ms: PacketMs = self._ladder.ptime_ms
        self._changes: deque[tuple[PacketMs, int]] = deque()
        """Packet time and timestamp of what is announced, in this order."""
        self._ssrc: int | None = None
        self._next = 0
        """Timestamp that should come next."""
        self._is_flowing = False
        """Whether the program came since the last look."""
        self._recent: deque[bytes] = deque(maxlen=RECENT_PACKETS)
        self._speak_soon: frozenset[str] = frozenset()
        self._rising: dict[Receiver, tuple[PacketMs, int]] = {}
        """Whose buffer rises for the bundled pace: to what, and until which timestamp."""

    @property
    def ptime_ms(self) -> PacketMs:
        """What the bundled pace's packets hold now."""
        return self._ptime_ms

    # Receivers

    def add(self, sink: Sink, participant: str, *, wants_sound: bool) -> Receiver:
        """Serve somebody from now on, at their pace; a newcomer is told of longer packets."""
        pace = Pace.QUICK if participant in self._speak_soon else Pace.BUNDLED
        if wants_sound and pace is Pace.BUNDLED:
            for told in self._standing():
                sink.write_frame(text_frame(told))
        return self._fanout.add(sink, wants_sound=wants_sound, pace=pace)

    def follow(self, view: RoomView, receiver_of: Callable[[str], Receiver | None]) -> None:
        """The room changed: move those who speak soon, and those who do no more.

        ``receiver_of``: the receiver of a participant, if they are here.
        """
        before, self._speak_soon = self._speak_soon, about_to_speak(view)
        for participant in before ^ self._speak_soon:
            receiver = receiver_of(participant)
            if receiver is None or not receiver.wants_sound or receiver not in self._fanout:
                continue
            if participant in self._speak_soon:
                self._quicken(receiver)
            else:
                self._let_rise(receiver)

    def _quicken(self, receiver: Receiver) -> None:
        self._rising.pop(receiver, None)
        if receiver.pace is Pace.QUICK:
            return
        if self._standing():
            receiver.sink.write_frame(text_frame(self._told(PROGRAM_PTIME_MS, self._next)))
        self._move(receiver, Pace.QUICK)

    def _let_rise(self, receiver: Receiver) -> None:
        """To the bundled pace, when its buffer is ready for that."""
        highest_ms = self._highest_ms
        lead_samples = rise_ms(PROGRAM_PTIME_MS, highest_ms) * SAMPLES_PER_MS
        if not lead_samples:
            self._move(receiver, Pace.BUNDLED)
            return
        at = serial.add(self._next, lead_samples, serial.TIMESTAMP_BITS)
        receiver.sink.write_frame(text_frame(self._told(highest_ms, at)))
        self._rising[receiver] = (highest_ms, at)

    def _move(self, receiver: Receiver, pace: Pace) -> None:
        receiver.pace = pace
        for frame in self._recent:
            receiver.sink.write_frame(frame)

    def _move_the_risen(self) -> None:
        """Between two bundles of their phase: those whose time has come."""
        phases = self._phases
        for receiver, (ptime_ms, at) in tuple(self._rising.items()):
            merger = self._mergers[receiver.seat % len(phases)] if self._mergers else None
            if self._lies_ahead(at) or (merger is not None and merger.is_holding):
                continue
            del self._rising[receiver]
            if receiver not in self._fanout:
                continue
            if self._highest_ms > ptime_ms:  # the ladder went up meanwhile
                self._let_rise(receiver)
            else:
                self._move(receiver, Pace.BUNDLED)

    # Packets

    def take(self, rtp: bytes, frame: bytes | None = None) -> None:
        """One packet of the program; ``frame``: the same as a WebSocket frame, if there is one."""
        try:
            packet = RtpPacket.parse(rtp)
            samples = packet_duration_samples(packet.payload)
        except (BadPacket, BadOpusPacket) as error:
            log.warning("a program packet cannot be read and is left out: %s", error)
            return
        self._begin_at(packet)
        self._publish(packet, frame or binary_frame(rtp))
        self._next = serial.add(packet.timestamp, samples, serial.TIMESTAMP_BITS)
        self._is_flowing = True

    def _begin_at(self, packet: RtpPacket) -> None:
        """What is due before this packet."""
        self._next = packet.timestamp
        if self._ssrc is None or not is_same_program(packet.ssrc, self._ssrc):
            self._ssrc = packet.ssrc
            self._origin = packet.timestamp
            for told in self._standing():
                self._announce(told)
        while self._changes and not self._lies_ahead(self._changes[0][1]):
            before = self._phases
            self._ptime_ms, _ = self._changes.popleft()
            self._origin = packet.timestamp
            for number, merger in enumerate(self._mergers):
                bundles = merger.change(self._ptime_ms)
                if number < len(before):
                    self._send(bundles, before[number])
        self._end_bundles(packet.timestamp)
        self._move_the_risen()

    @property
    def _phases(self) -> list[Phase]:
        of = self._ptime_ms // PROGRAM_PTIME_MS
        return [Phase(number, of) for number in range(of)]

    def _end_bundles(self, timestamp: int) -> None:
        """Send what the phase holds whose next bundle begins here, if it is not sent yet."""
        if self._mergers:
            passed = (timestamp - self._origin) % (1 << serial.TIMESTAMP_BITS)
            of = self._ptime_ms // PROGRAM_PTIME_MS
            phase = Phase(passed // (PROGRAM_PTIME_MS * SAMPLES_PER_MS) % of, of)
            self._send(self._mergers[phase.number].flush(), phase)

    def _publish(self, packet: RtpPacket, frame: bytes) -> None:
        if self._ptime_ms == PROGRAM_PTIME_MS:
            self._fanout.publish_sound(frame, PROGRAM_PTIME_MS)
            if self._recent:
                self._recent.popleft()  # soon nothing merged is on its way any more
            return
        self._fanout.publish_sound(frame, PROGRAM_PTIME_MS, Pace.QUICK)
        self._recent.append(frame)
        self._begin_merging()
        for phase in self._phases:
            self._send(self._mergers[phase.number].add(packet), phase)

    def _begin_merging(self) -> None:
        if not self._mergers:
            from parvis_audio.repacketizer import Repacketizer

            repacketizer = Repacketizer()
            self._mergers = tuple(PacketMerger(repacketizer) for _ in range(MOST_PHASES))
            for merger in self._mergers:
                merger.change(self._ptime_ms)

    def _send(self, bundles: list[RtpPacket], phase: Phase) -> None:
        for bundle in bundles:
            ptime_ms = packet_duration_samples(bundle.payload) // SAMPLES_PER_MS
            frame = binary_frame(bundle.serialize())
            self._fanout.publish_sound(frame, ptime_ms, Pace.BUNDLED, phase)

    # Time

    async def run(self) -> Never:
        """Look once a second; runs until cancelled."""
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while True:
            late_s = 0.0
            for _ in range(LATENESS_LOOKS):
                deadline = max(deadline + LOOK_EVERY_S / LATENESS_LOOKS, loop.time())
                await asyncio.sleep(deadline - loop.time())
                late_s = max(late_s, loop.time() - deadline)
            self.look(late_s * 1e9)

    def look(self, late_ns: float = 0.0) -> None:
        """Ask the ladder, once a second; ``late_ns``: how late the event loop was at most."""
        if not self._is_flowing:
            return
        self._is_flowing = False
        fanout = self._fanout
        listeners = sum(fanout.paces.values())
        step = self._ladder.look(self._now_ns(), listeners, fanout.write_ns, late_ns)
        if step is not None:
            log.info(
                "the program goes to %d listeners in packets of %d ms, from %d ms on: "
                "a write takes %.1f µs",
                *(listeners, step.ptime_ms, step.lead_ms, fanout.write_ns / 1_000),
            )
            self.change(step)

    def change(self, step: Step) -> None:
        """Announce other packets, and make them when their time has come."""
        at = serial.add(self._next, step.lead_ms * SAMPLES_PER_MS, serial.TIMESTAMP_BITS)
        self._changes.append((step.ptime_ms, at))
        self._announce(self._told(step.ptime_ms, at))

    def _announce(self, told: PacketTime) -> None:
        self._fanout.publish_control(text_frame(told), Pace.BUNDLED)

    def _told(self, ptime_ms: PacketMs, from_timestamp: int) -> PacketTime:
        ssrc = stream_ssrc(self._ssrc or 0, ptime_ms)
        return PacketTime(ptime_ms=ptime_ms, ssrc=ssrc, from_timestamp=from_timestamp)

    def _standing(self) -> list[PacketTime]:
        """What whoever gets bundles has to know now."""
        if self._ssrc is None:
            return []
        told = []
        if self._ptime_ms != PROGRAM_PTIME_MS:
            told.append(self._told(self._ptime_ms, self._next))
        return [*told, *(self._told(*change) for change in self._changes)]

    @property
    def _highest_ms(self) -> PacketMs:
        return max([self._ptime_ms, *(ptime_ms for ptime_ms, _ in self._changes)])

    def _lies_ahead(self, timestamp: int) -> bool:
        ahead = serial.distance(self._next, timestamp, serial.TIMESTAMP_BITS)
        return 0 < ahead <= MAX_AHEAD_SAMPLES
