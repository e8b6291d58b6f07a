"""A unit finds its hub by itself: among announcements, of its own site, and again when it moved."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from fakes.hub import LOOPBACK
from parvis_device import discovery
from parvis_device.address import HubAddress
from parvis_device.candidates import SERVICE, Candidate, candidate, usable
from parvis_device.discovery import TRIES, Announcements, FoundAddress
from parvis_device.errors import NoHubFound
from parvis_device.identity import Identity, open_identity
from parvis_wire.identity import fingerprint, public_bytes

WORDS = {"v": "1", "site": "abcdefgh234567ab", "room": "main", "tls": "1"}
SITE = public_bytes(Ed25519PrivateKey.generate())


def hub(name: str, site: str = "", port: int = 8443) -> Candidate:
    return Candidate(name, HubAddress(secure=True, host="192.0.2.7", port=port), site)


def test_what_is_announced() -> None:
    found = candidate(f"Hall.{SERVICE}", ["fe80::1", "2001:db8::7", "192.0.2.7"], 8443, WORDS)
    assert found == Candidate("Hall", HubAddress(True, "192.0.2.7", 8443), WORDS["site"])
    plain = candidate(f"Hall.{SERVICE}", ["2001:db8::7"], 8080, {"v": "1", "room": "foyer"})
    assert plain == Candidate("Hall", HubAddress(False, "2001:db8::7", 8080, "foyer"), "")


@pytest.mark.parametrize(
    ("hosts", "port", "words"),
    [
        ([], 8443, WORDS),
        (["fe80::1"], 8443, WORDS),
        (["nonsense"], 8443, WORDS),
        (["192.0.2.7"], None, WORDS),
        (["192.0.2.7"], 0, WORDS),
        (["192.0.2.7"], 8443, {}),
        (["192.0.2.7"], 8443, {**WORDS, "v": "2"}),
        (["192.0.2.7"], 8443, {**WORDS, "room": "../etc"}),
        (["192.0.2.7"], 8443, {**WORDS, "v": None}),
    ],
)
def test_what_a_unit_cannot_use(
    hosts: Sequence[str], port: int | None, words: dict[str, str | None]
) -> None:
    assert candidate("x", hosts, port, words) is None


def test_only_hubs_of_the_own_site_and_those_that_failed_last() -> None:
    one, two, three = hub("1", "a", 1), hub("2", "b", 2), hub("3", "a", 3)
    assert usable([one, two, three], "a", ()) == [one, three]
    assert usable([one, two, three], None, ()) == [one, two, three]
    assert usable([one, two, three], "a", {one.address}) == [three, one]
    assert usable([one, two, three], "c", ()) == []


class Announced:
    """Announcements of a test."""

    def __init__(self, *hubs: Candidate) -> None:
        self.hubs = list(hubs)
        self.searches = 0

    async def run(self, found: Callable[[Candidate], None]) -> None:
        self.searches += 1
        for one in self.hubs:
            found(one)
        await asyncio.Event().wait()


class NoNetwork:
    async def run(self, found: Callable[[Candidate], None]) -> None:
        raise OSError(19, "No such device")


@pytest.fixture(autouse=True)
def short_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "SEARCH_S", 0.05)
    monkeypatch.setattr(discovery, "OTHERS_S", 0.01)


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return open_identity(tmp_path)


async def test_the_first_is_tried_and_the_others_are_named(
    caplog: pytest.LogCaptureFixture, identity: Identity
) -> None:
    search = Announced(hub("Hall", "a", 1), hub("Foyer", "b", 2))
    addresses = FoundAddress(search, identity)
    with caplog.at_level(logging.INFO, "parvis_device"):
        assert (await addresses.next()).port == 1
    assert "found the hub Hall" in caplog.text and "Foyer at 192.0.2.7:2" in caplog.text
    addresses.joined()
    for _ in range(TRIES):
        assert (await addresses.next()).port == 1
    assert search.searches == 1, "a hub that was there is not searched at once"
    assert (await addresses.next()).port == 2, "it never answers: the other one, then"
    for _ in range(TRIES):
        again = await addresses.next()
    assert again.port == 1 and search.searches == 3


async def test_a_paired_unit_takes_its_own_site_only(identity: Identity) -> None:
    identity.belong_to(SITE)
    search = Announced(hub("Other", "a", 1))
    addresses = FoundAddress(search, identity)
    with pytest.raises(NoHubFound, match=r"no hub of the site .{19} announces itself"):
        await addresses.next()
    search.hubs.append(hub("Own", fingerprint(SITE), 2))
    assert (await addresses.next()).port == 2


async def test_nobody_announces_anything(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoHubFound, match="with --hub"):
        await FoundAddress(Announced(), None).next()
    given = HubAddress.parse("https://192.0.2.1:8443")
    search = Announced()
    addresses = FoundAddress(search, None, given)
    assert await addresses.next() == given
    search.hubs.append(hub("Late", "a", 3))
    assert (await addresses.next()).port == 3, "it goes on searching"
    assert await FoundAddress(NoNetwork(), None, given).next() == given
    assert "No such device" in caplog.text


async def test_a_real_announcement_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multicast over loopback, which every Linux has."""
    monkeypatch.setattr(discovery, "SEARCH_S", 5.0)
    announcer = AsyncZeroconf(interfaces=[LOOPBACK])
    info = ServiceInfo(
        SERVICE,
        f"Test hall.{SERVICE}",
        port=8443,
        properties=dict(WORDS),
        server="test-hall.local.",
        addresses=[socket.inet_aton(LOOPBACK)],
    )
    try:
        await (await announcer.async_register_service(info, cooperating_responders=True))
        addresses = FoundAddress(Announcements([LOOPBACK]), None)
        assert await addresses.next() == HubAddress(True, LOOPBACK, 8443)
    finally:
        await announcer.async_close()
