import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fakes.machine import MachineWatch
from parvis_server.bench.hub_probe import HubProbe
from parvis_server.errors import BenchError
from parvis_server.listen.link import ListenerLink

pytestmark = pytest.mark.alone

METRICS = """# HELP parvis_ticks_total Ticks of the mixer
parvis_ticks_total 120.0
parvis_tick_lateness_seconds_bucket{le="0.005"} 119.0
parvis_source_hold_seconds{ssrc="0000abcd"} 0.0125
"""


@asynccontextmanager
async def web_server(status: int = 200) -> AsyncIterator[tuple[HubProbe, list[str]]]:
    """A server that answers METRICS to everything, and what it was asked."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked.append(head.decode().splitlines()[0])
                length = f"Content-Length: {len(METRICS)}"
                writer.write(f"HTTP/1.1 {status} X\r\n{length}\r\n\r\n{METRICS}".encode())
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    probe = HubProbe(ListenerLink.parse(f"http://127.0.0.1:{port}/"))
    try:
        yield probe, asked
    finally:
        await probe.close()
        server.close()
        await server.wait_closed()


async def test_metrics_are_read_by_name_and_labels() -> None:
    async with web_server() as (probe, _):
        assert await probe.metrics() == {
            "parvis_ticks_total": 120.0,
            'parvis_tick_lateness_seconds_bucket{le="0.005"}': 119.0,
            'parvis_source_hold_seconds{ssrc="0000abcd"}': 0.0125,
        }


async def test_load_asks_at_a_steady_rate(machine: MachineWatch) -> None:
    async with web_server() as (probe, asked), asyncio.TaskGroup() as group:
        begun_s = time.monotonic()
        loading = group.create_task(probe.load("/api", 100.0))
        while probe.requests < 25:  # noqa: ASYNC110 - the rate is the subject
            await asyncio.sleep(0.01)
        machine.assert_within(1.0, begun_s, "25 requests at a hundred in a second")
        assert probe.requests <= 100 * (time.monotonic() - begun_s) + 1
        loading.cancel()
    assert set(asked) == {"GET /api HTTP/1.1"}
    assert probe.failures == 0


async def test_a_hub_that_answers_badly_is_told() -> None:
    async with web_server(status=503) as (probe, asked):
        with pytest.raises(BenchError, match="does not answer"):
            await probe.metrics()
        assert len(asked) == 3
        assert probe.failures == 3
