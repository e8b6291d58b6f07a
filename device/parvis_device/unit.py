"""The unit at work: microphone, button and hub come together here, and the light follows.

Runs on the event loop alone. The red light goes on before the first sound may leave and off before
the hub is told that the turn is over.
"""

import asyncio
import logging
import time

from parvis_device.capture import Block, CaptureClock
from parvis_device.light import REFUSED_FOR_NS, Condition, LinkState, Signal
from parvis_device.lighting import Lighting
from parvis_device.link import HubLink
from parvis_device.seat import Arm, Disarm, Effect, FlashRefused, Seat, Send
from parvis_device.talk import TalkState
from parvis_device.uplink import LevelReport, Uplink
from parvis_wire.messages import HubMessage, Level, Welcome

SOUNDING_NS = 250_000_000
"""Without a packet on the network for this long no sound leaves, whatever the gate says, and red
goes off."""

_log = logging.getLogger(__name__)


class Unit:
    """One table: everything that can happen to it is a method."""

    def __init__(
        self,
        *,
        seat: Seat,
        uplink: Uplink,
        clock: CaptureClock,
        lighting: Lighting,
        stop: asyncio.Event,
    ) -> None:
        """``attach`` must follow: link and unit know each other."""
        self._seat = seat
        self._uplink = uplink
        self._clock = clock
        self._lighting = lighting
        self._stop = stop
        self._link: HubLink | None = None
        self._link_state = LinkState.CONNECTING
        self._levels = LevelReport()
        self._microphone = False
        self._microphone_lost = False
        """Told apart from a microphone that is only starting: the light blames no innocent one."""
        self._sound_ns = 0
        """When a packet last left, or the gate was opened for the first."""
        self._offered_ns = 0
        """When the link was last given a packet to send."""
        self._refusing_until_ns = 0
        self.blocks = 0
        """Audio blocks since the start: food for the watchdog."""

    def attach(self, link: HubLink) -> None:
        """Send through ``link`` from now on."""
        self._link = link
        self.refresh()

    @property
    def link(self) -> HubLink:
        """The connection to the hub."""
        assert self._link is not None, "attach() comes before anything happens"
        return self._link

    # --- the microphone ---

    def block(self, block: Block) -> None:
        """One more block was captured."""
        self.blocks += 1
        packet = self._uplink.feed(block)
        if packet is not None:
            self._offered_ns = time.monotonic_ns()
            self.link.send_packet(packet)
        elif not self._uplink.armed:
            level_dbfs = self._levels.add(block.samples)
            if level_dbfs is not None:
                self.link.send_message(Level(level_dbfs=round(level_dbfs, 1)))

    def opened(self, description: str, latency_ns: int) -> None:
        """The microphone works (again)."""
        _log.info("listening to %s", description)
        self._microphone = True
        self._microphone_lost = False
        self._clock.reset(latency_ns)
        if self._seat.state is TalkState.LIVE:
            self._arm()
        self.refresh()

    def lost(self, reason: str) -> None:
        """The microphone is gone; it is looked for."""
        _log.warning("%s; looking for it every second", reason)
        self._microphone = False
        self._microphone_lost = True
        self._disarm()
        self.refresh()

    # --- the button ---

    def pressed(self) -> None:
        """The person pressed."""
        self._apply(self._seat.pressed())

    def quit(self) -> None:
        """The person wants the program to end."""
        self._stop.set()

    # --- the hub ---

    def hub_said(self, message: HubMessage) -> None:
        """One message of the hub."""
        if isinstance(message, Welcome) and message.ssrc is not None:
            self._uplink.use_ssrc(message.ssrc)
        self._apply(self._seat.message(message, time.monotonic_ns()))

    def link_changed(self, state: LinkState) -> None:
        """The connection is there, or not."""
        was, self._link_state = self._link_state, state
        if state is not LinkState.JOINED and was is LinkState.JOINED:
            self._apply(self._seat.link_lost(time.monotonic_ns()))
        self.refresh()

    def packet_leaves(self) -> None:
        """Red is lit before sound that stood still leaves again."""
        self._sound_ns = time.monotonic_ns()
        if self._uplink.armed and self._lighting.signal is not Signal.LIVE:
            self.refresh()

    # --- what follows ---

    def close(self) -> None:
        """No more sound, and no turn without a microphone: the unit is being stopped."""
        self._link_state = LinkState.LOST
        if self._seat.state is TalkState.LIVE:
            self.pressed()
        self._disarm()
        self.refresh()

    def keep_house(self) -> None:
        """What follows from time alone; to be called every tenth of a second."""
        self._apply(self._seat.overdue(time.monotonic_ns()))

    def refresh(self) -> None:
        """Let the light show how things are now."""
        now_ns = time.monotonic_ns()
        silent = now_ns - self._sound_ns >= SOUNDING_NS
        # Packets are made and none leaves: the network stands still, whatever the socket says.
        stuck = self._uplink.armed and silent and now_ns - self._offered_ns < SOUNDING_NS
        joined = self._link_state is LinkState.JOINED
        self._lighting.update(
            Condition(
                sounding=self._uplink.armed and joined and not silent,
                link=LinkState.LOST if joined and stuck else self._link_state,
                microphone=not self._microphone_lost,
                talk=self._seat.state,
                refusing=now_ns < self._refusing_until_ns,
            )
        )

    def _apply(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Send(command=command):
                    self.link.send_message(command)
                case Arm():
                    self._arm()
                case Disarm():
                    self._disarm()
                case FlashRefused(reason=reason):
                    _log.info("the hub said no: %s", reason)
                    self._refusing_until_ns = time.monotonic_ns() + REFUSED_FOR_NS
        self.refresh()

    def _arm(self) -> None:
        if not self._microphone or self._uplink.armed:
            return
        _log.info("the microphone is open: sound leaves this unit")
        self._sound_ns = time.monotonic_ns()
        self._uplink.arm(self._sound_ns)
        self.refresh()

    def _disarm(self) -> None:
        if not self._uplink.armed:
            return
        self.link.forget_packets()
        last_packet = self._uplink.disarm()
        self.refresh()
        _log.info("the microphone is closed")
        if last_packet is not None:
            self.link.send_packet(last_packet)
