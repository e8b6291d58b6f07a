"""Whoever breaks the protocol is told why and closed; nobody else notices."""

import json
import logging
import random
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import Peer, host_credential, joined, packet_of, peer
from parvis_server.config import LimitSettings
from parvis_server.net import endpoints
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import (
    MAX_LISTENER_MESSAGE_BYTES,
    MAX_UNIT_MESSAGE_BYTES,
    Ack,
    HostCredential,
    Join,
    Level,
    Report,
    Role,
    Rung,
    serialize,
)
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import (
    CheckSound,
    SetSharing,
    TimeRequest,
    UnitTraits,
)

JOIN: dict[str, Any] = {"type": "join", "version": 1, "role": "listener"}
UNIT_JOIN: dict[str, Any] = {"type": "join", "version": 1, "role": "unit", "unit": {}}
SPEAKER_JOIN: dict[str, Any] = {"type": "join", "version": 1, "role": "speaker", "speaker": {}}

ROLES = {"listen": Role.LISTENER, "unit": Role.UNIT, "speak": Role.SPEAKER}

DOCUMENTED = {int(code) for code in CloseCode} | {1002, 1007}
"""RFC 6455 gives the two others: not a WebSocket frame, text that is not UTF-8."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


async def first_message(url: str, message: str | bytes) -> tuple[int, str]:
    """Close code and text for a connection that begins with ``message``."""
    async with peer(url) as client:
        await client.socket.send(message)
        code, failures = await client.until_closed()
        return code, failures[0].text if failures else ""


@pytest.mark.parametrize(
    ("endpoint", "join", "code", "words"),
    [
        ("listen", {"type": "raise_hand", "id": "1"}, CloseCode.MALFORMED, "must be a join"),
        ("listen", {"hello": "there"}, CloseCode.MALFORMED, "type"),
        ("listen", {**JOIN, "version": 2}, CloseCode.VERSION, "version 1"),
        ("listen", {**JOIN, "room": "attic"}, CloseCode.ROOM_CLOSED, "no such room"),
        ("listen", {**JOIN, "role": "host"}, CloseCode.UNAUTHORISED, "missing"),
        ("listen", UNIT_JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("unit", JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("unit", {**UNIT_JOIN, "unit": None}, CloseCode.MALFORMED, "unit: present"),
        ("listen", {**JOIN, "unit": {}}, CloseCode.MALFORMED, "unit: present"),
        ("listen", {**JOIN, "speaker": {}}, CloseCode.MALFORMED, "speaker: present"),
        ("listen", SPEAKER_JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("unit", SPEAKER_JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("speak", UNIT_JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("speak", JOIN, CloseCode.FORBIDDEN, "may not use this endpoint"),
        ("speak", {**SPEAKER_JOIN, "speaker": None}, CloseCode.MALFORMED, "speaker: present"),
        ("speak", {**SPEAKER_JOIN, "stream": "x"}, CloseCode.UNAUTHORISED, "such a stream"),
        (
            "listen",
            {**JOIN, "role": "host", "credential": {"kind": "host", "secret": "guess"}},
            CloseCode.UNAUTHORISED,
            "wrong",
        ),
    ],
)
async def test_a_join_that_cannot_be_is_refused(
    hub: LiveHub, endpoint: str, join: dict[str, Any], code: CloseCode, words: str
) -> None:
    got, text = await first_message(getattr(hub, endpoint), json.dumps(join))
    assert got == code
    assert words in text
    assert hub.hub.rooms.faults[code] == 1


@pytest.mark.parametrize("endpoint", ["listen", "unit", "speak"])
async def test_the_first_message_is_text(hub: LiveHub, endpoint: str) -> None:
    assert (await first_message(getattr(hub, endpoint), b"\x80"))[0] == CloseCode.MALFORMED


async def test_somebody_who_does_not_join_is_closed(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert endpoints.JOIN_TIMEOUT_S == 5
    monkeypatch.setattr(endpoints.Endpoint.__init__, "__defaults__", (0.05,))
    async with live_hub(tmp_path / "impatient") as impatient, peer(impatient.listen) as silent:
        code, [failure] = await silent.until_closed()
        assert code == CloseCode.JOIN_TIMEOUT
        assert "no join" in failure.text


async def test_too_many_who_have_not_joined_are_turned_away(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MAX_WAITING", 1)
    async with peer(hub.listen) as first, peer(hub.listen) as second:
        assert (await second.until_closed())[0] == CloseCode.RATE
        await first.join()


async def test_a_full_house_says_so(tmp_path: Path) -> None:
    limits = LimitSettings(listeners=1, units=1, speakers=1)
    async with (
        live_hub(tmp_path, limits=limits) as hub,
        joined(hub.listen),
        joined(hub.unit, Role.UNIT),
        joined(hub.speak, Role.SPEAKER),
    ):
        joins = ((hub.listen, JOIN), (hub.unit, UNIT_JOIN), (hub.speak, SPEAKER_JOIN))
        for url, join in joins:
            code, text = await first_message(url, json.dumps(join))
            assert code == CloseCode.RATE
            assert "full" in text or "already" in text
        async with joined(hub.listen, Role.HOST, credential=HostCredential(secret=hub.secret)):
            pass


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (Role.LISTENER, "{"),
        (Role.LISTENER, '{"type":"fly","id":"1"}'),
        (Role.LISTENER, json.dumps(JOIN)),
        (Role.LISTENER, serialize(Level(level_dbfs=-3))),
        (Role.LISTENER, b"\x80\x6f"),
        (Role.UNIT, json.dumps(UNIT_JOIN)),
        (
            Role.UNIT,
            serialize(Report(rung=Rung.WORKLET, buffer_ms=1, played_ms=1, underruns=0)),
        ),
        (Role.UNIT, b"\x80\x6f"),
        (Role.UNIT, b""),
        (Role.UNIT, RtpPacket(sequence=1, timestamp=1, ssrc=1, payload=b"x").serialize()),
        (Role.UNIT, serialize(SetSharing(id="1", on=False))),
        (Role.SPEAKER, json.dumps(SPEAKER_JOIN)),
        (Role.SPEAKER, b"\x80\x6f"),
        (Role.SPEAKER, RtpPacket(sequence=1, timestamp=1, ssrc=1, payload=b"x").serialize()),
        (Role.SPEAKER, serialize(CheckSound(id="1", participant="p"))),
        (Role.SPEAKER, '{"type":"capture_time","timestamp":-1,"hub_ns":1,"rtt_ms":1}'),
        (Role.SPEAKER, '{"type":"time_request","client_ns":1e300}'),
        (Role.SPEAKER, '{"type":"output_report","delay_ms":NaN}'),
    ],
)
async def test_a_message_that_cannot_be_ends_its_connection(
    hub: LiveHub, role: Role, message: str | bytes
) -> None:
    url = {Role.UNIT: hub.unit, Role.SPEAKER: hub.speak}.get(role, hub.listen)
    async with joined(hub.listen) as neighbour, joined(url, role) as offender:
        await offender.socket.send(message)
        code, [failure] = await offender.until_closed()
        assert code == failure.code == CloseCode.MALFORMED
        assert failure.text
        assert (await neighbour.do(RaiseHand, name="Ada")).refused is None


@pytest.mark.parametrize(
    ("endpoint", "limit"),
    [
        ("listen", MAX_LISTENER_MESSAGE_BYTES),
        ("unit", MAX_UNIT_MESSAGE_BYTES),
        ("speak", MAX_UNIT_MESSAGE_BYTES),
    ],
)
async def test_each_endpoint_has_its_largest_message(
    hub: LiveHub, endpoint: str, limit: int
) -> None:
    url, role = getattr(hub, endpoint), ROLES[endpoint]
    async with joined(url, role) as client:
        fits = serialize(RaiseHand(id="1", name="Ada"))
        await client.socket.send(fits + " " * (limit - len(fits)))
        assert (await client.until(Ack)).id == "1"
        await client.socket.send(fits + " " * (limit - len(fits) + 1))
        assert (await client.until_closed())[0] == CloseCode.TOO_BIG


async def test_text_that_is_not_utf_8_ends_the_connection(hub: LiveHub) -> None:
    broken = Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True)
    async with joined(hub.listen) as after, peer(hub.listen) as before:
        for client in (after, before):
            client.socket.transport.write(broken)
            assert (await client.until_closed())[0] == 1007


async def test_a_message_in_endless_fragments_ends_the_connection(hub: LiveHub) -> None:
    async with joined(hub.listen) as client:
        start = Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True)
        more = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
        client.socket.transport.write(start + more * 1000)
        assert (await client.until_closed())[0] == CloseCode.TOO_BIG


async def test_a_message_in_fragments_is_one_message(hub: LiveHub) -> None:
    async with joined(hub.listen) as client:
        text = serialize(RaiseHand(id="1", name="Ada"))
        await client.socket.send([text[:10], text[10:20], text[20:]])
        assert (await client.hear()).type == "change"  # type: ignore[union-attr]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
async def test_a_proxy_on_this_machine_lets_no_strange_unit_in(hub: LiveHub, header: str) -> None:
    async with peer(hub.unit, additional_headers={header: "198.51.100.7"}) as stranger:
        await stranger.socket.send(json.dumps(UNIT_JOIN))
        assert (await stranger.until_closed())[0] == CloseCode.FORBIDDEN
    async with peer(hub.speak, additional_headers={header: "198.51.100.7"}) as stranger:
        await stranger.socket.send(json.dumps(SPEAKER_JOIN))
        assert (await stranger.until_closed())[0] == CloseCode.FORBIDDEN


async def test_the_address_of_units_and_speakers_decides_unless_the_house_is_open(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("parvis_server.net.admission.is_loopback", lambda address: False)
    monkeypatch.setattr("parvis_server.net.admission.Peer.is_this_machine", False)
    for url, join in ((hub.unit, UNIT_JOIN), (hub.speak, SPEAKER_JOIN)):
        code, text = await first_message(url, json.dumps(join))
        assert code == CloseCode.FORBIDDEN
        assert "--open-house" in text
        assert join["role"] in text
    async with (
        live_hub(tmp_path / "open", open_house=True) as open_house,
        joined(open_house.unit, Role.UNIT),
        joined(open_house.speak, Role.SPEAKER),
    ):
        pass


async def test_our_own_mistake_is_logged_and_told_to_nobody(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a detail of the hub's insides")

    async with joined(hub.listen) as client, joined(hub.listen) as neighbour:
        with monkeypatch.context() as patch:
            patch.setattr(hub.live, "command", broken)
            await client.say(RaiseHand(id="1", name="Ada"))
            assert await client.until_closed() == (1011, [])
            patch.setattr(hub.live, "enter", broken)
            async with peer(hub.listen) as late:
                await late.say(Join(version=1, role=Role.LISTENER))
                code, failures = await late.until_closed()
                assert (code, failures) == (1011, [])
        assert "insides" in caplog.text
        assert "insides" not in (client.socket.close_reason or "")
        assert (await neighbour.do(RaiseHand, name="Ada")).refused is None


def nonsense(source: random.Random, welcomed: Peer | None) -> str | bytes:
    """A message that somebody broken or hostile might send."""
    text = source.choice(
        [
            serialize(RaiseHand(id="x", name="Ada")),
            json.dumps(JOIN),
            json.dumps(UNIT_JOIN),
            json.dumps(SPEAKER_JOIN),
            serialize(TimeRequest(client_ns=1)),
            '{"type":"capture_time","timestamp":1,"hub_ns":9223372036854775807,"rtt_ms":1}',
            '{"type":"output_report","delay_ms":-1,"buffer_ms":1,"underruns":0}',
            '{"type":"set_lift","id":"1","zone":"../","on":true}',
            serialize(Level(level_dbfs=-20)),
            json.dumps({"type": "give_floor", "id": "1", "participant": "p" * 40}),
            json.dumps({"type": "lower_hand", "id": ["1"], "participant": {}}),
            "[" * 2000,
            "1e999",
            '{"type":"raise_hand","id":"1","name":"\\ud800"}',
            '{"type":"level","level_dbfs":NaN}',
            "null",
            "",
        ]
    )
    packet = packet_of(welcomed, source.randrange(1 << 16)) if welcomed else b"\x80\x6f" + bytes(12)
    kind = source.randrange(6)
    if kind == 0:
        return text[: source.randrange(len(text) + 1)]
    if kind == 1:
        return packet[: source.randrange(len(packet) + 1)]
    if kind == 2:
        return source.randbytes(source.randrange(64))
    if kind == 3:
        return struct.pack("!BBHII", 0x9F, 0xEF, 1, 2, 3) + source.randbytes(source.randrange(90))
    if kind == 4:
        size = source.randrange(30_000)
        return "x" * size if source.random() < 0.5 else bytes(size)
    return text


@pytest.mark.parametrize("endpoint", ROLES)
async def test_a_thousand_broken_messages_disturb_nobody(
    hub: LiveHub, endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = random.Random(5)
    url, role = getattr(hub, endpoint), ROLES[endpoint]
    sent = 0
    codes: set[int] = set()
    async with (
        joined(hub.listen) as neighbour,
        joined(hub.unit, Role.UNIT, unit=UnitTraits(always_open=True)) as table,
        joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)) as host,
    ):
        while sent < 1000:
            async with peer(url) as offender:
                welcomed = None
                if source.random() < 0.7:
                    welcomed = await offender.join(role)
                try:
                    for _ in range(8):
                        await offender.socket.send(
                            nonsense(source, None if role is Role.LISTENER else welcomed)
                        )
                        sent += 1
                    await offender.socket.send("the last straw")
                except ConnectionClosed:
                    pass
                code, _ = await offender.until_closed()
                codes.add(code)
            if sent % 100 < 8:
                await table.socket.send(packet_of(table, sent))
                hub.engine.say()
        await neighbour.do(RaiseHand, name="Ada")
        await host.do(RaiseHand)
        said = hub.live.fanout.counts.sound_frames
        while len(neighbour.packets) < said:
            await neighbour.hear()
        assert [packet.sequence for packet in neighbour.packets] == list(range(said)), "no gap"
        assert len(hub.engine.packets) == said
        assert hub.live.room.view == await host.until_seq(hub.live.room.view.seq)
    assert codes <= DOCUMENTED
    assert {CloseCode.MALFORMED, CloseCode.TOO_BIG} <= codes
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_the_log_names_units_and_who_was_turned_away_but_is_no_flood(
    hub: LiveHub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "parvis_server"):
        async with joined(hub.unit, Role.UNIT, name="Table 7"):
            pass
        for _ in range(endpoints.TOLD_AT_ONCE + 5):
            await first_message(hub.listen, '{"type":"a\\nlie"}')
    told = [record.getMessage() for record in caplog.records]
    assert "unit Table 7 joined from 127.0.0.1" in told
    assert "unit Table 7 is away" in told
    turned_away = [line for line in told if "turned away" in line]
    assert "127.0.0.1" in turned_away[0] and "4000" in turned_away[0]
    assert endpoints.TOLD_AT_ONCE <= len(turned_away) < endpoints.TOLD_AT_ONCE + 5
    assert not any("\n" in line for line in told)
