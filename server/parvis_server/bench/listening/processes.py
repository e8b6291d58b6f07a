"""The processes of a bench, as whoever started them sees them: orders in, answers out."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from parvis_server.bench.listening.plan import Plan
from parvis_server.errors import BenchError

PACKAGE = "parvis_server.bench.listening"
ANSWER_BYTES = 1 << 22
"""A line with three histograms of many bins."""

END_TIMEOUT_S = 5.0


class Assistant:
    """One process that was given a plan."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """It runs."""
        self._process = process

    def order(self, **words: Any) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(words).encode() + b"\n")

    def hang_up(self) -> None:
        """Say that no more orders come: it ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def answer(self, what: str) -> dict[str, Any]:
        """The next answer of this kind; raises ``BenchError`` when it ended before."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said: dict[str, Any] = json.loads(line)
            if said["said"] == what:
                return said
        raise BenchError(f"a process of the bench ended: {await self._last_words()}")

    async def _last_words(self) -> str:
        assert self._process.stderr is not None
        lines = (await self._process.stderr.read()).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {await self._process.wait()}"


@contextlib.asynccontextmanager
async def assistant(module: str, plan: Plan) -> AsyncIterator[Assistant]:
    """Run a module of this package with a plan; it is ended at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"{PACKAGE}.{module}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=ANSWER_BYTES,
        start_new_session=True,  # a Ctrl-C at the terminal is for whoever started it
    )
    assert process.stdin is not None
    try:
        process.stdin.write(plan.as_json().encode() + b"\n")
        yield Assistant(process)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()
