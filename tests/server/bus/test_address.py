"""Addresses of a bus, right and wrong."""

from pathlib import Path

import pytest

from parvis_server.bus.address import BusAddress
from parvis_server.errors import UsageError


def test_user_and_password_are_taken_out_of_the_url() -> None:
    """So that no log repeats them."""
    address = BusAddress.parse("nats://ada:s%40cret@bus.example")
    assert address.urls == ("nats://bus.example:4222",)
    assert (address.user, address.password) == ("ada", "s@cret")
    assert "cret" not in str(address) + repr(address)


def test_several_of_a_cluster_and_paths() -> None:
    """With commas; WebSockets keep their path and have no port of their own."""
    address = BusAddress.parse("tls://a:1, tls://[::1]")
    assert address.urls == ("tls://a:1", "tls://[::1]:4222")
    assert address.is_encrypted
    assert BusAddress.parse("wss://room.example/bus").urls == ("wss://room.example/bus",)
    assert not BusAddress.parse("10.0.0.5").is_encrypted


@pytest.mark.parametrize(
    "text",
    ["", "http://x", "nats://", "nats://x:99999", "nats://x:0", "ws://a,nats://b", "ada:secret@"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """In one line, without a password."""
    with pytest.raises(UsageError) as caught:
        BusAddress.parse(text)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_have_to_be_there(tmp_path: Path) -> None:
    """And hold what they should."""
    with pytest.raises(UsageError, match="no file"):
        BusAddress.parse("tls://x", ca=tmp_path / "nothing.pem")
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(UsageError, match="holds no certificate"):
        BusAddress.parse("tls://x", ca=empty).context()
