"""A phone far away without a browser: a connection that comes back by itself, run from a test."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, TypeVar

from fakes.hands import Person
from fakes.parvis import HubProcess
from parvis_wire.base import Wire
from parvis_wire.messages import Ack, Role

T = TypeVar("T")


class FarPhone:
    """Somebody's phone, in a thread of its own."""

    def __init__(self, hub: HubProcess, name: str) -> None:
        self._person = Person(hub, name, Role.LISTENER)
        self._ready: queue.Queue[asyncio.AbstractEventLoop] = queue.Queue()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._be_there(),), daemon=True)
        self._thread.start()
        self._loop = self._ready.get(timeout=20)

    def do(self, command: type[Wire], **fields: Any) -> Ack:
        """Give a command; its answer."""
        command_id = token_hex(8)
        self._run(self._person.wish(command(id=command_id, **fields)))
        return self._run(self._person.answer(command_id))

    def wait_for_line(self, *names: str) -> None:
        """Wait until exactly this line is shown."""
        try:
            self._run(self._person.until(lambda: self._names() == list(names)))
        except TimeoutError:
            raise AssertionError(f"the line was to be {names}, it is {self._names()}") from None

    def close(self) -> None:
        """Leave."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _names(self) -> list[str] | None:
        view = self._person.view
        return None if view is None else [hand.name for hand in view.line]

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _be_there(self) -> None:
        async with asyncio.TaskGroup() as group:
            living = group.create_task(self._person.live())
            await self._person.until_here(1)
            self._ready.put(asyncio.get_running_loop())
            await self._over.wait()
            living.cancel()


@contextmanager
def far_phone(hub: HubProcess, name: str) -> Iterator[FarPhone]:
    """A phone that listens until the block ends."""
    phone = FarPhone(hub, name)
    try:
        yield phone
    finally:
        phone.close()
