"""The unit at work: microphone, button, loudspeaker and hub come together, and the light follows.

Runs on the event loop alone. The red light goes on before the first sound may leave and off before
the hub is told that the turn is over.
"""

import asyncio
import logging
import time

from parvis_audio.level import SILENT_DBFS
from parvis_device.buzzers import Buzzer
from parvis_device.buzzers.none import NoBuzzer
from parvis_device.capture import FRAME_SAMPLES, SAMPLE_RATE_HZ, Block, CaptureClock, Microphone
from parvis_device.light import LIVE_SIGNALS, Condition, LinkState, TimeLeft
from parvis_device.lighting import Lighting
from parvis_device.link import HubLink
from parvis_device.notices import CHIMES, Notices
from parvis_device.onsets import OnsetDetector, print_onset
from parvis_device.output import Output
from parvis_device.seat import Arm, Disarm, Effect, FlashAnswered, FlashRefused, Seat, Send, Stuck
from parvis_device.talk import TalkState
from parvis_device.timekeeper import Timekeeper
from parvis_device.uplink import LevelReport, Uplink
from parvis_wire.messages import Attend, HubMessage, Level, Welcome

SOUNDING_NS = 250_000_000
"""Without a packet on the network for this long no sound leaves, whatever the gate says, and red
goes off."""

ASK_AGAIN_S = 0.1
"""How often it is looked whether to ask the hub for its clock, while there is no connection."""

BRIDGE_NS = 2_000_000_000
"""With a second connection sound goes on while the first is re-made: for no longer than the hub
keeps the microphone of a unit that is away."""

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
        microphone: Microphone | None = None,
        output: Output | None = None,
        find_onsets: bool = False,
        buzzer: Buzzer | None = None,
    ) -> None:
        """``attach`` must follow: link and unit know each other. ``microphone`` is told how long
        its blocks are to be; without one the unit only plays."""
        self._seat = seat
        self._uplink = uplink
        self._clock = clock
        self._lighting = lighting
        self._stop = stop
        self._source = microphone
        self._output = output
        if output is not None:
            output.changed = self.refresh
        self._times = Timekeeper()
        self._detector = OnsetDetector() if find_onsets else None
        self._link: HubLink | None = None
        self._link_state = LinkState.CONNECTING
        self._bridged: tuple[int, LinkState] | None = None
        """Until when the second connection may carry sound alone, and what to show then."""
        self._levels = LevelReport()
        self._microphone = False
        self._muted = False
        self._microphone_lost = False
        """Told apart from a microphone that is only starting: the light blames no innocent one."""
        self._sound_ns = 0
        """When a packet last left, or the gate was opened for the first."""
        self._offered_ns = 0
        """When the link was last given a packet to send."""
        self._notices = Notices()
        self._buzzer: Buzzer = NoBuzzer() if buzzer is None else buzzer
        self._hub_silent = False
        """Nothing comes over a connection that stands."""
        self._blocks = 0

    def attach(self, link: HubLink) -> None:
        """Send through ``link`` from now on."""
        self._link = link
        self.refresh()

    @property
    def link(self) -> HubLink:
        """The connection to the hub."""
        assert self._link is not None, "attach() comes before anything happens"
        return self._link

    @property
    def blocks(self) -> int:
        """Audio blocks since the start, where it only plays those played: the watchdog's food."""
        return self._output.blocks if self._source is None and self._output else self._blocks

    # --- the microphone ---

    def block(self, block: Block) -> None:
        """One more block."""
        self._blocks += 1
        if self._detector is not None:
            onset = self._detector.find(block.samples, block.arrival_ns, self._clock.latency_ns)
            print_onset("microphone", onset)
        packet = self._uplink.feed(block)
        if packet is not None:
            self._offered_ns = time.monotonic_ns()
            self.link.send_packet(packet)
            self._tell_capture_time(block)
        elif not self._uplink.armed:
            level_dbfs = self._levels.add(block.samples * (not self._muted))  # muted: of silence
            if level_dbfs is not None:
                self._tell_level(level_dbfs)

    def opened(self, description: str, latency_ns: int) -> None:
        """The microphone works (again)."""
        _log.info("listening to %s", description)
        self._microphone = True
        self._microphone_lost = False
        self._clock.reset(latency_ns)
        self._arm_again()
        self.refresh()

    def lost(self, reason: str) -> None:
        """The microphone is gone; it is looked for."""
        _log.warning("%s; looking for it every second", reason)
        self._microphone = False
        self._microphone_lost = True
        self._disarm()
        self.refresh()

    def mute_switched(self, muted: bool) -> None:
        """The MUTE switch was turned: no sound leaves while it is on."""
        self._muted = muted
        if self._link_state is LinkState.JOINED:
            self._tell_level(SILENT_DBFS)  # in a turn no other level follows
        if muted:
            self._disarm()
        else:
            self._arm_again()
        self.refresh()

    def _tell_level(self, level_dbfs: float) -> None:
        self.link.send_message(Level(level_dbfs=round(level_dbfs, 1), muted=self._muted))

    def _tell_capture_time(self, block: Block) -> None:
        timestamp, captured_ns = self._uplink.capture_moment(block)
        told = self._times.capture_time(timestamp, captured_ns, self._offered_ns)
        if told is not None:
            self.link.send_message(told)

    # --- the loudspeaker ---

    def report_output(self) -> None:
        """Tell the hub how the output plays; to be called twice a second."""
        if self._output is None or self._link_state is not LinkState.JOINED:
            return
        self.link.send_message(self._output.report())
        while self._output.onsets:
            print_onset("loudspeaker", self._output.onsets.popleft())

    # --- the button ---

    def pressed(self) -> None:
        """The button went down."""
        if not self.link.pressed():
            self._apply(self._seat.pressed(time.monotonic_ns()))

    def released(self) -> None:
        """It came up again."""
        self.link.released()
        self._apply(self._seat.released(time.monotonic_ns()))

    def quit(self) -> None:
        """The person wants the program to end."""
        self._stop.set()

    # --- the hub ---

    def hub_said(self, message: HubMessage) -> None:
        """One message of the hub."""
        now_ns = time.monotonic_ns()
        self._hub_heard(now_ns)
        if self._times.hub_said(message, now_ns):
            if self._output is not None:
                self._output.know_room_time(self._times.room_time)
            return
        if isinstance(message, Welcome):
            self._welcomed(message)
        if isinstance(message, Attend):
            self._notices.attend(message.what, now_ns)
            # Beside an open microphone the hall would hear it.
            if message.what in CHIMES and not self._uplink.armed:
                self._buzzer.chime(CHIMES[message.what])
        self._apply(self._seat.message(message, now_ns))

    def _hub_heard(self, now_ns: int) -> None:
        self._notices.heard(now_ns)
        if self._hub_silent:
            self._hub_silent = False
            self._arm_again()

    def _look_at_silence(self, now_ns: int) -> None:
        """A hub that says nothing may have ended this turn: no sound, but for a second connection
        that may bridge."""
        joined = self._link_state is LinkState.JOINED and self._bridged is None
        bridging_ns = BRIDGE_NS if self._uplink.armed and self.link.second_joined else 0
        if not joined or self._hub_silent or not self._notices.silent(now_ns - bridging_ns):
            return
        self._hub_silent = True
        _log.warning("the hub says nothing any more")
        self._turn_may_be_kept(now_ns)
        self._disarm()

    def _turn_may_be_kept(self, now_ns: int) -> None:
        if self._seat.in_turn:
            self._notices.turn_kept(now_ns)

    def _welcomed(self, welcome: Welcome) -> None:
        self._times.connected()
        if welcome.ssrc is not None:
            self._uplink.use_ssrc(welcome.ssrc)
        packet_ms = min(welcome.ptime_ms, 10)
        frame_samples = packet_ms * SAMPLE_RATE_HZ // 1000
        if self._source is not None and frame_samples in (FRAME_SAMPLES, FRAME_SAMPLES // 2):
            self._uplink.use_frame_samples(frame_samples)
            self._source.use_frame_samples(frame_samples)
            self.link.use_packet_ms(packet_ms)
        if self._output is not None and welcome.bus is not None:
            self._output.use_bus(welcome.bus)

    def ask_time(self) -> float:
        """Ask the hub for its clock when that is due; seconds until the next call."""
        now_ns = time.monotonic_ns()
        if self._link_state is not LinkState.JOINED:
            return ASK_AGAIN_S
        if self._times.wait_ns(now_ns) == 0:
            self.link.send_message(self._times.request(now_ns))
        return self._times.wait_ns(now_ns) / 1e9

    def link_changed(self, state: LinkState) -> None:
        """The connection is there, or not."""
        now_ns = time.monotonic_ns()
        if state is LinkState.JOINED:
            self._bridged, self._link_state = None, state
        elif self._bridged is not None:
            self._bridged = self._bridged[0], state
        elif self._may_bridge():
            _log.info("sound goes on over the second connection")
            self._bridged = now_ns + BRIDGE_NS, state
        else:
            self._link_lost(state, now_ns)
        self.refresh()

    def second_changed(self) -> None:
        """The second connection began or ended to carry packets."""
        self._look_at_bridge(time.monotonic_ns())
        self.refresh()

    def packet_came(self, packet: bytes, arrival_ns: int) -> None:
        """A packet of the hub's bus, over one connection or the other."""
        if self._output is not None:
            self._output.packet_came(packet, arrival_ns)

    def _may_bridge(self) -> bool:
        joined = self._link_state is LinkState.JOINED
        return joined and self._uplink.armed and self.link.second_joined

    def _look_at_bridge(self, now_ns: int) -> None:
        """The second connection carries the sound alone only for a while, and only while it can."""
        if self._bridged is None:
            return
        until_ns, state = self._bridged
        if now_ns >= until_ns or not self.link.second_joined or not self._uplink.armed:
            self._bridged = None
            self._link_lost(state, now_ns)

    def _link_lost(self, state: LinkState, now_ns: int) -> None:
        was, self._link_state = self._link_state, state
        self._hub_silent = False
        if was is LinkState.JOINED:
            self._turn_may_be_kept(now_ns)
            self._apply(self._seat.link_lost(now_ns))

    def packet_leaves(self) -> None:
        """Red is lit before sound that stood still leaves again."""
        self._sound_ns = time.monotonic_ns()
        if self._uplink.armed and self._lighting.signal not in LIVE_SIGNALS:
            self.refresh()

    # --- what follows ---

    def close(self) -> None:
        """No more sound, and no turn without a microphone: the unit is being stopped."""
        self._link_state = LinkState.LOST
        self._bridged = None
        self._apply(self._seat.stop())
        self._disarm()
        self.refresh()

    def keep_house(self) -> None:
        """What follows from time alone; to be called every tenth of a second."""
        now_ns = time.monotonic_ns()
        self._look_at_bridge(now_ns)
        self.link.keep_house(now_ns)
        self._look_at_silence(now_ns)
        self._apply(self._seat.held(now_ns))
        self._apply(self._seat.overdue(now_ns))

    def refresh(self) -> None:
        """Let the light show how things are now."""
        now_ns = time.monotonic_ns()
        silent = now_ns - self._sound_ns >= SOUNDING_NS
        # Packets are made and none leaves: the network stands still, whatever the socket says.
        stuck = self._uplink.armed and silent and now_ns - self._offered_ns < SOUNDING_NS
        joined = self._link_state is LinkState.JOINED
        place = self._seat.place
        lost = joined and (stuck or self._hub_silent)
        if self._seat.state not in (TalkState.LIVE, TalkState.LIVE_LOST):
            self._notices.time = TimeLeft.ENOUGH
        self._lighting.update(
            Condition(
                sounding=self._uplink.armed and joined and not silent,
                link=LinkState.LOST if lost else self._link_state,
                microphone=not self._microphone_lost,
                talk=self._seat.state,
                refusing=self._notices.refusing(now_ns),
                answered=self._notices.answering(now_ns),
                identifying=self._notices.identifying(now_ns),
                keeps_turn=self._seat.in_turn and self._notices.keeps_turn(now_ns),
                time=self._notices.time,
                hosts=place is not None and place.is_hosts,
                waiting=place is not None and place.somebody_waits,
                recording=place is not None and place.is_recorded,
                room_recorded=place is not None and place.room_is_recorded,
                loudspeaker=self._output is None or self._output.working,
                only_plays=self._source is None,
                muted=self._muted,
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
                    self._notices.refused(time.monotonic_ns())
                case FlashAnswered():
                    self._notices.answered(time.monotonic_ns())
                case Stuck():
                    _log.warning("the button is down for a minute: is it stuck?")
        self.refresh()

    def _arm_again(self) -> None:
        """What closed the microphone of this turn is over."""
        if self._seat.state is TalkState.LIVE:
            self._arm()

    def _arm(self) -> None:
        if not self._microphone or self._muted or self._uplink.armed or self._hub_silent:
            return
        _log.info("the microphone is open: sound leaves this unit")
        self._sound_ns = time.monotonic_ns()
        # In half duplex only what is heard when the loudspeaker beside it is silent may leave.
        loud_ns = 0 if self._output is None else self._output.quiet_after_ns
        self._uplink.arm(self._sound_ns + loud_ns)
        if self._output is not None:
            self._output.microphone_opens(True)
        self.refresh()

    def _disarm(self) -> None:
        if not self._uplink.armed:
            return
        self.link.forget_packets()
        last_packet = self._uplink.disarm()
        if self._output is not None:
            self._output.microphone_opens(False)
        self.refresh()
        _log.info("the microphone is closed")
        if last_packet is not None:
            self.link.send_packet(last_packet)
