"""Links that others can open."""

import pytest

from parvis_server.links import (
    Interface,
    RoomLinks,
    choose_address,
    origin,
    own_names,
    reachable_address,
)
from parvis_server.net.credentials import Keys
from parvis_wire.floor import Access, Invite, InviteRole

LAN = Interface("eth0", "192.168.1.20")
DOCKER = Interface("docker0", "172.17.0.1")
LOOP = Interface("lo", "127.0.0.1")
LOST = Interface("wlan0", "169.254.3.4")
PUBLIC = Interface("eth1", "198.51.100.7")
PUBLIC_SURE = Interface("eth1", "8.8.4.4")


KEYS = Keys("the host's own secret", bytes(32))
LINKS = RoomLinks(KEYS)


def test_links_are_spelled_as_people_type_them() -> None:
    assert origin("192.168.1.20", 8080) == "http://192.168.1.20:8080"
    assert origin("192.168.1.20", 80) == "http://192.168.1.20"
    assert origin("2001:db8::1", 8080) == "http://[2001:db8::1]:8080"


@pytest.mark.parametrize("access", Access)
def test_secrets_are_in_the_fragment(access: Access) -> None:
    key = KEYS.audience_token("evening")
    assert LINKS.host("main") == "/host#k=the host's own secret"
    assert LINKS.host("evening") == f"/host#r=evening&k={KEYS.host_secret_of('evening')}"
    private = f"#k={key}" if access is Access.PRIVATE else ""
    assert LINKS.audience("evening", access) == f"/r/evening{private}"
    seat = KEYS.seat_code("evening", "Table 1")
    assert LINKS.seat("evening", access, "Table 1") == (
        f"/r/evening#k={key}&seat={seat}" if private else f"/r/evening#seat={seat}"
    )
    assert LINKS.screen("evening") == "/screen#r=evening"


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (InviteRole.AUDIENCE, "/r/evening#k="),
        (InviteRole.SPEAKER, "/r/evening#k="),
        (InviteRole.COHOST, "/host#r=evening&k="),
        (InviteRole.HOST, "/host#r=evening&k="),
        (InviteRole.SCREEN, "/screen#r=evening&k="),
    ],
)
def test_an_invitation_leads_to_the_page_of_its_role(role: InviteRole, page: str) -> None:
    link = LINKS.invite("evening", Invite(number=7, role=role))
    assert link == page + KEYS.invite_token("evening", 7, role)


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
