"""The demo as a whole: start everything, let the scenario press, show it, end everything."""

import asyncio
import re
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Never

from rich.console import Console

from parvis_server.demo import scenario, unit_keys
from parvis_server.demo.children import Child, drain, last_line, own_command, start, stop_all
from parvis_server.demo.host import HostConnection
from parvis_server.demo.keys import keys
from parvis_server.demo.phone import PhoneConnection
from parvis_server.demo.scenario import SECOND_NS, Act, Press, Scenario
from parvis_server.demo.screen import Links, LiveScreen, PlainScreen, Screen
from parvis_server.demo.script import (
    PARTS,
    PHONE_NAME,
    PHONE_QUESTIONS,
    VISITOR_MELODY,
    VISITOR_NAME,
    Part,
)
from parvis_server.demo.voices import VoiceSources, write_melody, write_voice
from parvis_server.errors import UserError
from parvis_wire.room_view import RoomView

TITLE = "Parvis: an evening in the hall"

HUB_START_S = 60.0
"""A hub answers after 2 s; a Raspberry Pi that starts it for the first time takes perhaps 20."""

LOOK_EVERY_S = 0.2
"""How often the scenario is asked: a breath lasts 2.4 s, so a press is never late for it."""

LISTEN_LINK = re.compile(r"https?://\S+/r/[\w-]+")
HOST_LINK = re.compile(r"https?://\S+/host#k=\S+")

MICROPHONE_PROBE = (
    "import sounddevice; sounddevice.check_input_settings(channels=1, samplerate=48000)"
)


class _EndedByUser(Exception):
    """Somebody pressed q or Ctrl-C: not an error."""


class Evening:
    """One run of the demo in a folder of its own."""

    def __init__(self, port: int, question_every_s: float, folder: Path, screen: Screen) -> None:
        """Nothing starts before ``run``."""
        self._port = port
        self._folder = folder
        self._screen = screen
        self._scenario = Scenario.of(
            (part.name for part in PARTS), PHONE_NAME, round(question_every_s * SECOND_NS)
        )
        self._children: dict[str, Child] = {}
        self._host: HostConnection | None = None
        self._phone: PhoneConnection | None = None
        self._hub_url = ""
        self._keys: asyncio.Queue[str] = asyncio.Queue(maxsize=64)
        self._visitor_presses = 0
        self._left = asyncio.Event()

    async def run(self) -> None:
        """Play until q, Ctrl-C or a signal; then nothing of it is left.

        Raises:
            UserError: the hub could not start, or something that the evening needs has ended.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._left.set)
        mistake: UserError | None = None
        try:
            async with keys(self._type), asyncio.TaskGroup() as group:
                group.create_task(self._until_left())
                group.create_task(self._obey_keys(group))
                await self._play(group)
        except* _EndedByUser:
            self._screen.note("The evening is over.")
        except* UserError as errors:
            mistake = _first(errors)
        finally:
            self._screen.close()
            await stop_all(tuple(self._children.values()))
        # Not inside except*: before Python 3.11.4 (Debian 12 has 3.11.2) that wraps it in a group.
        if mistake is not None:
            raise mistake

    async def _play(self, group: asyncio.TaskGroup) -> None:
        voices = {part: group.create_task(self._voice(part)) for part in PARTS}
        hub = await self._start("the hub", self._hub_command(), "hub")
        links = await self._links(hub)
        group.create_task(drain(hub))
        group.create_task(_watch(hub))
        self._screen.open(links)
        self._follow_room(group, links)
        for part, voice in voices.items():
            await self._seat(group, part.name, f"file:{await voice}")
        group.create_task(self._conduct())

    def _follow_room(self, group: asyncio.TaskGroup, links: Links) -> None:
        secret = links.host.partition("#k=")[2]
        self._hub_url = f"http://127.0.0.1:{_port_of(links.listen)}"
        address = self._hub_url.replace("http", "ws", 1)
        self._host = HostConnection(address, secret, self._see, self._hear)
        self._phone = PhoneConnection(address, PHONE_NAME, PHONE_QUESTIONS)
        group.create_task(self._host.run())
        group.create_task(self._phone.run())

    async def _links(self, hub: Child) -> Links:
        """Wait until the hub has printed both links; its own words if it ends instead."""
        said = ""
        try:
            async with asyncio.timeout(HUB_START_S):
                stdout = hub.process.stdout
                while stdout is not None and (line := await stdout.readline()):
                    said += line.decode(errors="replace")
                    listen, host = LISTEN_LINK.search(said), HOST_LINK.search(said)
                    if listen and host:
                        return Links(listen[0], host[0])
                await hub.process.wait()
        except TimeoutError:
            raise UserError(f"the hub did not answer within {HUB_START_S:.0f} s") from None
        words = last_line(hub.log).removeprefix("parvis: ")
        raise UserError(words or f"the hub ended with exit code {hub.process.returncode}")

    async def _seat(self, group: asyncio.TaskGroup, name: str, microphone: str) -> None:
        """Start a simulated unit, paired with the demo's own hub."""
        own = (self._hub_url, self._folder / "hub", name, self._state(name))
        await asyncio.to_thread(unit_keys.pair, *own)
        unit = await self._start(name, self._unit_command(name, microphone), f"unit-{name}")
        group.create_task(drain(unit))
        group.create_task(_watch(unit))

    async def _start(self, title: str, command: tuple[str, ...], log: str) -> Child:
        child = await start(title, command, self._folder / f"{log}.log")
        self._children[title] = child
        return child

    def _hub_command(self) -> tuple[str, ...]:
        state = str(self._folder / "hub")
        return (
            *(own_command("parvis"), "hub", "--port", str(self._port)),
            *("--data", state, "--title", TITLE),
        )

    def _unit_command(self, name: str, microphone: str) -> tuple[str, ...]:
        loop = ("--loop",) if microphone.startswith("file:") else ()
        return (
            *(own_command("parvis-unit"), "run", "--hub", self._hub_url),
            *("--name", name, "--button", "keyboard", "--microphone", microphone, *loop),
            *("--state", str(self._state(name))),
        )

    def _state(self, name: str) -> Path:
        return self._folder / f"state-{name}"

    async def _voice(self, part: Part) -> Path:
        path = self._folder / f"{part.name}.wav"
        await asyncio.to_thread(write_voice, part, VoiceSources.of_this_machine(), path)
        return path

    # --- what the room and the person at the terminal say ---

    def _see(self, view: RoomView) -> None:
        self._scenario.see(view, time.monotonic_ns())
        self._screen.show(view)

    def _hear(self, levels_dbfs: Mapping[str, float | None]) -> None:
        self._scenario.hear(levels_dbfs, time.monotonic_ns())
        self._press_for_visitor()

    async def _until_left(self) -> Never:
        await self._left.wait()
        raise _EndedByUser

    def _type(self, key: str) -> None:
        if key in "qQ":
            self._left.set()
        with suppress(asyncio.QueueFull):  # 64 keys ahead of us: the person leans on one
            self._keys.put_nowait(key)

    async def _obey_keys(self, group: asyncio.TaskGroup) -> Never:
        while True:
            match await self._keys.get():
                case "n" if self._host is not None:
                    self._scenario.visitor_acted_as_host(time.monotonic_ns())
                    await self._host.give_next()
                case "h" if self._host is not None:
                    self._visitor_presses += 1
                    if VISITOR_NAME not in self._children:
                        await self._seat_visitor(group)
                    self._press_for_visitor()

    async def _seat_visitor(self, group: asyncio.TaskGroup) -> None:
        """The visitor's table, with this machine's microphone when there is one."""
        melody = self._folder / "visitor.wav"
        if await _has_microphone():
            microphone, heard = "default", "this machine's microphone"
        else:
            await asyncio.to_thread(write_melody, VISITOR_MELODY, melody)
            microphone, heard = f"file:{melody}", "a melody: this machine has no microphone"
        self._screen.note(f"{VISITOR_NAME} joins with {heard}")
        await self._seat(group, VISITOR_NAME, microphone)

    def _press_for_visitor(self) -> None:
        """Hand on presses as soon as the visitor's unit is connected."""
        unit = self._children.get(VISITOR_NAME)
        if unit is None or self._host is None or VISITOR_NAME not in self._host.connected_units:
            return
        while self._visitor_presses:
            self._visitor_presses -= 1
            unit.press()

    async def _conduct(self) -> Never:
        while True:
            for act in self._scenario.due(time.monotonic_ns()):
                await self._do(act)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _do(self, act: Act) -> None:
        assert self._host is not None and self._phone is not None
        match act:
            case Press(table=table):
                self._children[table].press()
            case scenario.Next():
                await self._host.give_next()
            case scenario.Write():
                await self._phone.write_question()
            case scenario.ReadOut(participant=participant):
                await self._host.read_out(participant)
            case scenario.EndTurn(participant=participant):
                await self._host.end_turn(participant)


async def play(port: int, question_every_s: float) -> None:
    """Run the demo on this port, in a temporary folder that is gone afterwards.

    ``question_every_s``: between two questions of the phone far away, and before the first.
    """
    console = Console()
    screen: Screen = LiveScreen(console) if console.is_terminal else PlainScreen(sys.stdout)
    with tempfile.TemporaryDirectory(prefix="parvis-demo-") as folder:
        await Evening(port, question_every_s, Path(folder), screen).run()


async def _watch(child: Child) -> Never:
    raise await child.ended()


async def _has_microphone() -> bool:
    """Whether PortAudio finds a microphone that gives 48 kHz; asked in a process of its own,
    since ALSA prints its surprise to our terminal."""
    probe = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MICROPHONE_PROBE),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await probe.wait() == 0


def _port_of(link: str) -> int:
    """The port in a link; http's own when it names none."""
    found = re.match(r"https?://(?:\[[^]]+\]|[^/:]+):(\d+)/", link)
    return int(found[1]) if found else 80


def _first(errors: BaseExceptionGroup[UserError]) -> UserError:
    """The first single error in a group."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, UserError)
    return error
