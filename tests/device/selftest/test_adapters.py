"""The self-test's hands on the machine: supply, disk, the way to a hub, a person's answers."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from parvis_device.address import HubAddress
from parvis_device.errors import NoHubFound
from parvis_device.hub_addresses import GivenAddress
from parvis_device.light import PATTERNS, Signal
from parvis_device.selftest import machine
from parvis_device.selftest.checks import Verdict
from parvis_device.selftest.judging import Way
from parvis_device.selftest.network import own_addresses, way_to_hub
from parvis_device.selftest.person import TerminalPerson, can_answer
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Language, Prompt
from parvis_wire.stage import LinkKind


def a_pi(folder: Path, throttled: str | None) -> tuple[Path, Path]:
    """A device tree, and a kernel that tells the figure."""
    model = folder / "model"
    model.write_bytes(b"Raspberry Pi 4 Model B Rev 1.5\0")
    if throttled is not None:
        told = folder / "sys/devices/platform/soc/soc:firmware/get_throttled"
        told.parent.mkdir(parents=True)
        told.write_text(throttled)
    return model, folder / "sys"


async def test_what_is_no_raspberry_pi_says_so(tmp_path: Path) -> None:
    assert (await machine.supply(tmp_path / "model")).says is Says.NO_RASPBERRY


async def test_vcgencmd_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "vcgencmd"
    command.write_text('#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50000\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    model, system = a_pi(tmp_path, None)
    assert (await machine.supply(model, system)).says is Says.POWER_WAS_LOW


async def test_without_it_the_kernel_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    model, system = a_pi(tmp_path, "50005\n")
    assert (await machine.supply(model, system)).says is Says.POWER_LOW


async def test_a_pi_that_cannot_be_asked_is_not_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    model, system = a_pi(tmp_path, None)
    assert (await machine.supply(model, system)).says is Says.POWER_UNKNOWN


def test_the_disk_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    finding = machine.storage(tmp_path)
    assert finding.facts["free"] >= 0 and finding.says is not Says.DISK_UNWRITABLE
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    assert machine.storage(tmp_path / "state" / "unit").says is not Says.DISK_UNWRITABLE
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_bad() -> None:
    finding = machine.storage(Path("/proc"))
    assert finding.verdict is Verdict.BAD and finding.facts["folder"] == "/proc"


class Nobody:
    """No hub announces itself."""

    named = False

    async def next(self) -> HubAddress:
        raise NoHubFound("none")

    def joined(self) -> None:
        """Never."""


@asynccontextmanager
async def listening() -> AsyncIterator[str]:
    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with serve(wait, "127.0.0.1", 0) as server:
        [socket] = server.sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"


async def test_a_hub_is_reached_and_told_nothing() -> None:
    async with listening() as url:
        seen = await way_to_hub(
            GivenAddress(HubAddress.parse(url)), LinkKind.WIRED, paired=True, own=list
        )
    assert seen.way is Way.REACHED and seen.hub in url and seen.ms > 0


async def test_what_is_no_hub_is_told_from_what_does_not_answer() -> None:
    async def say_nothing_good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(say_nothing_good, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = GivenAddress(HubAddress.parse(f"http://127.0.0.1:{port}"))
    async with server:
        seen = await way_to_hub(address, LinkKind.WIRED, paired=False, own=lambda: ["192.0.2.7"])
    assert seen.way is Way.WRONG
    gone = await way_to_hub(address, LinkKind.WIRED, paired=False, own=lambda: ["192.0.2.7"])
    assert gone.way is Way.SILENT
    alone = await way_to_hub(address, LinkKind.WIRED, paired=False, own=list)
    assert alone.way is Way.NO_NETWORK


async def test_no_network_is_told_from_no_hub() -> None:
    there = await way_to_hub(Nobody(), LinkKind.WIRED, paired=True, own=lambda: ["192.0.2.7"])
    assert (there.way, there.addresses) == (Way.NOBODY_ANNOUNCED, ["192.0.2.7"])
    alone = await way_to_hub(Nobody(), LinkKind.WIRED, paired=True, own=list)
    assert alone.way is Way.NO_NETWORK


def test_the_own_loop_is_no_network() -> None:
    assert not any(address.startswith("127.") for address in own_addresses())


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"y\n", True), (b"Oui\n", True), (b"n\n", False), (b"\n", False)]
)
async def test_an_answer_is_read_in_either_language(typed: bytes, answer: bool) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as hears, os.fdopen(writing, "wb", buffering=0) as types:
        said = io.StringIO()
        person = TerminalPerson(Language.FR, said, hears)
        types.write(typed)
        assert await person.agrees(Prompt.SAW_LIGHTS, 20) is answer
        person.shown(PATTERNS[Signal.LIVE])
    assert "Chaque lumière" in said.getvalue() and "rouge fixe" in said.getvalue()


async def test_no_answer_is_none() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as hears:
        person = TerminalPerson(Language.EN, io.StringIO(), hears)
        assert await person.agrees(Prompt.SAW_LIGHTS, 0.0) is None
        os.close(writing)
        assert await person.agrees(Prompt.SAW_LIGHTS, 20) is None


def test_who_can_answer(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe, open(os.devnull) as nobody:
        assert can_answer(pipe) and not can_answer(nobody) and not can_answer(None)
    os.close(writing)
