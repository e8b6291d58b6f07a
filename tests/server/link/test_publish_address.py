"""The address with which a hub publishes: read, refused, and what is derived from it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.errors import UsageError
from parvis_server.link.publish_address import PublishAddress

SECRET = bytes(range(18))
ADDRESS = PublishAddress("room.example", 443, True, SECRET)


@given(st.binary(min_size=18, max_size=18), st.integers(1, 65_535))
def test_what_is_printed_is_read(secret: bytes, port: int) -> None:
    address = PublishAddress("room.example", port, True, secret)
    assert PublishAddress.parse(f"  {address.whole()}\n") == address


@given(st.data())
def test_a_part_of_it_or_another_letter_is_refused(drawn: st.DataObject) -> None:
    whole = ADDRESS.whole()
    at = drawn.draw(st.integers(whole.index("#") + 4, len(whole) - 1))
    other = drawn.draw(st.sampled_from("ABCxyz_-"))
    spoilt = drawn.draw(st.sampled_from((whole[:at], whole[:at] + other + whole[at + 1 :])))
    if spoilt == whole:
        assert PublishAddress.parse(spoilt) == ADDRESS
        return
    with pytest.raises(UsageError, match="cut off or mistyped: copy the whole line"):
        PublishAddress.parse(spoilt)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no address of a public edge"),
        ("room.example", "is no address of a public edge"),
        ("ftp://room.example/#p1", "is no address of a public edge"),
        ("https://room.example", "ends before its secret"),
        ("https://room.example/#", "ends before its secret"),
        ("https://room.example/#audience", "is no secret"),
        ("https://room.example/r/main#" + ADDRESS.fragment, "says more than where the edge is"),
        ("https://room.example/?a=1#" + ADDRESS.fragment, "says more than where the edge is"),
        ("https://room.example:x/#" + ADDRESS.fragment, "is no address"),
        ("https://room.example/#p2" + ADDRESS.fragment[2:], "another version of Parvis"),
        ("http://room.example/#" + ADDRESS.fragment, "is not encrypted"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_the_secret(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        PublishAddress.parse(text)
    assert "\n" not in str(refused.value)
    assert ADDRESS.fragment[2:] not in str(refused.value)


def test_where_things_are() -> None:
    assert ADDRESS.link_url == "wss://room.example/ws/link"
    assert ADDRESS.bus_url == "wss://room.example/bus"
    here = PublishAddress.parse(f"http://[::1]:8081/#{ADDRESS.fragment}")
    assert (here.origin, here.link_url) == ("http://[::1]:8081", "ws://[::1]:8081/ws/link")


def test_what_is_derived_is_different_for_each_purpose_and_each_secret() -> None:
    other = PublishAddress("room.example", 443, True, SECRET[::-1])
    derived = [
        found
        for address in (ADDRESS, other)
        for found in (address.hub.password, address.edge.password, address.link_key, address.site)
    ]
    assert len(set(derived)) == len(derived)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", ADDRESS.site)


def test_the_name_is_no_part_of_what_is_derived() -> None:
    """Somebody who moves the name keeps the address' secret."""
    moved = PublishAddress("new.example", 443, True, SECRET)
    assert (moved.site, moved.link_key) == (ADDRESS.site, ADDRESS.link_key)


def test_nothing_that_is_printed_by_accident_holds_a_secret() -> None:
    printed = f"{ADDRESS!r} {ADDRESS} {ADDRESS.hub!r}"
    assert not any(secret in printed for secret in ADDRESS.secrets)
    assert repr(SECRET) not in printed
