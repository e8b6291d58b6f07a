"""Addresses, names and origins."""

import pytest

from parvis_server.net.admission import Peer, host_is_known, is_loopback

NAMES = frozenset({"hall.example"})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "", "localhost"]
)
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


def test_a_machine_may_call_itself_by_its_own_address() -> None:
    assert Peer("192.0.2.7", "192.0.2.7").is_this_machine
    assert not Peer("192.0.2.8", "192.0.2.7").is_this_machine


def test_what_a_proxy_passes_on_is_not_this_machine() -> None:
    assert Peer("127.0.0.1", "127.0.0.1").is_this_machine
    assert not Peer("127.0.0.1", "127.0.0.1", forwarded=True).is_this_machine


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.7:8080",
        "[2001:db8::1]:8080",
        "[::1]",
        "localhost:8080",
        "LOCALHOST",
        "hub.localhost",
        "hall.example",
        "Hall.Example.:80",
    ],
)
def test_names_of_this_hub(host: str) -> None:
    assert host_is_known(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "hall.example.evil.example", "127.0.0.1.evil.example", "[", ":80"],
)
def test_names_of_others(host: str | None) -> None:
    assert not host_is_known(host, NAMES)
