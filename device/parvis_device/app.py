"""The composition root of ``parvis-unit run``: makes the parts, runs them, stops them.

Every part runs in one task group: what ends with an error ends the unit, and systemd starts it
again. SIGINT and SIGTERM end it in order: the last packet says that it is the last.
"""

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from parvis_audio.errors import OpusLibraryMissing
from parvis_audio.high_pass import HighPass
from parvis_audio.opus import unit_encoder
from parvis_device import logs
from parvis_device.address import HubAddress
from parvis_device.buttons import Button, MuteSwitch
from parvis_device.buzzers import Buzzer
from parvis_device.capture import CaptureClock, Microphone, MicrophoneEvents
from parvis_device.config import AUTO, FILE_PREFIX, ButtonKind, BuzzerKind, LightKind, UnitConfig
from parvis_device.errors import UnitError, UsageError
from parvis_device.hub_addresses import GivenAddress, HubAddresses
from parvis_device.lighting import Lighting
from parvis_device.lights import Light
from parvis_device.link import HubLink
from parvis_device.loudspeakers import Loudspeaker
from parvis_device.notify import Notifier, Progress
from parvis_device.output import Output
from parvis_device.packetizer import Packetizer
from parvis_device.papers import Papers, take_papers
from parvis_device.seat import Seat
from parvis_device.sound_cards import SoundCards, sounddevice
from parvis_device.unit import Unit
from parvis_device.update.client import Vitals
from parvis_device.update.joining import join_updates, look_after
from parvis_device.uplink import Uplink

HOUSEKEEPING_S = 0.1
"""How soon red goes off when sound stops by itself, refused flashes end, and a command that the hub
did not answer is found."""
FLUSH_S = 0.3
"""What a stopping unit waits for its last packet to leave."""
STOP_S = 0.4
"""That, and the hub's goodbye. It takes a round trip; a network that stands still has none."""
SWITCH_INTERVAL_S = 0.001
"""How long the event loop may keep the interpreter from the loudspeaker's thread, which has 10 ms
for its block (Python's own is 5 ms)."""
STATUS_ROUNDS = 20
"""Every 2 s systemd hears how the unit is."""
REPORT_ROUNDS = 5
"""Twice a second the hub hears how the output plays."""

_log = logging.getLogger(__name__)


class _LibraryMissing(UnitError):
    """A library of the system is not installed."""


async def run_unit(config: UnitConfig) -> None:
    """Be a unit until told to stop.

    Raises:
        UnitError: what a person can mend, in one line.
    """
    from parvis_device import native_noise

    named = None if config.hub == AUTO else HubAddress.parse(config.hub)
    fallback = None if config.hub_fallback is None else HubAddress.parse(config.hub_fallback)
    cards = SoundCards()
    microphone = make_microphone(config, cards)
    loudspeaker = make_loudspeaker(config, cards)
    with native_noise.captured():
        button = make_button(config)  # first: without pins, another button brings another light
        with (
            contextlib.closing(make_light(config)) as light,
            contextlib.closing(make_buzzer(config)) as buzzer,
            contextlib.ExitStack() as until_the_end,
        ):
            logs.start(config.log_format)
            papers = take_papers(config, until_the_end)
            addresses = GivenAddress(named) if named else find_hub(papers, fallback)
            parts = (microphone, button, light, loudspeaker, buzzer)
            assembly = Assembly(config, addresses, *parts, papers=papers, mute=make_mute(config))
            # A full collection of what the libraries made takes 50 ms on a PC and more on a Pi, and
            # no packet leaves meanwhile: take all that out of the collector's sight, once.
            gc.collect()
            gc.freeze()
            sys.setswitchinterval(SWITCH_INTERVAL_S)
            await assembly.run()


class Assembly:
    """All parts of one running unit."""

    def __init__(
        self,
        config: UnitConfig,
        addresses: HubAddresses,
        microphone: Microphone | None,
        button: Button,
        light: Light,
        loudspeaker: Loudspeaker | None = None,
        buzzer: Buzzer | None = None,
        papers: Papers | None = None,
        mute: MuteSwitch | None = None,
    ) -> None:
        """Put the parts together; nothing runs yet.

        Raises:
            UnitError: a library is missing.
        """
        self._stop = asyncio.Event()
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self._button = button
        self._mute = mute
        self._lighting = Lighting(light, config.patterns)
        self._notifier = Notifier()
        self._output = None if loudspeaker is None else _output(config, loudspeaker)
        clock = CaptureClock()
        seat = Seat(always_open=config.always_open, make_id=lambda: secrets.token_hex(8))
        self.unit = Unit(
            seat=seat,
            uplink=_uplink(clock),
            clock=clock,
            lighting=self._lighting,
            stop=self._stop,
            microphone=microphone,
            output=self._output,
            find_onsets=config.onsets,
            buzzer=buzzer,
        )
        self._heard: MicrophoneEvents = self.unit
        if config.full_duplex:
            self._heard = self._cancel_echo(self.unit)
        self._link = HubLink(
            addresses,
            name=config.name,
            traits=config.traits,
            events=self.unit,
            connections=config.connection_count,
            papers=papers,
        )
        self.unit.attach(self._link)
        self._updates = join_updates(
            self._link, lambda: Vitals(self.unit.blocks, self._link.joined, seat.in_turn), papers
        )

    async def run(self) -> None:
        """Run until stopped by a signal, a key or the end of the sound file."""
        with _stopped_by_signals(self._stop):
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(part) for part in self._parts()]
                await self._stop.wait()
                await self._say_goodbye()
                for task in running:
                    task.cancel()

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        parts = [
            self._button.run(self.unit),
            self._lighting.run(),
            self._link.run(),
            self._keep_house(),
            self._keep_time(),
            self._notifier.follow(self._progress),
        ]
        if self._mute is not None:
            parts.append(self._mute.run(self.unit.mute_switched))
        if self._updates is not None:
            parts.append(look_after(self._updates, self._lighting, self.unit.refresh))
        if self._microphone is not None:
            parts.append(self._listen(self._microphone))
        if self._loudspeaker is not None and self._output is not None:
            parts.append(self._loudspeaker.run(self._output))
        return parts

    async def _listen(self, microphone: Microphone) -> None:
        await microphone.run(self._heard)
        _log.info("the sound file is over")
        self._stop.set()

    def _cancel_echo(self, events: MicrophoneEvents) -> MicrophoneEvents:
        """Full duplex: the only unit that loads the canceller's library."""
        from parvis_device.echo_canceller import EchoCanceller

        canceller = EchoCanceller(events)
        assert self._output is not None, "full duplex is for a unit with a loudspeaker"
        self._output.reference = canceller.played
        return canceller

    async def _keep_time(self) -> None:
        while True:
            pause_s = self.unit.ask_time()
            await asyncio.sleep(pause_s)

    async def _say_goodbye(self) -> None:
        self._notifier.stopping()
        self.unit.close()
        self._link.close_by(asyncio.get_running_loop().time() + STOP_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S):
                await self._link.flush()

    async def _keep_house(self) -> None:
        """The light follows time, too; systemd hears the state."""
        while True:
            for number in range(STATUS_ROUNDS):
                self.unit.keep_house()
                if number % REPORT_ROUNDS == 0:
                    self.unit.report_output()
                await asyncio.sleep(HOUSEKEEPING_S)
            shown = self._lighting.signal
            self._notifier.status(
                f"{shown.value if shown else 'starting'}; {self.unit.blocks} blocks heard, "
                f"{self._link.dropped_packets} packets dropped"
            )

    def _progress(self) -> Progress:
        """What the watchdog eats."""
        card = self._microphone or self._loudspeaker
        misses = 0 if card is None else card.misses
        return Progress(self.unit.blocks + misses, self._link.rounds)


def find_hub(papers: Papers | None, fallback: HubAddress | None) -> HubAddresses:
    """The hub that announces itself."""
    from parvis_device.discovery import Announcements, FoundAddress

    return FoundAddress(Announcements(), None if papers is None else papers.identity, fallback)


def _uplink(clock: CaptureClock) -> Uplink:
    try:
        return Uplink(
            clock=clock,
            high_pass=HighPass(),
            make_encoder=unit_encoder,
            packetizer=Packetizer(
                first_sequence=secrets.randbits(16), timestamp_origin=secrets.randbits(32)
            ),
        )
    except OpusLibraryMissing as error:
        raise _LibraryMissing(str(error)) from error


def _output(config: UnitConfig, loudspeaker: Loudspeaker) -> Output:
    try:
        return Output(
            loudspeaker,
            config.link,
            play_delay_ms=config.play_delay_ms,
            half_duplex=config.half_duplex,
            find_onsets=config.onsets,
        )
    except OpusLibraryMissing as error:
        raise _LibraryMissing(str(error)) from error


def make_loudspeaker(config: UnitConfig, cards: SoundCards) -> Loudspeaker | None:
    """The loudspeaker that the configuration names; None: there is none."""
    if not config.plays:
        return None
    if config.loudspeaker.startswith(FILE_PREFIX):
        from parvis_device.loudspeakers.file import FileLoudspeaker

        return FileLoudspeaker(Path(config.loudspeaker.removeprefix(FILE_PREFIX)).expanduser())
    if not config.loudspeaker:
        raise UsageError("--loudspeaker '': say a device's name or index, default, file:PATH, none")
    from parvis_device.loudspeakers.portaudio import PortAudioLoudspeaker

    sounddevice()
    return PortAudioLoudspeaker(cards, config.loudspeaker, wait_at_start=config.wait_for_microphone)


def make_microphone(config: UnitConfig, cards: SoundCards) -> Microphone | None:
    """The microphone that the configuration names; None: the unit only plays."""
    if config.only_plays:
        if config.loop:
            raise UsageError("--loop is for a sound file: say --microphone file:PATH")
        return None
    if config.microphone.startswith(FILE_PREFIX):
        from parvis_device.microphones.file import FileMicrophone

        path = Path(config.microphone.removeprefix(FILE_PREFIX)).expanduser()
        return FileMicrophone(path, loop=config.loop)
    if config.loop:
        raise UsageError("--loop is for a sound file: say --microphone file:PATH")
    if not config.microphone:
        raise UsageError("--microphone '': say file:PATH, a device's name or index, or default")
    from parvis_device.microphones.portaudio import PortAudioMicrophone

    sounddevice()
    return PortAudioMicrophone(cards, config.microphone, wait_at_start=config.wait_for_microphone)


def make_button(config: UnitConfig) -> Button:
    """The button that the configuration names."""
    if config.key_device is not None and config.button_kind is not ButtonKind.KEYBOARD:
        raise UsageError("--key-device goes with --button keyboard")
    if config.key is not None and config.key_device is None:
        raise UsageError("--key says which key of a --key-device is meant: add that")
    if config.button_kind is ButtonKind.GPIO:
        from parvis_device.buttons.gpio import GpioButton

        return GpioButton()
    if config.button_kind is ButtonKind.NONE:
        from parvis_device.buttons.none import NoButton

        return NoButton()
    from parvis_device.buttons.keyboard import KeyboardButton, KeyDevice
    from parvis_device.buttons.keys import code_of

    if config.key_device is None:
        return KeyboardButton()
    return KeyDevice(config.key_device, None if config.key is None else code_of(config.key))


def make_mute(config: UnitConfig) -> MuteSwitch | None:
    """The MUTE switch beside a button on the pins; where none is wired, the pin is never closed."""
    if config.button_kind is not ButtonKind.GPIO:
        return None
    from parvis_device.buttons.mute import GpioMuteSwitch

    return GpioMuteSwitch()


def make_light(config: UnitConfig) -> Light:
    """The light that the configuration names."""
    if config.light_kind is LightKind.GPIO:
        from parvis_device.lights.gpio import GpioLight

        return GpioLight()
    if config.light_kind is LightKind.RING:
        return make_ring(config)
    if config.light_kind is LightKind.TERMINAL:
        from parvis_device.lights.terminal import TerminalLight

        return TerminalLight()
    from parvis_device.lights.none import NoLight

    return NoLight()


def make_ring(config: UnitConfig) -> Light:
    """The ring of LEDs, on the bus with the clock that its chip wants."""
    from parvis_device.lights.ring import RingLight
    from parvis_device.ring import CLOCK_HZ
    from parvis_device.spi import SpiBus

    bus = SpiBus(CLOCK_HZ[config.ring_chip])
    return RingLight(bus, config.ring_chip, config.ring_pixels, config.ring_brightness_percent)


def make_buzzer(config: UnitConfig) -> Buzzer:
    """The buzzer that the configuration names."""
    if config.buzzer is BuzzerKind.GPIO:
        from parvis_device.buzzers.gpio import GpioBuzzer

        return GpioBuzzer()
    from parvis_device.buzzers.none import NoBuzzer

    return NoBuzzer()


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Any:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
