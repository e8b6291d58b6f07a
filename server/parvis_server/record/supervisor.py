"""Keeps the recorder running: hands over without waiting, watches it, starts it again.

What it cannot take at once waits here, 10 s of 20 tracks at most; so a recorder that dies costs
what it had in hand, and what happens until the next one is there is written by that one. A new one
is told first which recordings run and whose voices are in them, as the old one knew it, and then
everything that waited, in order.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Never

from parvis_server.mishaps import in_one_line
from parvis_server.record.child import RecordChild
from parvis_server.record.messages import Kind, Report

log = logging.getLogger(__name__)

MAX_WAITING_BYTES: Final = 4 << 20

STALL_S: Final = 10.0
"""It reports every second; a busy card may hold it up for a few."""

START_TIMEOUT_S: Final = 60.0
"""Imports, and mending what was torn."""

SHORT_LIFE_S: Final = 5.0
BACK_OFF_S: Final = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Wait after so many short lives in a row; the last one stays."""

_STATE: Final = (Kind.BEGIN, Kind.VOICES, Kind.RETENTION)


class RecorderSupervisor:
    """The hub's side of the recorder process."""

    def __init__(
        self,
        spawn: Callable[[], Awaitable[RecordChild]],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``spawn`` starts a process. None runs before ``wake``."""
        self.report: Report | None = None
        """What the recorder that runs said last."""
        self.restarts = 0
        self.dropped = 0
        """Datagrams that found no room: sound that is missing from recordings."""
        self.live = asyncio.Event()
        """Set while a recorder takes what is said."""
        self.idle = asyncio.Event()
        """Set while nothing waits: all that was said is the recorder's."""
        self.idle.set()
        self._spawn = spawn
        self._now_s = now_s
        self._child: RecordChild | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._state: dict[tuple[int, int], bytes] = {}
        """What a new recorder is told first, by recording and kind."""
        self._heard_s = 0.0
        self._wanted = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id of the recorder that runs."""
        return None if self._child is None else self._child.pid

    def wake(self) -> None:
        """Run a recorder from now on."""
        self._wanted.set()

    def send(self, datagram: bytes) -> None:
        """Say this; it waits when it cannot be taken now, and is dropped when too much waits."""
        self._wanted.set()
        if self._child is None or self._waiting or not self._handed(self._child, datagram):
            if self._waiting_bytes + len(datagram) > MAX_WAITING_BYTES and datagram[0] in (
                Kind.SOUND,
                Kind.TAP,
            ):
                self.dropped += 1
                return
            self._waiting.append(datagram)
            self._waiting_bytes += len(datagram)
            self.idle.clear()

    async def finish(self, within_s: float) -> bool:
        """Wait until nothing waits any more, so long at most; whether it came to that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.idle.wait()
        return self.idle.is_set()

    async def run(self) -> Never:
        """Keep a recorder running until cancelled; then no process is left behind."""
        await self._wanted.wait()
        short_lives = 0
        while True:
            began_s = self._now_s()
            try:
                why = await self._live()
            except Exception as error:  # what is wrong with a recorder ends no room
                log.error("a mistake beside the recorder", exc_info=error)
                why = f"was lost for a mistake of the hub ({in_one_line(error)})"
            self.restarts += 1
            is_short = self._now_s() - began_s < SHORT_LIFE_S
            short_lives = short_lives + 1 if is_short else 0
            pause_s = BACK_OFF_S[min(short_lives, len(BACK_OFF_S) - 1)]
            log.error("the recorder %s; the next one starts in %.1f s", why, pause_s)
            await asyncio.sleep(pause_s)

    async def _live(self) -> str:
        """One recorder from its start to its end; why it ended."""
        try:
            child = await self._spawn()
        except OSError as error:
            return f"does not start ({error})"
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(child.pass_on_log())
                try:
                    return await self._serve(child)
                finally:
                    self.live.clear()
                    self._child, self.report = None, None
                    await child.end()
        finally:
            await child.end(0.0)

    async def _serve(self, child: RecordChild) -> str:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await child.ready.wait()
        except TimeoutError:
            return f"was not ready after {START_TIMEOUT_S:.0f} s"
        child.on_report = self._heard
        child.on_room = self._drain
        self._heard_s = self._now_s()
        self._child = child
        known = [self._state[key] for key in sorted(self._state)]
        self._waiting.extendleft(reversed(known))
        self._waiting_bytes += sum(map(len, known))
        self._drain()
        if not child.ended.is_set():
            self.live.set()
            log.info("recorder %d runs", child.pid)
        while not child.ended.is_set():
            if self._now_s() - self._heard_s > STALL_S:
                return f"said nothing for {STALL_S:.0f} s"
            try:
                async with asyncio.timeout(1.0):
                    await child.ended.wait()
            except TimeoutError:
                continue
        return "ended"

    def _heard(self, report: Report) -> None:
        self.report, self._heard_s = report, self._now_s()

    def _drain(self) -> None:
        """Hand over what waits, as far as there is room."""
        while self._waiting and self._child is not None:
            if not self._handed(self._child, self._waiting[0]):
                return
            self._waiting_bytes -= len(self._waiting.popleft())
        if not self._waiting:
            self.idle.set()

    def _handed(self, child: RecordChild, datagram: bytes) -> bool:
        if not child.send(datagram):
            return False
        self._remember(datagram)
        return True

    def _remember(self, datagram: bytes) -> None:
        kind = datagram[0]
        if kind in _STATE or kind == Kind.END:
            number = _number_of(datagram)
            if kind == Kind.END:
                for state in _STATE:
                    self._state.pop((number, state), None)
            else:
                self._state[number, kind] = datagram


def _number_of(datagram: bytes) -> int:
    """Of a datagram in JSON that the hub made."""
    number = json.loads(datagram[1:])["number"]
    assert isinstance(number, int)
    return number
