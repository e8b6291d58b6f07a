"""A unit's loudspeaker at work: the bus that the hub named, its player, what the hub is told.

``block`` and ``ran_dry`` are called from the loudspeaker's audio thread, everything else from the
event loop: this is what the loudspeaker asks and tells (``LoudspeakerEvents``).
"""

import logging
from collections import deque
from collections.abc import Callable

from parvis_device.capture import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from parvis_device.loudspeakers import Loudspeaker
from parvis_device.onsets import Onset, OnsetDetector
from parvis_device.player import Player, RoomTime, quiet_after_ns
from parvis_wire.errors import WireError
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Bus, LinkKind, OutputReport

MAX_ONSETS = 100
"""Kept for whoever prints them."""

_log = logging.getLogger(__name__)


class Output:
    """One loudspeaker, line or assistive output."""

    def __init__(
        self,
        loudspeaker: Loudspeaker,
        link: LinkKind,
        *,
        play_delay_ms: float | None = None,
        half_duplex: bool = False,
        find_onsets: bool = False,
    ) -> None:
        """``half_duplex``: silent beside an open microphone."""
        self._loudspeaker = loudspeaker
        self._link = link
        self._play_delay_ms = play_delay_ms
        self._half_duplex = half_duplex
        self.reference: Callable[[Samples], None] | None = None
        """Gets, in the audio thread, every block that goes to the converter."""
        self._detector = OnsetDetector() if find_onsets else None
        self.onsets: deque[Onset] = deque(maxlen=MAX_ONSETS)
        self.working = True
        """Whether the loudspeaker asks for sound; believed until it says otherwise."""
        self.changed: Callable[[], None] | None = None
        """Called when the loudspeaker was lost or came back."""
        self.garbage = 0
        """Packets of the hub that are none."""
        self._blocks_before = 0
        self._player = self._new_player(FRAME_SAMPLES)

    @property
    def frame_samples(self) -> int:
        """Length of a block."""
        return self._player.frame_samples

    @property
    def blocks(self) -> int:
        """Blocks played since the start: food for the watchdog."""
        return self._blocks_before + self._player.blocks

    def use_bus(self, bus: Bus) -> None:
        """The hub named the bus: blocks of 5 ms where its ticks are, else of 10 ms."""
        frame_samples = min(bus.ptime_ms * SAMPLE_RATE_HZ // 1000, FRAME_SAMPLES)
        if frame_samples != self._player.frame_samples:
            self._blocks_before += self._player.blocks
            room_time, silent = self._player.room_time, self._player.silent
            self._player = self._new_player(frame_samples)
            self._player.room_time, self._player.silent = room_time, silent
            self._loudspeaker.use_frame_samples()

    def know_room_time(self, room_time: RoomTime | None) -> None:
        """The room's time is known better."""
        self._player.room_time = room_time

    def microphone_opens(self, is_open: bool) -> None:
        """The microphone beside it opens or closes: in half duplex one of the two is silent."""
        self._player.silent = is_open and self._half_duplex

    @property
    def quiet_after_ns(self) -> int:
        """How long it still sounds when the microphone beside it opens; 0: it stays as it is."""
        if not (self._half_duplex and self.working and self._player.blocks):
            return 0
        return quiet_after_ns(self._player.latency_ns, self._player.frame_samples)

    def packet_came(self, packet: bytes, arrival_ns: int) -> None:
        """A packet of the hub, perhaps for the second time."""
        try:
            self._player.put(RtpPacket.parse(packet), arrival_ns)
        except WireError:
            self.garbage += 1

    def report(self) -> OutputReport:
        """How it plays, twice a second."""
        report = self._player.report()
        return report if self.working else report.model_copy(update={"playing": False})

    # --- what the loudspeaker asks and tells ---

    def block(self, now_ns: int, latency_ns: int) -> Samples:
        """The next block."""
        samples = self._player.block(now_ns, latency_ns)
        if self.reference is not None:
            self.reference(samples)
        if self._detector is not None:
            onset = self._detector.find(samples, now_ns, latency_ns)
            if onset is not None:
                self.onsets.append(onset)
        return samples

    def ran_dry(self) -> None:
        """The card had nothing to play for a moment."""
        self._player.ran_dry()

    def stopped(self) -> None:
        """The card stands still: its clock begins anew when it comes back."""
        self._player.clock.stopped()

    def loudspeaker_opened(self, description: str) -> None:
        """The loudspeaker asks for sound (again)."""
        _log.info("playing on %s", description)
        self._works(True)

    def loudspeaker_lost(self, reason: str) -> None:
        """The loudspeaker is gone; it is looked for."""
        _log.warning("%s; looking for it every second", reason)
        self._works(False)

    def _works(self, works: bool) -> None:
        self.working = works
        if not works:
            self.stopped()
        if self.changed is not None:
            self.changed()

    def _new_player(self, frame_samples: int) -> Player:
        return Player(self._link, frame_samples=frame_samples, play_delay_ms=self._play_delay_ms)
