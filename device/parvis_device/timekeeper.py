"""What a unit knows of the hub's clock and the room's, and tells of its own. Pure."""

from typing import Final

from parvis_audio.clock_sync import STEADY_EVERY_NS, ClockSync
from parvis_device.player import RoomTime
from parvis_wire.messages import HubMessage, Time
from parvis_wire.stage import CaptureTime, TimeReply, TimeRequest

NS_PER_MS: Final = 1_000_000
CAPTURE_TIME_EVERY_NS: Final = STEADY_EVERY_NS


class Timekeeper:
    """One unit's clocks."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._sync = ClockSync()
        self._time: Time | None = None
        self._told_ns: int | None = None

    @property
    def room_time(self) -> RoomTime | None:
        """The room clock on this machine; None before the hub told both."""
        reading, time = self._sync.reading, self._time
        if reading is None or time is None:
            return None
        return RoomTime(reading, time.room_clock, time.hub_ns)

    def connected(self) -> None:
        """A connection began: ask in a burst."""
        self._sync.connected()

    def wait_ns(self, now_ns: int) -> int:
        """How long until ``request`` is due; 0: now."""
        return self._sync.wait_ns(now_ns)

    def request(self, now_ns: int) -> TimeRequest:
        """The question that leaves now."""
        self._sync.asked(now_ns)
        return TimeRequest(client_ns=now_ns)

    def hub_said(self, message: HubMessage, now_ns: int) -> bool:
        """Take what concerns the clocks; True when the time is known better than before."""
        match message:
            case TimeReply():
                self._sync.answered(message.client_ns, message.received_ns, message.sent_ns, now_ns)
            case Time():
                self._time = message
            case _:
                return False
        return True

    def capture_time(
        self, timestamp: int, captured_ns: int | None, now_ns: int
    ) -> CaptureTime | None:
        """For a packet that leaves: when its first sample was captured; once a second."""
        reading = self._sync.reading
        if captured_ns is None or reading is None:
            return None
        if self._told_ns is not None and now_ns - self._told_ns < CAPTURE_TIME_EVERY_NS:
            return None
        hub_ns = reading.hub_ns(captured_ns)
        if hub_ns < 0:
            return None  # before the hub's machine was started
        self._told_ns = now_ns
        rtt_ms = round(reading.rtt_ns / NS_PER_MS, 3)
        return CaptureTime(timestamp=timestamp, hub_ns=hub_ns, rtt_ms=rtt_ms)
