"""Whoever is revoked: nothing of them counts from that moment, and 100 of 100 comings back fail.

For listeners, speakers and operators, over real sockets; units have theirs in
``test_paired_units``. What came before the end is told apart by the packets that the mixer took and
by the acts that the room took, not by a clock; how long the end itself takes is held against a
second of our own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from fakes.far_microphone import grant, host, own
from fakes.house import claimed_hub, eventually
from fakes.live_hub import LiveHub
from fakes.machine import MachineWatch
from fakes.operators import PASSWORD
from fakes.peer import Peer, joined, packet_of, peer, resume
from parvis_server.net.api.operators import utc_ms
from parvis_server.room.permissions import OPERATOR
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import (
    Block,
    Command,
    Describe,
    MakeInvite,
    RaiseHand,
    RevokeInvite,
    TakeFloor,
)
from parvis_wire.floor import About, Access, InviteRole
from parvis_wire.messages import PROTOCOL_VERSION, InviteCredential, Join, Role
from parvis_wire.stage import SpeakerTraits

RECONNECTS = 100
SOON_S = 1.0
REFUSED = {CloseCode.FORBIDDEN, CloseCode.UNAUTHORISED, CloseCode.ROOM_CLOSED}
"""Or ``RATE``: what the thirtieth wrong try of a minute is told. A right one still opens then."""


@dataclass
class Revocable:
    """Somebody who is in and does something, and how their right to it ends."""

    connections: list[Peer]
    """All of theirs; the first is the one that speaks, if they speak."""
    speaks: bool
    end: Callable[[], None]
    url: str
    ways_back: list[dict[str, Any]]
    """What they may show when they come again."""


def act(hub: LiveHub, command: Command) -> None:
    """The hub's operator acts."""
    acks: list[Any] = []
    hub.live.command(OPERATOR, command, acks.append)
    assert acks[0].refused is None, acks[0]


def invitation(hub: LiveHub, role: InviteRole) -> InviteCredential:
    act(hub, MakeInvite(id=token_hex(8), role=role))
    return InviteCredential(token=hub.hub.keys.invite_token("main", 1, role))


@asynccontextmanager
async def listener_shown_out(hub: LiveHub) -> AsyncIterator[Revocable]:
    async with joined(hub.listen) as phone:
        assert (await phone.do(RaiseHand, name="Ada")).refused is None
        out = Block(id=token_hex(8), participant=phone.participant, out=True)
        back = {"role": Role.LISTENER, "credential": resume(phone)}
        yield Revocable([phone], False, lambda: act(hub, out), hub.listen, [back])


@asynccontextmanager
async def listener_by_invitation(hub: LiveHub) -> AsyncIterator[Revocable]:
    act(hub, Describe(id=token_hex(8), about=About(title="Board", access=Access.CLOSED)))
    invite = invitation(hub, InviteRole.AUDIENCE)
    void = RevokeInvite(id=token_hex(8), number=1)
    async with joined(hub.listen, credential=invite) as phone:
        assert (await phone.do(RaiseHand, name="Ada")).refused is None
        back: list[dict[str, Any]] = [
            {"credential": invite},
            {"credential": resume(phone)},
            {"credential": resume(phone), "invite": invite},
        ]
        ways = [{"role": Role.LISTENER, **one} for one in back]
        yield Revocable([phone], False, lambda: act(hub, void), hub.listen, ways)


@asynccontextmanager
async def speaker_by_invitation(hub: LiveHub) -> AsyncIterator[Revocable]:
    invite = invitation(hub, InviteRole.SPEAKER)
    void = RevokeInvite(id=token_hex(8), number=1)
    traits = SpeakerTraits(sends=True)
    async with joined(hub.speak, Role.SPEAKER, credential=invite, speaker=traits) as speaker:
        assert len(hub.engine.sources) == 1, "its microphone is in the mix"
        back: list[dict[str, Any]] = [
            {"credential": invite},
            {"credential": resume(speaker)},
            {"credential": resume(speaker), "invite": invite},
            {"credential": resume(speaker), "stream": speaker.welcome.stream},
        ]
        ways = [{"role": Role.SPEAKER, "speaker": traits, **one} for one in back]
        yield Revocable([speaker], True, lambda: act(hub, void), hub.speak, ways)


@asynccontextmanager
async def phone_on_stage(hub: LiveHub) -> AsyncIterator[Revocable]:
    async with host(hub) as run, joined(hub.listen) as phone:
        await grant(run, phone)
        mine: dict[str, Any] = {"speaker": own(phone)}
        async with joined(hub.speak, Role.SPEAKER, **mine) as mic:
            leg = {"stream": mic.welcome.stream, "credential": resume(mic)}
            async with joined(hub.speak, Role.SPEAKER, **mine, **leg) as second:
                assert (await mic.do(TakeFloor)).refused is None
                back: list[dict[str, Any]] = [
                    mine,
                    {**mine, **leg},
                    {**mine, "credential": resume(mic)},
                ]
                ways = [{"role": Role.SPEAKER, **one} for one in back]
                out = Block(id=token_hex(8), participant=phone.participant, out=True)
                theirs = [mic, second, phone]
                yield Revocable(theirs, True, lambda: act(hub, out), hub.speak, ways)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path) as running:
        yield running


async def turned_away(url: str, join: dict[str, Any]) -> bool:
    """Whether somebody who comes with this is refused, with a reason, and is told nothing else."""
    async with peer(url) as again:
        await again.say(Join.model_validate({"version": PROTOCOL_VERSION, **join}))
        code, failures = await again.until_closed()
        alone = len(again.heard) == len(failures) == 1 and failures[0].text != ""
        return alone and code in {*REFUSED, CloseCode.RATE}


@pytest.mark.parametrize(
    "who", [listener_shown_out, listener_by_invitation, speaker_by_invitation, phone_on_stage]
)
async def test_nothing_counts_any_more_and_nobody_comes_back(
    hub: LiveHub, machine: MachineWatch, who: Callable[[LiveHub], Any]
) -> None:
    async with who(hub) as one:
        if one.speaks:
            speaking = one.connections[0]
            await speaking.socket.send(packet_of(speaking, 1))
            await eventually(lambda: len(hub.engine.packets) == 1)
        began = time.monotonic()
        one.end()
        assert hub.live.room.view.floor == (), "no turn from that very moment"
        assert hub.engine.sources == (), "nor a voice in the mix"
        for connection in one.connections:
            with contextlib.suppress(ConnectionClosed):
                if one.speaks:
                    await connection.socket.send(packet_of(one.connections[0], 2))
                await connection.say(RaiseHand(id=token_hex(8), name="Ada again"))
            code, failures = await connection.until_closed()
            assert code in REFUSED
            assert failures[-1].text
        took_s = time.monotonic() - began
        machine.assert_within(SOON_S, began, "gone")
        assert len(hub.engine.packets) == one.speaks, "the last that is heard came before the end"
        assert "Ada again" not in str(hub.live.room.view)
        away = [
            await turned_away(one.url, one.ways_back[number % len(one.ways_back)])
            for number in range(RECONNECTS)
        ]
        print(f"\n{who.__name__}: gone in {took_s * 1000:.0f} ms; {sum(away)} of {len(away)} out")
        assert away == [True] * RECONNECTS
        assert hub.engine.sources == ()


async def test_a_revoked_operator_does_nothing_any_more(hub: LiveHub) -> None:
    """A session has no connection that lasts: its right is asked at every request."""
    api = f"{hub.http}/api/v1"
    async with httpx.AsyncClient(base_url=api, trust_env=False) as http:

        async def sign_up(name: str) -> tuple[dict[str, str], str]:
            secret = hub.hub.trust.new_setup_secret(utc_ms())
            made = await http.post("/claim", json={"secret": secret, "name": name})
            return {"Authorization": f"Bearer {made.json()['token']}"}, made.json()["session"]["id"]

        zoe, _ = await sign_up("Zoé")
        ben, session = await sign_up("Ben")
        retitled = await http.patch("/rooms/main", json={"title": "Ben's"}, headers=ben)
        assert retitled.is_success, "an operator until then"
        assert (await http.delete(f"/sessions/{session}", headers=zoe)).status_code == 204
        tries: list[tuple[str, str, Any]] = [
            ("PATCH", "/rooms/main", {"title": "Ben again"}),
            ("GET", "/units", None),
            ("POST", "/setup", None),
            ("POST", "/rooms/main/invitations", {"role": "host"}),
            ("POST", "/sessions", {"password": PASSWORD, "name": "Ben"}),
            ("GET", "/sessions", None),
        ]
        answers = []
        for number in range(RECONNECTS):
            method, path, body = tries[number % len(tries)]
            answers.append(await http.request(method, path, json=body, headers=ben))
        told = {(one.status_code, one.json()["code"]) for one in answers[: len(tries)]}
        assert told == {(401, "unauthorised"), (409, "no_password")}
        assert {one.status_code for one in answers} <= {401, 409, 429}, "then also: too many tries"
        about = hub.live.room.view.about
        assert about is not None and about.title == "Ben's"
        assert (await http.get("/house", headers=zoe)).is_success, "nobody else's ends"
