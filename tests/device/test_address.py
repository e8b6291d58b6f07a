"""What people type as the hub's address."""

import pytest

from parvis_device.address import HubAddress
from parvis_device.errors import BadHubAddress


@pytest.mark.parametrize(
    ("typed", "url", "room"),
    [
        ("http://192.168.1.20:8000", "ws://192.168.1.20:8000/ws/unit", "main"),
        ("http://hub.local:8000/", "ws://hub.local:8000/ws/unit", "main"),
        ("ws://127.0.0.1:1/ws/unit", "ws://127.0.0.1:1/ws/unit", "main"),
        ("https://hub.example.org", "wss://hub.example.org:443/ws/unit", "main"),
        ("HTTP://Hub", "ws://hub:80/ws/unit", "main"),
        ("http://[::1]:8000", "ws://[::1]:8000/ws/unit", "main"),
        ("http://10.0.0.1:8000/r/hall-2", "ws://10.0.0.1:8000/ws/unit", "hall-2"),
        ("http://10.0.0.1:8000/host#k=x", "ws://10.0.0.1:8000/ws/unit", "main"),
    ],
)
def test_good(typed: str, url: str, room: str) -> None:
    address = HubAddress.parse(typed)
    assert (address.url, address.room) == (url, room)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hub",
        "hub:8000",
        "192.168.1.20:8000",
        "ftp://hub",
        "http://",
        "http://:8000",
        "http://hub:99999",
        "http://hub:port",
        "http://hub/other",
        "http://a b",
        "http://a..b:8000",
        "http://" + 64 * "a",
        "http://[::1",
        "http://user@hub",
        "http://hub:8000/r/Bad_Room",
    ],
)
def test_bad(typed: str) -> None:
    with pytest.raises(BadHubAddress, match=r"write it like http://192\.168\.1\.20:8080"):
        HubAddress.parse(typed)
