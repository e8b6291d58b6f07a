"""Newcomers come in one after the other, so that those who are here hear on.

Theory of operation. A handshake and a join take 1 to 2 ms of the event loop, and a loop that finds
thirty connections with something to read serves them all before anything else: sound of thousands
would wait for 50 ms, and for as long again at the next turn of the loop. So the first of a turn
comes in at once, and the others are read one a turn, in their order; in between, fan-outs have
theirs. What somebody sends meanwhile waits in the kernel, and no clock runs for them.

Who waits is bounded by the files that a process may open. A connection that says nothing takes one
turn, and no more.
"""

import asyncio
from collections import deque
from collections.abc import Callable


def _soon(call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(call)


class Turnstile:
    """Of one event loop."""

    def __init__(self, next_turn: Callable[[Callable[[], None]], object] = _soon) -> None:
        """``next_turn`` calls something at the loop's next turn."""
        self._next_turn = next_turn
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_taken = False

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def passes(self, let_in: Callable[[], None]) -> bool:
        """Whether a newcomer comes in at once; if not, ``let_in`` is called at their turn."""
        if self._is_taken:
            self._waiting.append(let_in)
            return False
        self._is_taken = True
        self._next_turn(self._turn)
        return True

    def _turn(self) -> None:
        if not self._waiting:
            self._is_taken = False
            return
        self._next_turn(self._turn)
        self._waiting.popleft()()
