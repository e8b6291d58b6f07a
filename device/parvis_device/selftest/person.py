"""The person at the terminal: told in their language, asked for a letter."""

import asyncio
import os
import select
from typing import Any, TextIO

from parvis_device.light import Pattern
from parvis_device.selftest.words import YES, Language, Prompt, light_words

_READ_BYTES = 1024


class TerminalPerson:
    """Reads lines of standard input while a question stands, and only then."""

    def __init__(self, language: Language, says: TextIO, hears: TextIO) -> None:
        """``says``: where they read; ``hears``: what they type."""
        self._language = language
        self._says = says
        self._hears = hears

    def told(self, prompt: Prompt, **facts: Any) -> None:
        """A line for them."""
        self._say(prompt.of(self._language, **facts) + "\n")

    def shown(self, pattern: Pattern) -> None:
        """A line for each light."""
        self.told(Prompt.LIGHT, words=light_words(pattern, self._language))

    async def agrees(self, prompt: Prompt, within_s: float) -> bool | None:
        """Their answer; None: none came, or the input is over."""
        self._say(prompt.of(self._language))
        answer = await self._line(within_s)
        if answer is None:
            self._say("\n")
            return None
        return answer.strip().lower().startswith(YES)

    def _say(self, words: str) -> None:
        self._says.write(words)
        self._says.flush()

    async def _line(self, within_s: float) -> str | None:
        descriptor = self._hears.fileno()
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    await readable.wait()
                    readable.clear()
                    # The loop may say so twice for one line: a second reading would block it.
                    if select.select([descriptor], [], [], 0)[0]:
                        return os.read(descriptor, _READ_BYTES).decode(errors="replace") or None
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(descriptor)


def can_answer(hears: TextIO | None) -> bool:
    """Whether somebody may type there: a terminal or a pipe, not a file or /dev/null."""
    if hears is None:
        return False
    watcher = select.epoll()
    try:
        watcher.register(hears.fileno())
    except (OSError, ValueError):
        return False
    finally:
        watcher.close()
    return True
