"""Who may do what, over real sockets: every message of every part, in every mode of the floor.

The expectations are the table of ``permissions``, and what is no command beside it. A refusal says
why; what is refused changes nothing, opens nothing, and lets no packet through.
"""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from fakes.live_hub import live_hub
from fakes.machine import MachineWatch
from fakes.peer import peer, resume
from fakes.role_table import COMMANDS, KINDS, STAGE_COMMANDS, Actor, Answer, RoleTable, sample
from parvis_server.net.rate import TokenBucket
from parvis_server.room.permissions import FLOOR_ACTS, PERMITTED, Part
from parvis_wire import commands as c
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import FloorMode, InviteRole, Phase, Rank
from parvis_wire.messages import PROTOCOL_VERSION, Join, RefusalCode, Role
from parvis_wire.room_view import RoomView

LISTENING = frozenset({Part.HOST, Part.COHOST, Part.AUDIENCE})
SOUNDING = frozenset({Part.UNIT, Part.HOST_UNIT, Part.SPEAKER, Part.PHONE})
BESIDES = {
    **dict.fromkeys(("here", "react", "token_kept"), LISTENING),
    "report": LISTENING | {Part.SCREEN},
    **dict.fromkeys(("time_request", "capture_time", "output_report", "level"), SOUNDING),
    "update_report": frozenset({Part.UNIT, Part.HOST_UNIT}),
    **dict.fromkeys(("join", "proof", "pair_share", "pair_pressed", "pair_refused"), frozenset()),
}
"""What is no command, and who may say it once they have joined."""
NOBODYS_RIGHT = {RefusalCode.NOT_ALLOWED, RefusalCode.WRONG_MODE}


@pytest.fixture
async def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RoleTable]:
    # Hundreds of messages a second are not what is tried here.
    monkeypatch.setattr(TokenBucket, "take", lambda bucket, units, now_ns: True)
    async with live_hub(tmp_path) as hub, AsyncExitStack() as stack:
        filled = RoleTable(hub, stack)
        await filled.fill()
        yield filled
        filled.vanish()


def expected(actor: Actor, kind: str, mode: FloorMode) -> RefusalCode | CloseCode | None:
    """Why this message of this actor is refused; None: not by the table."""
    if actor.second:
        return CloseCode.MALFORMED
    if actor.part is Part.SCREEN and kind != "report":
        return CloseCode.FORBIDDEN
    if kind in BESIDES:
        return None if actor.part in BESIDES[kind] else CloseCode.MALFORMED
    if kind in STAGE_COMMANDS:
        if actor.part in SOUNDING:
            return CloseCode.MALFORMED
        return None if actor.part in (Part.HOST, Part.COHOST) else RefusalCode.NOT_ALLOWED
    rows = [PERMITTED[kind][part] for part in actor.parts if part in PERMITTED[kind]]
    if not rows:
        return RefusalCode.NOT_ALLOWED
    if not any(mode in row for row in rows):
        return RefusalCode.WRONG_MODE
    if kind == "raise_hand" and actor.blocked:
        return RefusalCode.BLOCKED
    if kind == "take_floor" and _has_no_turn(actor, mode):
        return RefusalCode.NO_TURN
    return None


def _has_no_turn(actor: Actor, mode: FloorMode) -> bool:
    """Whether a press opens nothing: no turn waits for it, and the mode gives it no right."""
    if actor.part is Part.PHONE:
        return actor.is_live
    return mode not in PERMITTED["open_microphone"].get(actor.part, frozenset())


def fits(answer: Answer, wanted: RefusalCode | CloseCode | None) -> bool:
    """Whether it came out so; a refusal says why."""
    if isinstance(wanted, CloseCode):
        return answer.closed == wanted and bool(answer.text)
    if wanted is None:
        return answer.closed is None and answer.refused not in NOBODYS_RIGHT
    return answer.refused is wanted and bool(answer.text)


def test_every_message_that_a_client_may_send_is_in_a_table() -> None:
    assert set(KINDS) == set(COMMANDS) | set(STAGE_COMMANDS) | set(BESIDES)


async def test_everybody_may_do_what_the_table_says_and_nothing_else(table: RoleTable) -> None:
    surprises: list[tuple[object, ...]] = []
    both = ("invited speaker", "listener")
    told = {name: (await table.peer(name)).welcome.speaker for name in both}
    assert told == {"invited speaker": True, "listener": False}, "their page shows the buttons"
    for mode in FloorMode:
        await table.set_mode(mode)
        for name in table.actors:
            for kind in sorted(KINDS) if mode is FloorMode.HOST else COMMANDS:
                await table.ready(name)
                wrong = await _cell(table, name, kind)
                surprises += [(mode.value, name, kind, *wrong)] if wrong else []
    assert not surprises, "\n".join(map(repr, surprises))


async def _cell(table: RoleTable, name: str, kind: str) -> tuple[object, ...]:
    """What is not as the table says; nothing: all is."""
    actor, hub = table.actors[name], table.hub
    wanted = expected(actor, kind, table.mode)
    before, packets = hub.live.room.view, len(hub.engine.packets)
    if kind == "take_floor" and actor.sounds and not actor.is_live:
        await table.send_packets(name)
    answer = await table.say(name, sample(kind, actor.part, table.mode))
    if not fits(answer, wanted):
        return (wanted, answer)
    if wanted is not None and shown(hub.live.room.view) != shown(before):
        return ("something changed", answer)
    if len(hub.engine.packets) != packets:
        return ("packets without the floor", answer)
    return ()


async def test_what_a_command_may_come_to_is_in_the_table_too(table: RoleTable) -> None:
    """Ending the room, making hosts, and acting for others have rows or rules of their own."""
    new_host = {"id": "x", "participant": "nobody", "rank": Rank.HOST}
    acts = {
        "end_room": c.SetPhase(id="x", phase=Phase.ENDED),
        "make_hosts": c.SetRank.model_validate(new_host),
        "make_hosts by link": c.MakeInvite(id="x", role=InviteRole.HOST),
    }
    surprises = []
    for name, actor in table.actors.items():
        for act, command in acts.items():
            await table.ready(name)
            ending = actor.part is Part.HOST and act == "end_room"
            if ending or actor.second or actor.part is Part.SCREEN:
                continue
            answer = await table.say(name, renamed(command))
            may = actor.part in PERMITTED[act.split()[0]]
            if may is (answer.refused is RefusalCode.NOT_ALLOWED) or (not may and not answer.text):
                surprises.append((name, act, answer))
        if PERMITTED["next"].get(actor.part) is None and actor.part is not Part.SCREEN:
            hand = c.LowerHand(id="x", participant=(await table.peer("listener")).participant)
            for command in () if actor.second else (hand, c.LeaveSeat(id="x", participant="zoe")):
                answer = await table.say(name, renamed(command))
                if answer.refused is not RefusalCode.NOT_ALLOWED and name != "listener":
                    surprises.append((name, command.type, answer))
    assert surprises == []
    answer = await table.say("host", renamed(acts["end_room"]))
    assert (answer.refused, table.hub.live.room.view.phase) == (None, Phase.ENDED)
    assert table.hub.engine.sources == ()


async def test_before_a_room_begins_the_floor_is_nobodys(table: RoleTable) -> None:
    for phase in (Phase.BACKSTAGE, Phase.SCHEDULED):
        table.operate(c.SetPhase, phase=phase)
    assert table.hub.engine.sources == (), "the phone that was live is not heard"
    surprises = []
    for name, actor in table.actors.items():
        if actor.part is Part.PHONE:
            assert actor.peer is not None
            code, failures = await actor.peer.until_closed()
            assert code == CloseCode.FORBIDDEN, "its turn ended with the rehearsal"
            assert failures[0].text
            continue
        for kind in sorted(FLOOR_ACTS):
            wanted = expected(actor, kind, FloorMode.HOST)
            if wanted is None or wanted is RefusalCode.NO_TURN or actor.blocked:
                wanted = wanted if isinstance(wanted, CloseCode) else RefusalCode.NOT_LIVE
                if actor.part not in PERMITTED[kind]:
                    wanted = RefusalCode.NOT_ALLOWED
            answer = await table.say(name, sample(kind, actor.part, FloorMode.HOST))
            surprises += [] if fits(answer, wanted) else [(name, kind, wanted, answer)]
    assert surprises == []


async def test_a_revoked_co_host_is_out_at_once_and_stays_out(
    table: RoleTable, machine: MachineWatch
) -> None:
    peer = await table.peer("co-host")
    invite = table.invite_of_cohost()
    began = time.monotonic()
    table.operate(c.RevokeInvite, number=1)
    assert (await peer.until_closed())[0] == CloseCode.ROOM_CLOSED
    machine.assert_within(1.0, began, "out")
    for credential in (resume(peer), invite):
        async with joined_or_refused(table.hub.listen, credential) as code:
            assert code == CloseCode.UNAUTHORISED


async def test_over_http_the_operator_and_hosts_act_and_nobody_else(table: RoleTable) -> None:
    keys, room = table.hub.hub.keys, f"{table.hub.http}/api/v1/rooms/main"
    runs = {"operator": keys.operator_token, "host": table.hub.secret}
    others = {
        "co-host": table.invite_of_cohost().token,  # on the page, not here
        "audience": keys.audience_token("main"),
        "listener": (await table.peer("listener")).welcome.resume,
        "host of another room": keys.host_secret_of("other"),
        "made up": "x" * 22,
    }
    requests: list[tuple[str, str, dict[str, object]]] = [
        ("POST", "/acts", {"act": "next"}),
        ("POST", "/acts", {"act": "grant", "participant": "nobody"}),
        ("POST", "/acts", {"act": "dismiss", "participant": "nobody"}),
        ("POST", "/acts", {"act": "silence", "on": False}),
        ("PATCH", "", {"title": "Town hall"}),
        ("PUT", "/phase", {"phase": "live"}),
        ("POST", "/invitations", {"role": "audience"}),
        ("DELETE", "/invitations/999", {}),
    ]
    surprises = []
    async with httpx.AsyncClient(trust_env=False) as client:
        for who, secret in (runs | others).items():
            for method, path, body in requests:
                before = table.hub.live.room.view
                shown_secret = {"Authorization": f"Bearer {secret}"}
                answer = await client.request(
                    method, room + path, json=body or None, headers=shown_secret
                )
                may = answer.status_code in (200, 201, 204, 409)
                unchanged = shown(table.hub.live.room.view) == shown(before)
                refused = answer.status_code == 401 and answer.json()["text"] and unchanged
                if not (may if who in runs else refused):
                    surprises.append((who, method, path, body, answer.text))
    assert not surprises, surprises


def renamed(command: Wire) -> Wire:
    """The same under an id of its own."""
    return command.model_copy(update={"id": token_hex(8)})


@asynccontextmanager
async def joined_or_refused(url: str, credential: object) -> AsyncIterator[int]:
    """The code with which a host's join is refused."""
    async with peer(url) as client:
        join = {"version": PROTOCOL_VERSION, "role": Role.HOST, "credential": credential}
        await client.say(Join.model_validate({**join, "room": "main"}))
        yield (await client.until_closed())[0]


def shown(view: RoomView) -> RoomView:
    """All of it but what time alone changes: a fault's connection is away, *undo* is over."""
    floor = (turn.model_copy(update={"away": False, "reminded": False}) for turn in view.floor)
    desk = view.desk and view.desk.model_copy(update={"undo": None})
    return view.model_copy(update={"seq": 0, "floor": tuple(floor), "desk": desk})
