"""Addresses, names and origins."""

import pytest

from parvis_server.net.admission import Peer, host_is_known, is_loopback, origin_is_ours

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


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "192.0.2.7:8080", "ws"),
        ("http://192.0.2.7:8080", "192.0.2.7:8080", "ws"),
        ("http://hall.example", "hall.example", "ws"),
        ("http://hall.example:80", "hall.example", "ws"),
        ("https://hall.example", "hall.example:443", "wss"),
        ("https://hall.example", "hall.example", "ws"),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", "ws"),
    ],
)
def test_our_own_page(origin: str | None, host: str, scheme: str) -> None:
    assert origin_is_ours(origin, host, scheme)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://192.0.2.7",
        "http://192.0.2.7:8081",
        "file://192.0.2.7:8080",
        "http://192.0.2.7:8080.evil.example",
        "http://192.0.2.7:99999",
        "http://[",
    ],
)
def test_pages_of_others(origin: str) -> None:
    assert not origin_is_ours(origin, "192.0.2.7:8080", "ws")
