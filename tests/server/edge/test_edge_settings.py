"""What is said to somebody who starts an edge with a mistake: one line, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis_server.edge.process import open_listener, standing_of
from parvis_server.edge.public import PublicSide
from parvis_server.edge.settings import EdgeSettings, load_edge_settings
from parvis_server.errors import PortInUse, UserError
from parvis_server.open_files import OpenFiles
from parvis_server.settings_sources import known_keys

BUS = {"bus.url": "nats://127.0.0.1:4222"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "say --bus"),
        ({**BUS, "place": "somewhere"}, "is no place"),
        ({**BUS, "site": "A Site"}, "small letters"),
        ({**BUS, "network.pages": ("room.example",)}, "https://room.example"),
        ({**BUS, "network.behind_proxy": ("caddy",)}, "no address and no network"),
        ({**BUS, "network.certificate": Path("a.pem")}, "without key"),
        ({**BUS, "network.prot": 1}, "did you mean network.port"),
    ],
)
def test_mistakes_are_told_in_one_line(flags: dict[str, object], words: str) -> None:
    with pytest.raises(UserError) as told:
        load_edge_settings(None, flags)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_bus_that_cannot_be_is_told_without_its_password() -> None:
    settings = load_edge_settings(None, {"bus.url": "http://me:p4ss@bus.example"})
    with pytest.raises(UserError, match="nats://") as told:
        settings.bus.address()
    assert "p4ss" not in str(told.value)
    assert "p4ss" not in repr(settings)


def test_a_public_edge_is_reached_with_encryption(tmp_path: Path) -> None:
    flags = {"public": "http://room.example", "data": tmp_path}
    with pytest.raises(UserError, match="https"):
        PublicSide.of(load_edge_settings(None, flags))


def test_a_public_edge_keeps_its_secret(tmp_path: Path) -> None:
    settings = load_edge_settings(None, {"public": "room.example", "data": tmp_path})
    first, again = PublicSide.of(settings), PublicSide.of(settings)
    assert first.address == again.address
    (line,) = first.words()
    assert line.startswith("in the venue: parvis hub --publish 'https://room.example/#p1-")
    (line,) = again.words()
    assert f"(parvis edge --public room.example --data {tmp_path} --show-address)" in line
    assert not any(secret in line for secret in first.address.secrets)


def test_every_setting_says_what_it_is() -> None:
    assert len(list(known_keys(EdgeSettings))) > 15
    for name, field in EdgeSettings.model_fields.items():
        assert field.description or name in ("network", "bus", "log")


def test_where_an_edge_is_reached_follows_from_its_port_and_name() -> None:
    flags = {**BUS, "network.host": "127.0.0.1", "network.port": 0}
    settings = load_edge_settings(None, flags)
    listener = open_listener(settings)
    with listener.socket:
        standing = standing_of(settings, listener, OpenFiles(None))
        assert standing.place == f"http://127.0.0.1:{listener.port}"
        taken = load_edge_settings(None, {**flags, "network.port": listener.port})
        with pytest.raises(PortInUse, match="--port"):
            open_listener(taken)
        named = {
            **flags,
            "network.names": ("edge2.example",),
            "network.behind_proxy": ("127.0.0.1",),
        }
        behind = standing_of(load_edge_settings(None, named), listener, OpenFiles(None))
        assert behind.place == "https://edge2.example"
