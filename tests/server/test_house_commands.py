"""``parvis session``, ``unit`` and ``invite`` against a hub; one clear line for what is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from fakes.live_hub import LiveHub, live_hub
from parvis_server.commands import invite, session, unit
from parvis_server.data_folder import DataFolder
from parvis_server.errors import HubUnreachable, UsageError, UserError
from parvis_server.trust.units import How
from parvis_wire.identity import fingerprint

KEY = bytes(range(32))
UNIT = fingerprint(KEY)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        DataFolder(tmp_path).note_listening(running.hub.own_origin())
        yield running


@dataclass
class Terminal:
    hub: LiveHub
    capsys: pytest.CaptureFixture[str]

    async def run(self, app: typer.Typer, *words: str) -> str:
        """What the command prints for these words."""
        arguments = [*words, "--data", str(self.hub.hub.settings.data)]
        await asyncio.to_thread(app, arguments, standalone_mode=False)
        return self.capsys.readouterr().out


@pytest.fixture
def terminal(hub: LiveHub, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(hub, capsys)


async def test_a_link_makes_an_operator_who_is_listed_and_revoked(terminal: Terminal) -> None:
    assert "nobody is signed in" in await terminal.run(session.app, "list")
    said = await terminal.run(session.app, "link")
    link = said.splitlines()[0]
    assert "works once, for 15 minutes" in said
    body = {"secret": link.partition("#setup=")[2], "name": "Zoé"}
    async with httpx.AsyncClient(trust_env=False) as client:
        claim = f"{terminal.hub.http}/api/v1/claim"
        assert (await client.post(claim, json=body)).status_code == 201
        assert (await client.post(claim, json=body)).status_code == 401
    listed = await terminal.run(session.app, "list")
    assert "Zoé" in listed
    assert "setup" in listed
    (one,) = json.loads(await terminal.run(session.app, "list", "--json"))["sessions"]
    assert one["id"] in listed
    assert "Zoé has ended" in await terminal.run(session.app, "revoke", one["id"])
    assert "nobody" in await terminal.run(session.app, "list")


async def test_units_are_listed_renamed_and_revoked(terminal: Terminal) -> None:
    assert "no unit waits, and none is paired" in await terminal.run(unit.app, "list")
    terminal.hub.hub.trust.pair(KEY, "Table 4", How.CODE, "Zoé", "127.0.0.1", 1_000)
    listed = await terminal.run(unit.app, "list")
    for part in (UNIT, "Table 4", "code", "Zoé", "away"):
        assert part in listed
    renamed = await terminal.run(unit.app, "rename", "table 4", "Balcony")
    assert renamed == "Table 4 is called Balcony now\n"
    assert UNIT in await terminal.run(unit.app, "revoke", UNIT[:5])
    assert terminal.hub.hub.trust.units() == ()


async def test_invitations_are_made_listed_and_revoked(terminal: Terminal) -> None:
    assert "no invitation" in await terminal.run(invite.app, "main", "--list")
    made = await terminal.run(invite.app, "main", "--role", "cohost", "--name", "Zoé")
    assert "/host#r=main&k=" in made
    assert "(invitation 1)" in made
    listed = await terminal.run(invite.app, "main", "--list")
    assert "cohost" in listed
    assert "Zoé" in listed
    assert "k=" not in listed, "its secret is told once"
    assert "1 is void" in await terminal.run(invite.app, "main", "--revoke", "1")
    assert "no invitation" in await terminal.run(invite.app, "main", "--list")


WRONG: list[tuple[typer.Typer, tuple[str, ...], str]] = [
    (session.app, ("revoke", "0" * 16), "parvis session list"),
    (session.app, ("link", "--hub", "http://127.0.0.1:9"), "no hub answers"),
    (unit.app, ("pair", "Table 9", "K7QW3MPD"), "no unit 'Table 9' waits here"),
    (unit.app, ("accept", "Table 4"), "no unit 'Table 4' waits here"),
    (unit.app, ("identify", "Table 9"), "no unit 'Table 9' waits here or is paired here"),
    (unit.app, ("identify", UNIT), "the hub says no: no unit of this fingerprint is connected"),
    (unit.app, ("revoke", "Table 9"), "no unit 'Table 9' is paired here"),
    (unit.app, ("rename", "Table", "x"), "several units called 'Table': say which"),
    (unit.app, ("rename", UNIT, "x" * 41), "the hub says no: name"),
    (invite.app, ("main",), "say one of --role ROLE, --list and --revoke NUMBER"),
    (invite.app, ("main", "--role", "king"), "--role is audience, speaker, cohost, host or screen"),
    (invite.app, ("main", "--list", "--name", "Zoé"), "--name goes with --role"),
    (invite.app, ("attic", "--list"), "no such room"),
    (invite.app, ("../x", "--list"), "the hub says no"),
    (invite.app, ("main", "--revoke", "9"), "the hub says no"),
]


async def test_what_is_wrong_is_told_in_one_line(terminal: Terminal) -> None:
    terminal.hub.hub.trust.pair(KEY, "Table", How.CODE, "Zoé", "127.0.0.1", 1_000)
    terminal.hub.hub.trust.pair(bytes(32), "Table", How.CODE, "Zoé", "127.0.0.1", 1_000)
    for app, words, line in WRONG:
        with pytest.raises(UserError, match=line) as told:
            await terminal.run(app, *words)
        assert "\n" not in str(told.value), words


@dataclass
class Asked:
    """A hub whose units change from one look to the next."""

    looks: list[dict[str, Any]]
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        if (method, path) == ("GET", "/units"):
            return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        self.sent.append((method, path, body))
        return {}


def waits(state: str, first_use: bool = False) -> dict[str, Any]:
    one = {"unit": UNIT, "name": "Table 4", "state": state, "first_use": first_use}
    return {"waiting": [{**one, "address": "::1", "tries_left": 4}], "paired": []}


PAIRED = {"waiting": [], "paired": [{"unit": UNIT, "name": "Table 4"}]}
NOBODY: dict[str, Any] = {"waiting": [], "paired": []}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked([])
    monkeypatch.setattr(unit, "client", lambda *_: asked)
    monkeypatch.setattr(unit, "LOOK_EVERY_S", 0.0)
    return asked


def test_a_pairing_is_followed_to_its_end(ask: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    ask.looks = [waits("waiting"), waits("asked"), waits("press"), waits("press"), PAIRED]
    unit.app(["pair", "table 4", "k7qw-3mpd"], standalone_mode=False)
    assert ask.sent == [("POST", f"/units/{UNIT}/pair", {"code": "k7qw-3mpd"})]
    assert capsys.readouterr().out.splitlines() == [
        "the code was sent to the unit",
        "press the unit's button now",
        "Table 4 is paired",
    ]
    ask.looks = [waits("waiting"), waits("press", first_use=True), PAIRED]
    unit.app(["accept", UNIT], standalone_mode=False)
    assert "hold the unit's button for three seconds" in capsys.readouterr().out
    ask.looks = [waits("waiting")]
    unit.app(["identify", "Table 4"], standalone_mode=False)
    assert capsys.readouterr().out == "Table 4 blinks\n"


@pytest.mark.parametrize(
    ("looks", "line"),
    [
        ([waits("wrong_code")], r"not the code of its label \(4 tries left\)"),
        ([waits("press"), waits("refused:not_pressed")], "nobody pressed its button"),
        ([waits("refused:no_code")], "accept it with parvis unit accept"),
        ([waits("refused:new_word")], "new_word"),
        ([waits("asked"), NOBODY], "went away"),
        ([waits("asked"), waits("waiting")], "did not answer"),
    ],
)
def test_why_nothing_came_of_it_is_told(ask: Asked, looks: list[dict[str, Any]], line: str) -> None:
    ask.looks = [waits("waiting"), *looks]
    with pytest.raises(UsageError, match=line) as told:
        unit.app(["pair", "Table 4", "K7QW3MPD"], standalone_mode=False)
    assert "\n" not in str(told.value)


def test_a_hub_that_is_gone(tmp_path: Path) -> None:
    DataFolder.open(tmp_path).secrets()
    with pytest.raises(HubUnreachable, match="no hub runs"):
        session.app(["list", "--data", str(tmp_path)], standalone_mode=False)


@pytest.mark.parametrize(
    ("version", "update", "shown"),
    [
        (None, None, "-"),
        ("1.2.0", None, "1.2.0"),
        ("1.2.0", ("done", None, None), "1.2.0"),
        ("1.2.0", ("fetching", 62, None), "1.2.0; 1.3.0 fetching 62 %"),
        ("1.2.0", ("refused", None, "card_full"), "1.2.0; 1.3.0 refused (card full)"),
    ],
)
def test_a_units_program_is_listed(
    version: str | None, update: tuple[str, int | None, str | None] | None, shown: str
) -> None:
    from parvis_server.commands.unit import _program

    told = None
    if update is not None:
        step, percent, fault = update
        told = {"step": step, "version": "1.3.0", "percent": percent, "fault": fault}
    assert _program({"version": version, "update": told}) == shown
