"""One run of a bench of listeners: they join, and windows are counted; others may disturb.

The listeners join at a steady rate; then comes a window in which every packet counts. Where others
disturb (newcomers, readers that never read, hostile clients), a window without them comes before:
what they cost is the difference.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from parvis_server.bench.hub_probe import HubProbe
from parvis_server.bench.latency import ticks_beside
from parvis_server.bench.listening.house import Machine, Peak, Usage, usage
from parvis_server.bench.listening.plan import Plan, Target
from parvis_server.bench.listening.processes import Assistant, assistant
from parvis_server.bench.listening.results import Told, WindowFound, result
from parvis_server.bench.listening.stuck import StuckReaders
from parvis_server.bench.listening.tally import Tally
from parvis_server.bench.listening.wanted import ANSWER_S, PATIENCE_S, Wanted
from parvis_server.errors import BenchError
from parvis_server.listen.link import ListenerLink

SETTLE_S = 1.0
"""The last joins' snapshots are read, and everybody is told how many listen."""

IDLE_S = 2.0
"""As long as the hub is measured without listeners."""

LEAD_S = 0.3
"""From an order to the window that it opens: it has reached every process by then."""


@dataclass(slots=True)
class Bench:
    """One run."""

    wanted: Wanted
    targets: tuple[Target, ...]
    join: str
    trusted: str | None
    hub: psutil.Process | None
    """One of this bench's own: it is measured, too."""
    link: ListenerLink
    tell: Callable[[str], None]
    stopping: asyncio.Event
    windows: list[WindowFound] = field(default_factory=list)
    beside: dict[str, Any] = field(default_factory=dict)
    _crowds: list[Assistant] = field(default_factory=list)

    def plan(self, listeners: int, joins_per_s: float, *, leaves: bool = False) -> Plan:
        """For processes of listeners."""
        return Plan(
            self.targets,
            self.join,
            listeners,
            joins_per_s,
            leaves=leaves,
            trusted=self.trusted,
            most_s=self.wanted.longest_s,
        )

    async def run(self) -> Told:
        """Everything; what there is when it is stopped."""
        wanted = self.wanted
        before = None if self.hub is None else await self._idle()
        async with contextlib.AsyncExitStack() as stack:
            whole = self.plan(wanted.listeners, wanted.joins_per_s)
            for part in range(wanted.processes):
                share = whole.share(part, wanted.processes)
                self._crowds.append(await stack.enter_async_context(assistant("child", share)))
            await self._joined()
            await self._window("alone")
            if wanted.is_disturbed and not self.stopping.is_set():
                async with self._disturbed():
                    await self._window("beside")
            if before is not None and self.hub is not None:
                grown = usage(self.hub).rss_of_server() - before.rss_of_server()
                self._remember_memory(grown)
            outside = await self._end()
        return result(self.windows, outside, wanted.listeners, self.beside)

    def _remember_memory(self, grown_bytes: int) -> None:
        listening = self.windows[0].listening
        each = round(grown_bytes / listening / 1000, 1) if listening else None
        self.beside["memory_kb_per_listener"] = each

    async def _idle(self) -> Usage:
        """The hub's cost without listeners."""
        assert self.hub is not None
        first = usage(self.hub)
        await self._wait(IDLE_S)
        second = usage(self.hub)
        self.beside["server_idle_cpu"] = second.percent_since(first)
        return second

    async def _wait(self, seconds: float) -> None:
        """So long, or until the bench is stopped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    async def _joined(self) -> None:
        wanted = self.wanted
        self.tell(f"{wanted.listeners} listeners join at {wanted.joins_per_s:g} a second ...")
        began_s = time.monotonic()
        most_s = wanted.listeners / wanted.joins_per_s * 2 + PATIENCE_S
        joined = asyncio.gather(*(crowd.answer("joined") for crowd in self._crowds))
        stopped = asyncio.create_task(self.stopping.wait())
        await asyncio.wait((joined, stopped), timeout=most_s, return_when="FIRST_COMPLETED")
        stopped.cancel()
        if joined.done():
            answers = joined.result()
            self._remember(answers)
            self.beside["joins_per_s"] = round(
                sum(answer["listening"] for answer in answers) / (time.monotonic() - began_s), 1
            )
        else:
            joined.cancel()
            await asyncio.gather(joined, return_exceptions=True)
        await self._wait(SETTLE_S)

    def _remember(self, answers: Sequence[Told]) -> None:
        """Why somebody was refused or closed, as far as it was said."""
        for answer in answers:
            if answer["reason"]:
                self.beside.setdefault("reason", answer["reason"])

    async def _window(self, name: str) -> None:
        """Count for so long."""
        seconds = self.wanted.seconds
        self.tell(f"counting for {seconds:g} s ({name}) ...")
        begin_ns = time.monotonic_ns() + round(LEAD_S * 1e9)
        end_ns = begin_ns + round(seconds * 1e9)
        for crowd in self._crowds:
            crowd.order(do="window", begin_ns=begin_ns, end_ns=end_ns)
        await asyncio.sleep(LEAD_S)
        before = None if self.hub is None else usage(self.hub)
        machine = Machine.now()
        ticks = asyncio.create_task(self._ticks(seconds))
        await self._wait((end_ns - time.monotonic_ns()) / 1e9)
        elapsed_s = (time.monotonic_ns() - begin_ns) / 1e9
        found = WindowFound(name, min(elapsed_s, seconds))
        found.machine_busy_cpu, found.machine_idle_cpu = Machine.now().percent_since(machine)
        if self.hub is not None and before is not None:
            after = usage(self.hub)
            found.server_cpu = after.percent_since(before)
            found.idle_cpu = self.beside.get("server_idle_cpu", {})
            found.server_rss_mb = round(after.rss_of_server() / 1e6, 1)
        if self.stopping.is_set():
            ticks.cancel()
            for crowd in self._crowds:
                crowd.order(do="cut")
        answers = await _answers(self._crowds, "window")
        for answer in answers:
            found.take(answer)
        self._remember(answers)
        self.windows.append(found)
        self.beside["window_ns"] = (begin_ns, end_ns)
        [told] = await asyncio.gather(ticks, return_exceptions=True)
        found.ticks = told if isinstance(told, dict) else None

    async def _ticks(self, seconds: float) -> Told | None:
        """How late the engine of a hub of ours ticks, beside an empty ticker."""
        if self.hub is None:
            return None
        return await ticks_beside(HubProbe(self.link), max(1, round(seconds)))

    async def _end(self) -> Tally:
        """End the listeners; what they counted outside of windows."""
        outside = Tally()
        for crowd in self._crowds:
            crowd.order(do="end")
        answers = await _answers(self._crowds, "end")
        for answer in answers:
            outside.merge(Tally.from_json(answer["tally"]))
        self._remember(answers)
        return outside

    @contextlib.asynccontextmanager
    async def _disturbed(self) -> AsyncIterator[None]:
        """All the others that were asked for."""
        async with contextlib.AsyncExitStack() as stack:
            if self.wanted.stuck:
                await stack.enter_async_context(self._stuck())
            if self.wanted.hostile:
                await stack.enter_async_context(self._hostile())
            if self.wanted.newcomers_per_s:
                await stack.enter_async_context(self._newcomers())
            yield

    @contextlib.asynccontextmanager
    async def _stuck(self) -> AsyncIterator[None]:
        readers, before = StuckReaders(), None
        if self.hub is not None:
            before = usage(self.hub).rss_of_server()
        async with _watched(self.hub) as peak:
            await readers.join(self.wanted.stuck, self.targets[0], self.join)
            watching = asyncio.create_task(readers.watch())
            try:
                yield
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                readers.close()
                found = readers.figures()
                if before is not None:
                    grown = (peak.rss_bytes - before) / self.wanted.stuck
                    found["server_kb_each_max"] = round(grown / 1000, 1)
                self.beside["stuck"] = found

    @contextlib.asynccontextmanager
    async def _hostile(self) -> AsyncIterator[None]:
        plan = self.plan(self.wanted.hostile, 1.0)
        async with assistant("hostile", plan) as hostile:
            yield
            hostile.hang_up()
            [said] = await _answers([hostile], "end")
            self.beside["hostile"] = {"clients": self.wanted.hostile} | said["visits"]

    @contextlib.asynccontextmanager
    async def _newcomers(self) -> AsyncIterator[None]:
        """They join, hear, and leave; only their own figures count, not their losses."""
        plan = self.plan(0, self.wanted.newcomers_per_s, leaves=True)
        async with assistant("child", plan) as crowd:
            yield
            crowd.order(do="end")
            [said] = await _answers([crowd], "end")
        tally = Tally.from_json(said["tally"])
        self.beside["newcomers"] = {
            "asked_per_s": self.wanted.newcomers_per_s,
            "joined_per_s": round(tally.joins.total / self.windows[-1].seconds, 1),
            "not_joined": tally.not_joined,
            "sound_ms": tally.joins.figures(),
            "welcome_ms": tally.welcomes.figures(),
        }


async def _answers(assistants: Sequence[Assistant], what: str) -> list[Told]:
    """Of all; raises ``BenchError`` when one of them is silent."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.gather(*(each.answer(what) for each in assistants))
    except TimeoutError:
        raise BenchError(
            f"a process of listeners did not answer in {ANSWER_S:g} s: is the machine overloaded?"
        ) from None


@contextlib.asynccontextmanager
async def _watched(hub: psutil.Process | None) -> AsyncIterator[Peak]:
    """The most memory that a hub of ours takes."""
    if hub is None:
        yield Peak(psutil.Process())
        return
    peak = Peak(hub)
    watching = asyncio.create_task(peak.watch())
    try:
        yield peak
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
