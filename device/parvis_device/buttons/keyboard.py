"""A keyboard as the button: space or enter in a terminal, lines on standard input, or a key device.

A terminal tells when a key is pressed and not when it is let go, so space is a short press, ``l`` a
long one, and ``h`` holds the button down until the next ``h``. Standard input that is no terminal
gives one short press for each line, so a script can press, but for lines that say ``long``,
``down`` or ``up``. ``KeyDevice`` reads USB and Bluetooth buttons, which appear to Linux as a
keyboard with one key; what it reads nobody else does, so that no press types into a console.
"""

import asyncio
import atexit
import contextlib
import fcntl
import logging
import os
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from parvis_device.button import LONG_PRESS_NS, KeyRepeat
from parvis_device.buttons import ButtonEvents, Contact, tap
from parvis_device.errors import ButtonTrouble

PRESS_KEYS = b" \n\r"
QUIT_KEYS = b"qQ\x04"
"""q, or the end-of-file key."""

LONG_KEYS = b"lL"
HOLD_KEYS = b"hH"

LONG_S = LONG_PRESS_NS / 1e9 + 0.3
"""A long press, and the time in which it is noticed."""

_READ_BYTES = 1024
_RETRY_S = 1.0

_INPUT_EVENT = struct.Struct("@llHHi")
"""struct input_event of linux/input.h: seconds, microseconds, type, code, value."""
_EV_KEY = 1
_RELEASED, _PRESSED, _REPEATED = 0, 1, 2
_GRAB = 0x40044590
"""``EVIOCGRAB`` of linux/input.h."""

_log = logging.getLogger(__name__)


class KeyboardButton:
    """Standard input as a button."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """``stream`` is standard input unless given.

        Raises:
            ButtonTrouble: this process was started without one.
        """
        self._stream = stream or sys.stdin
        if self._stream is None:
            raise ButtonTrouble("--button keyboard: standard input is closed, nobody can press")

    async def run(self, events: ButtonEvents) -> None:
        """Read until cancelled; the end of the input ends presses, not the unit."""
        if self._stream.isatty():
            await self._read_terminal(events)
        else:
            await _read_while(self._stream.fileno(), Typed(events).lines)
            _log.info("standard input is over: no more presses")
            await asyncio.Event().wait()

    async def _read_terminal(self, events: ButtonEvents) -> None:
        terminal = self._stream.fileno()
        before = termios.tcgetattr(terminal)
        restore = _restorer(terminal, before)
        atexit.register(restore)
        try:
            tty.setcbreak(terminal)
            await _read_while(terminal, Typed(events).keys)
            events.quit()
        finally:
            restore()
            atexit.unregister(restore)


def _restorer(terminal: int, before: Any) -> Callable[[], None]:
    def restore() -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)

    return restore


class Typed:
    """What is typed becomes presses, on the event loop."""

    def __init__(self, events: ButtonEvents) -> None:
        """Nothing is down."""
        self._events = events
        self._repeat = KeyRepeat()
        self._down = False
        self._rest = b""

    def keys(self, typed: bytes) -> None:
        """Keys of a terminal."""
        for key in typed:
            if key in QUIT_KEYS:
                self._events.quit()
            elif key in LONG_KEYS:
                self._long()
            elif key in HOLD_KEYS:
                self._hold(not self._down)
            elif key in PRESS_KEYS and self._repeat.character(time.monotonic_ns()):
                self._short()

    def lines(self, typed: bytes) -> None:
        """Lines of a script; one may come in two parts."""
        *lines, self._rest = (self._rest + typed).split(b"\n")
        self._rest = self._rest[:_READ_BYTES]
        for line in lines:
            match line.strip().lower():
                case b"long":
                    self._long()
                case b"down":
                    self._hold(True)
                case b"up":
                    self._hold(False)
                case _:
                    self._short()

    def _short(self) -> None:
        if self._down:
            self._hold(False)
        else:
            tap(self._events)

    def _long(self) -> None:
        if not self._down:
            self._hold(True)
            asyncio.get_running_loop().call_later(LONG_S, self._hold, False)

    def _hold(self, down: bool) -> None:
        if down is self._down:
            return
        self._down = down
        if down:
            self._events.pressed()
        else:
            self._events.released()


async def _read_while(descriptor: int, take: Callable[[bytes], None]) -> None:
    """Give what comes on ``descriptor`` to ``take``, until it ends."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:
        return  # /dev/null or a file: nobody types there
    try:
        while True:
            await readable.wait()
            readable.clear()
            # The loop may have said so twice before we read once; a second read would block it.
            if not select.select([descriptor], [], [], 0)[0]:
                continue
            typed = os.read(descriptor, _READ_BYTES)
            if not typed:
                return
            take(typed)
    finally:
        loop.remove_reader(descriptor)


class KeyDevice:
    """A button that Linux shows as a keyboard."""

    def __init__(self, path: Path, code: int | None = None) -> None:
        """Look whether the device can be opened at all. ``code``: of the key that counts; None: any
        key of it is the button.

        Raises:
            ButtonTrouble: it may not be opened, or is no input device.
        """
        self._path = path
        self._code = code
        with contextlib.suppress(FileNotFoundError):  # it may come later: Bluetooth sleeps
            os.close(_open(path))
        if path.is_dir() or path.is_file():
            raise ButtonTrouble(
                f"--key-device {path} is no input device: give /dev/input/event… "
                "(`ls /dev/input/by-id` names them)"
            )

    async def run(self, events: ButtonEvents) -> None:
        """Read until cancelled; a device that vanishes is waited for."""
        told = False
        while True:
            try:
                descriptor = _open(self._path)
                told = False
                await self._read(descriptor, events)
            except OSError:
                if not told:
                    _log.warning("the button %s is away; looking every second", self._path)
                told = True
            await asyncio.sleep(_RETRY_S)

    async def _read(self, descriptor: int, events: ButtonEvents) -> None:
        decoder, contact = KeyEvents(self._code), Contact(events)

        def take(typed: bytes) -> None:
            for closed in decoder.edges(typed):
                contact.edge(closed, time.monotonic_ns())

        try:
            _grab(descriptor, self._path)
            await _read_while(descriptor, take)
        finally:
            if decoder.down:  # unplugged while it was pressed: nothing will say that it came up
                contact.edge(False, time.monotonic_ns())
            os.close(descriptor)


class KeyEvents:
    """Keys that go down and up, from the bytes of an input device. Pure."""

    def __init__(self, code: int | None = None) -> None:
        """Nothing was read. ``code``: of the only key that counts."""
        self._code = code
        self._held = b""
        self.down = False
        """The key was last seen going down."""

    def edges(self, read: bytes) -> Iterator[bool]:
        """True for each time that the key went down, false for up; an event may come in two
        parts."""
        read = self._held + read
        whole = len(read) // _INPUT_EVENT.size * _INPUT_EVENT.size
        self._held = read[whole:]
        for _, _, kind, code, value in _INPUT_EVENT.iter_unpack(read[:whole]):
            counts = kind == _EV_KEY and self._code in (None, code)
            if counts and value in (_PRESSED, _RELEASED):
                self.down = value == _PRESSED
                yield self.down


def _grab(descriptor: int, path: Path) -> None:
    """Be the only one who hears this button; the kernel lets go when the device is closed."""
    try:
        fcntl.ioctl(descriptor, _GRAB, 1)
    except OSError as error:
        words = "the button %s is heard by other programs, too: a press may type there (%s)"
        _log.warning(words, path, error.strerror)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise ButtonTrouble(
            f"--key-device {path}: permission denied; add this user to the group input"
        ) from error
