"""The hub's voice: a written question as sound, and on its way into the mix.

A program reads the text from its standard input and writes a WAV file to its standard output:
``espeak-ng`` unless the settings name a better one. The sound goes to the engine as the packets of
a remote speaker would, one every 20 ms.
"""

import asyncio
import contextlib
import itertools
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Never

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import SoundFileError
from parvis_audio.sound_file import mono_48k_of
from parvis_server.errors import ReadingFailed
from parvis_server.listen.voice import Voice

log = logging.getLogger(__name__)

Samples = NDArray[np.float32]

PTIME_MS = 20

DRAIN_S = 0.3
"""After the last packet: what the jitter buffer holds is still to be heard."""

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000

RENDER_TIMEOUT_S = 15.0
"""espeak-ng takes 50 ms for the longest line, a neural voice on a small computer some seconds."""

MAX_SOUND_BYTES = 32_000_000
"""A line of 280 characters is 30 s: five times that at 48 kHz in two channels."""

LEAD_IN_S = 0.2
"""Silence before the first word: the jitter buffer opens on it, and no syllable is lost."""


class ReadingVoice:
    """Makes speech of a line."""

    def __init__(self, command: Sequence[str]) -> None:
        """``command``: program and arguments; ``{language}`` stands for ``en``, ``fr``, …"""
        self._command = tuple(command)

    @property
    def is_installed(self) -> bool:
        """Whether the program is there."""
        return bool(self._command) and shutil.which(self._command[0]) is not None

    async def say(self, text: str, language: str) -> Samples:
        """The line as ``(n,)`` float32 at 48 kHz.

        Raises:
            ReadingFailed: the program is missing, failed, took too long, or made no sound.
        """
        wav = await self._run(text, language)
        try:
            spoken = await asyncio.to_thread(mono_48k_of, wav, self._command[0])
        except SoundFileError as error:
            raise ReadingFailed(str(error)) from error
        return np.concatenate((np.zeros(round(LEAD_IN_S * 48_000), dtype=np.float32), spoken))

    async def _run(self, text: str, language: str) -> bytes:
        if not self._command:
            raise ReadingFailed("the hub has no voice: reading.command is empty")
        # By standard input: a line that begins with a dash is text, not an option.
        program, *arguments = (part.replace("{language}", language) for part in self._command)
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            raise ReadingFailed(f"cannot start {program}: {error.strerror}") from error
        try:
            async with asyncio.timeout(RENDER_TIMEOUT_S):
                wav, _ = await process.communicate(text.encode())
        except TimeoutError:
            raise ReadingFailed(f"{program} took longer than {RENDER_TIMEOUT_S:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode or not 44 < len(wav) <= MAX_SOUND_BYTES:
            raise ReadingFailed(f"{program} made no sound of the text (code {process.returncode})")
        return wav


async def send(
    sound: Samples,
    ssrc: int,
    take: Callable[[bytes, int], None],
    now_ns: Callable[[], int] = time.monotonic_ns,
) -> None:
    """Say ``sound`` at its pace under an SSRC of its own; ``take`` gets each packet as it leaves.

    Deadlines advance by the packet time. Packets that are due together, after a stall of the loop,
    leave together, as those of any source do.
    """
    voice = Voice(sound, loop=False)
    begun_ns = now_ns()
    for number in itertools.count():
        packet = voice.packet(number, ssrc, PTIME_MS)
        if packet is None:
            return
        due_ns = begun_ns + number * PTIME_MS * NS_PER_MS
        await asyncio.sleep(max(0.0, (due_ns - now_ns()) / NS_PER_S))
        take(packet, now_ns())


@dataclass(frozen=True, slots=True)
class _Question:
    participant: str
    text: str
    language: str


class Reader:
    """Reads one question after the other; whose turn ended meanwhile is passed over."""

    def __init__(
        self,
        voice: ReadingVoice | None,
        take: Callable[[bytes, int], None],
        begins: Callable[[str, int], bool],
        ends: Callable[[str], None],
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Connect it.

        Args:
            voice: makes the speech; None: every question ends unread.
            take: gets the packets.
            begins: told whose question is heard from now on, under which SSRC; False: no longer.
            ends: told whose question was read, or could not be.
            now_ns: monotonic time.
        """
        self._voice = voice
        self._take, self._begins, self._ends = take, begins, ends
        self._now_ns = now_ns
        self._waiting: dict[str, _Question] = {}
        self._reading: tuple[str, asyncio.Task[None]] | None = None
        self._wake = asyncio.Event()

    def read(self, participant: str, text: str, language: str) -> None:
        """Read this person's question when those before it are read."""
        self._waiting[participant] = _Question(participant, text, language)
        self._wake.set()

    def stop(self, participant: str) -> bool:
        """Read it no further; whether it was being read."""
        self._waiting.pop(participant, None)
        if self._reading is None or self._reading[0] != participant:
            return False
        self._reading[1].cancel()
        return True

    async def run(self) -> Never:
        """Read until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            async with asyncio.TaskGroup() as group:
                while self._waiting:
                    question = self._waiting.pop(next(iter(self._waiting)))
                    task = group.create_task(self._read(question))
                    self._reading = (question.participant, task)
                    await asyncio.wait({task})
                    self._reading = None

    async def _read(self, question: _Question) -> None:
        try:
            if self._voice is None:
                raise ReadingFailed("the hub has no voice")
            sound = await self._voice.say(question.text, question.language)
            ssrc = secrets.randbits(32)
            if self._begins(question.participant, ssrc):
                await send(sound, ssrc, self._take, self._now_ns)
                await asyncio.sleep(DRAIN_S)
        except ReadingFailed as error:
            log.warning("a text could not be read out: %s", error)
        except Exception:  # a question that nobody hears must not end the evening
            log.exception("a question could not be read out because of a mistake of the hub")
        self._ends(question.participant)
