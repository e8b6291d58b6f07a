"""Whose page a socket comes from, and how a request came."""

import pytest
from starlette.types import Scope

from parvis_server.net.arrival import PLAIN, Arrival, arrival_of, is_encrypted, origin_is_ours, told

OWN = Arrival(certificate=bytes(32))


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "192.0.2.7:8080", "ws"),
        ("http://192.0.2.7:8080", "192.0.2.7:8080", "ws"),
        ("http://hall.example", "hall.example", "ws"),
        ("http://hall.example:80", "hall.example", "ws"),
        ("https://hall.example", "hall.example:443", "wss"),
        ("https://hall.example:8443", "hall.example:8443", "wss"),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", "ws"),
    ],
)
def test_our_own_page(origin: str | None, host: str, scheme: str) -> None:
    assert origin_is_ours(origin, host, scheme)
    assert origin_is_ours(origin, host, scheme, forwarded=True)


def test_a_proxy_that_nobody_named_may_have_taken_the_encryption_off() -> None:
    assert origin_is_ours("https://hall.example", "hall.example", "ws", forwarded=True)
    assert not origin_is_ours("https://hall.example", "hall.example", "ws")
    assert not origin_is_ours("https://hall.example", "hall.example:8080", "ws", forwarded=True)


@pytest.mark.parametrize("forwarded", [False, True])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "https://evil.example:8080",
        "http://192.0.2.7",
        "https://192.0.2.7:8443",
        "http://192.0.2.7:8081",
        "file://192.0.2.7:8080",
        "http://192.0.2.7:8080.evil.example",
        "http://192.0.2.7:99999",
        "http://[",
        "https://",
    ],
)
def test_pages_of_others(origin: str, scheme: str, forwarded: bool) -> None:
    assert not origin_is_ours(origin, "192.0.2.7:8080", scheme, forwarded=forwarded)


def test_a_page_of_the_other_scheme_is_another_page() -> None:
    assert not origin_is_ours("http://hall.example:8443", "hall.example:8443", "wss")
    assert not origin_is_ours("https://hall.example:8080", "hall.example:8080", "ws")


def scope(*headers: tuple[bytes, bytes], scheme: str = "https") -> Scope:
    return {"type": "http", "scheme": scheme, "headers": list(headers)}


def test_a_request_knows_the_certificate_that_it_was_shown() -> None:
    request = scope()
    assert arrival_of(request) is PLAIN
    told(request, OWN)
    assert arrival_of(request) is OWN
    assert is_encrypted(request) and not is_encrypted(scope(scheme="http"))


def test_what_a_proxy_shows_is_not_known() -> None:
    for header in (b"via", b"forwarded", b"x-forwarded-for", b"x-real-ip"):
        request = scope((header, b"192.0.2.9"))
        told(request, OWN)
        assert arrival_of(request) is PLAIN
