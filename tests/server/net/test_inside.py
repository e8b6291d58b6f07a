"""Whether a request came from this machine or its own network, whoever stands between."""

import pytest
from starlette.types import Scope

from parvis_server.net.arrival import is_inside


def scope(address: str, **headers: str) -> Scope:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "client": (address, 1),
        "server": ("198.51.100.1", 443),
        "headers": named,
    }


@pytest.mark.parametrize(
    ("address", "machine", "lan"),
    [
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("198.51.100.1", True, True),
        ("192.168.1.7", False, True),
        ("::ffff:10.0.0.7", False, True),
        ("fd00::7", False, True),
        ("fe80::7%eth0", False, True),
        ("203.0.114.7", False, False),
        ("2a00:1450::1", False, False),
        ("", False, False),
        ("testclient", False, False),
    ],
)
def test_by_address(address: str, machine: bool, lan: bool) -> None:
    assert is_inside(scope(address), from_lan=False) is machine
    assert is_inside(scope(address), from_lan=True) is lan


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via", "x_real_ip"])
def test_what_a_proxy_passed_on_came_from_anywhere(header: str) -> None:
    for address in ("127.0.0.1", "192.168.1.7"):
        for from_lan in (False, True):
            assert not is_inside(scope(address, **{header: "127.0.0.1"}), from_lan=from_lan)
