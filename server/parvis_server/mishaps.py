"""Mistakes that end nothing but what they happened in.

An edge serves thousands, and most of its tasks hang on one group: an answer that nobody foresaw
must cost one answer, not the evening. Only what is tried again anyway belongs here.
"""

import contextlib
import logging
from collections.abc import Iterator

MAX_TOLD = 200
MAX_CHARACTERS = 200


class Mishaps:
    """Tells the log of each once, in one line, until it is another."""

    def __init__(self, log: logging.Logger) -> None:
        """Nothing happened."""
        self.count = 0
        self._log = log
        self._told: dict[str, str] = {}

    @contextlib.contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Go on behind the block, whatever happens in it."""
        try:
            yield
        except Exception as error:
            self.count += 1
            self._tell(what, in_one_line(error))
            self._log.debug("%s: how it came", what, exc_info=True)
        else:
            self._told.pop(what, None)

    def _tell(self, what: str, why: str) -> None:
        if self._told.get(what) == why:
            return
        if len(self._told) >= MAX_TOLD:
            self._told.clear()
        self._told[what] = why
        self._log.error("%s failed (%s); it is tried again", what, why)


def in_one_line(error: BaseException) -> str:
    """What a mistake says of itself."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:MAX_CHARACTERS] if words else type(error).__name__
