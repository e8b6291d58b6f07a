"""Single keys from the terminal, without Enter, and the terminal as before afterwards."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager


@asynccontextmanager
async def keys(on_key: Callable[[str], None]) -> AsyncIterator[None]:
    """Report every key typed in the terminal; does nothing without one."""
    if not (sys.stdin and sys.stdin.isatty()):
        yield
        return
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        typed = os.read(descriptor, 64)
        if not typed:
            loop.remove_reader(descriptor)
        for key in typed.decode(errors="replace"):
            on_key(key)

    with _single_keys(descriptor):
        loop.add_reader(descriptor, read)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)


@contextmanager
def _single_keys(descriptor: int) -> Iterator[None]:
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
