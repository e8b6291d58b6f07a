"""Links that others can open."""

import pytest

from parvis_server.links import (
    Interface,
    choose_address,
    host_link,
    listener_link,
    own_names,
    reachable_address,
)

LAN = Interface("eth0", "192.168.1.20")
DOCKER = Interface("docker0", "172.17.0.1")
LOOP = Interface("lo", "127.0.0.1")
LOST = Interface("wlan0", "169.254.3.4")
PUBLIC = Interface("eth1", "198.51.100.7")
PUBLIC_SURE = Interface("eth1", "8.8.4.4")


def test_links_are_spelled_as_people_type_them() -> None:
    assert listener_link("192.168.1.20", 8080) == "http://192.168.1.20:8080/r/main"
    assert listener_link("192.168.1.20", 80) == "http://192.168.1.20/r/main"
    assert listener_link("2001:db8::1", 8080) == "http://[2001:db8::1]:8080/r/main"


def test_the_hosts_secret_is_in_the_fragment() -> None:
    assert host_link("192.168.1.20", 80, "s3cret") == "http://192.168.1.20/host#k=s3cret"


@pytest.mark.parametrize(
    ("listening_on", "routed", "interfaces", "chosen"),
    [
        ("127.0.0.1", "192.168.1.20", [LAN], "127.0.0.1"),
        ("192.168.1.20", None, [], "192.168.1.20"),
        ("0.0.0.0", "192.168.1.20", [], "192.168.1.20"),
        ("::", "192.168.1.20", [], "192.168.1.20"),
        ("0.0.0.0", None, [LOOP, DOCKER, LOST, LAN], "192.168.1.20"),
        ("0.0.0.0", "127.0.0.1", [LAN], "192.168.1.20"),
        ("0.0.0.0", "0.0.0.0", [LAN], "192.168.1.20"),
        ("0.0.0.0", None, [PUBLIC_SURE, LAN], "192.168.1.20"),
        ("0.0.0.0", None, [PUBLIC_SURE], "8.8.4.4"),
        ("0.0.0.0", None, [LOOP, DOCKER, LOST], "127.0.0.1"),
        ("0.0.0.0", "not an address", [], "127.0.0.1"),
    ],
)
def test_the_address_that_others_reach(
    listening_on: str, routed: str | None, interfaces: list[Interface], chosen: str
) -> None:
    assert choose_address(listening_on, routed, interfaces) == chosen


def test_this_machine_has_an_address_and_names() -> None:
    assert reachable_address("0.0.0.0")
    assert any(name.endswith(".local") for name in own_names())
    assert all(name == name.lower() for name in own_names())
