"""The hub's announcement: real multicast on loopback, as a unit's library hears it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from parvis_server.mdns import SERVICE, Announced, Announcer

HALL = Announced(
    machine="hall.example.org",
    port=8443,
    tls=True,
    site="abcdefghijklmnop",
    room="main",
    addresses=("127.0.0.1",),
)


@asynccontextmanager
async def announcing(announced: Announced, interface: str) -> AsyncIterator[Announcer]:
    announcer = Announcer(announced, [interface])
    async with asyncio.TaskGroup() as group:
        running = group.create_task(announcer.run())
        await announcer.settled.wait()
        yield announcer
        running.cancel()


async def looked_up(name: str) -> AsyncServiceInfo | None:
    """What a unit on this machine hears of a name."""
    listening = AsyncZeroconf(interfaces=["127.0.0.1"])
    try:
        info = AsyncServiceInfo(SERVICE, f"{name}.{SERVICE}")
        return info if await info.async_request(listening.zeroconf, 3000) else None
    finally:
        await listening.async_close()


async def test_a_unit_finds_the_hub_and_one_of_the_same_name_is_renamed() -> None:
    other = replace(HALL, site="another")
    async with announcing(HALL, "127.0.0.1") as first, announcing(other, "127.0.0.2") as second:
        assert first.name == "Parvis on hall-example-org"
        assert second.name == "Parvis on hall-example-org-2"
        found = await looked_up(first.name)
        assert found is not None and found.port == 8443
        assert found.parsed_addresses(IPVersion.V4Only) == ["127.0.0.1"]
        assert found.decoded_properties == {
            "v": "1",
            "site": "abcdefghijklmnop",
            "room": "main",
            "tls": "1",
        }
    assert first.name is None, "it said goodbye"


async def test_a_network_without_multicast_ends_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_multicast(*, interfaces: list[str]) -> AsyncZeroconf:
        raise OSError(19, f"No such device: {interfaces}")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", no_multicast)
    announcer = Announcer(HALL)
    await announcer.run()
    assert announcer.name is None and announcer.settled.is_set()
    assert "cannot announce itself" in caplog.text


def test_two_hubs_on_one_machine_have_two_names() -> None:
    assert replace(HALL, port=40123).name == f"Parvis on hall-example-org (40123).{SERVICE}"


@pytest.mark.parametrize("machine", ["é" * 80, "a.b.c", "x", "Hall 3 (left)", "-"])
def test_every_machine_has_a_name_that_dns_can_carry(machine: str) -> None:
    announced = replace(HALL, machine=machine, port=40123)
    label = announced.name.removesuffix(f".{SERVICE}")
    assert "." not in label and len(label.encode()) <= 59
    host = announced.host.removesuffix(".local.")
    assert len(host) <= 63 and set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert socket.inet_aton("127.0.0.1") in announced.service().addresses
