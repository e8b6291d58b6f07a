"""The bench beside other servers: its ears, Mumble's protocol, and what cannot be measured."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import peer_servers
from fakes.peer_servers import mumble
from fakes.peer_servers.talker import (
    CHIRP_EVERY_MS,
    PTIME_MS,
    PTIME_NS,
    PTIME_SAMPLES,
    Talker,
    as_opus,
    one_stream,
)
from fakes.processes import ProcessError, running
from parvis_audio.measure import chirp_train
from parvis_server.listen.voice import Voice
from parvis_wire.rtp import RtpPacket

MS = 1_000_000
SECONDS = 8.0


def _load() -> ModuleType:
    """The bench's own script, which is no module of a package."""
    path = Path(__file__).parents[2] / "bench/peers.py"
    spec = importlib.util.spec_from_file_location("bench_peers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


peers = _load()


def told(server_ms: float, *, lose: frozenset[int] = frozenset()) -> tuple[Talker, Talker]:
    """One who said chirps, and one who got every packet so much later."""
    chirps = chirp_train(SECONDS, CHIRP_EVERY_MS)[0]
    one, other = Talker(Voice(chirps, loop=False)), Talker(Voice(chirps, loop=False))
    number = 0
    while (packet := one.voice.packet(number, 7, PTIME_MS)) is not None:
        at_ns = 10**9 + number * PTIME_NS
        one.sent_ns.append(at_ns)
        if number not in lose:
            other.hear(packet, at_ns + round(server_ms * MS))
        number += 1
    return one, other


@pytest.mark.parametrize("server_ms", [3.0, 50.0])
def test_a_delay_is_found_by_ear_and_by_packet(server_ms: float) -> None:
    one, other = told(server_ms)
    by_packet = one.packet_to_packet_ms(other)
    assert len(by_packet) == int(SECONDS * 1000 / CHIRP_EVERY_MS) + 1
    lookahead_ms = 6.5  # of the VOIP encoder
    for delay in by_packet[:-1]:
        assert delay == pytest.approx(server_ms + lookahead_ms, abs=0.5)
    by_ear = [delay for delay in one.mouth_to_ear_ms(other)[2:-1] if delay is not None]
    assert len(by_ear) >= 4
    # A packet's own time, and a remote speaker's playout, which comes down from 80 ms to 40.
    own_ms = server_ms + lookahead_ms + PTIME_MS
    for delay in by_ear:
        assert own_ms + 40 <= delay <= own_ms + 90


def test_a_chirp_that_never_came_is_missed_and_no_other_one_taken_for_it() -> None:
    second = round(CHIRP_EVERY_MS / PTIME_MS)
    one, other = told(5.0, lose=frozenset(range(second - 1, second + 4)))
    assert [delay is None for delay in one.packet_to_packet_ms(other)[:3]] == [False, True, False]
    assert one.mouth_to_ear_ms(other)[1] is None


def test_who_heard_nothing_has_no_delays() -> None:
    one, _ = told(5.0)
    deaf = Talker(Voice(np.zeros(PTIME_SAMPLES, dtype=np.float32), loop=False))
    deaf.hear(b"no packet", 1)
    assert set(one.mouth_to_ear_ms(deaf)) == set(one.packet_to_packet_ms(deaf)) == {None}


def test_a_stream_that_jumps_or_changes_its_source_costs_no_memory() -> None:
    """A time stamp from 12 hours away must not become 8 GB of silence."""
    one, other = told(5.0)
    stray = RtpPacket(sequence=1, timestamp=1 << 31, ssrc=7, payload=b"\xf8\xff\xfe")
    strange = RtpPacket(sequence=1, timestamp=5, ssrc=8, payload=b"\xf8\xff\xfe")
    other.heard.insert(0, (stray, 10**9))
    other.heard.insert(0, (strange, 10**9))
    assert {packet.ssrc for packet, _ in one_stream(other.heard)} == {7}
    assert one.packet_to_packet_ms(other)[1] is not None


def test_a_packet_of_another_payload_type_is_taken_for_opus() -> None:
    packet = RtpPacket(sequence=5, timestamp=960, ssrc=3, payload=b"abc", payload_type=100)
    assert RtpPacket.parse(as_opus(packet.serialize())).payload_type == 111


# --- Mumble's protocol ---


@given(st.integers(0, (1 << 28) - 1), st.binary(max_size=3))
def test_a_voice_number_is_read_back(value: int, rest: bytes) -> None:
    octets = mumble.varint(value)
    assert mumble.read_varint(octets + rest, 0) == (value, len(octets))


def test_numbers_are_written_as_the_protocol_document_has_them() -> None:
    assert mumble.varint(0x7F) == b"\x7f"
    assert mumble.varint(0x80) == b"\x80\x80"
    assert mumble.varint(0x4000) == b"\xc0\x40\x00"
    assert mumble.varint(0x200000) == b"\xe0\x20\x00\x00"
    assert mumble.number_field(1, 300) == b"\x08\xac\x02"
    assert mumble.text_field(1, "ab") == b"\x0a\x02ab"
    with pytest.raises(ValueError, match="not used for voice"):
        mumble.read_varint(b"\xf0\x00\x00\x00\x00", 0)


@given(st.lists(st.tuples(st.integers(0, 25), st.binary(max_size=40))), st.integers(1, 9))
def test_messages_are_put_together_however_they_come(
    sent: list[tuple[int, bytes]], step: int
) -> None:
    octets = b"".join(mumble.message(kind, body) for kind, body in sent)
    messages, found = mumble.Messages(), list[tuple[int, bytes]]()
    for at in range(0, len(octets), step):
        found += messages.feed(octets[at : at + step])
    assert found == sent


@given(st.integers(0, 0xFFFF), st.integers(0, 1 << 20), st.binary(min_size=1, max_size=200))
def test_a_packet_comes_through_the_tunnel(sequence: int, session: int, payload: bytes) -> None:
    packet = RtpPacket(sequence=sequence, timestamp=0, ssrc=9, payload=payload)
    [(kind, body)] = mumble.Messages().feed(mumble.voice(packet.serialize()))
    assert kind == mumble.UDP_TUNNEL
    forwarded = body[:1] + mumble.varint(session) + body[1:]  # as the server does
    heard = mumble.heard_voice(forwarded)
    assert heard is not None
    found = RtpPacket.parse(heard)
    assert (found.sequence, found.ssrc, found.payload) == (sequence, session, payload)
    assert found.timestamp == sequence * PTIME_SAMPLES & 0xFFFF_FFFF
    assert mumble.heard_voice(b"\x20") is None, "a ping of UDP is no voice"


# --- what cannot be measured is told ---


@asynccontextmanager
async def stands_still(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    await asyncio.Event().wait()
    yield []


@asynccontextmanager
async def breaks(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    raise ConnectionError("it closed the connection\nand more")
    yield []


async def test_a_server_that_is_not_installed_is_named_with_its_package() -> None:
    server = peers.Server("other", breaks, ("no-such-program-here",), "other-server")
    found = await peers.measure(server, 2, 1, 1)
    words = peers.line("other", 2, found)
    assert "not installed" in words and "other-server" in words


async def test_a_server_that_stands_still_or_breaks_ends_in_one_line() -> None:
    still = await peers.measure(peers.Server("still", stands_still), 2, 1, 1, longest_s=0.05)
    assert still == {"not_measured": "not done within 0.05 s"}
    broken = await peers.measure(peers.Server("broken", breaks), 2, 1, 1)
    assert broken == {"not_measured": "failed: it closed the connection"}


async def test_a_program_that_does_not_start_says_why_in_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(port: int) -> float:
        raise ProcessError(f"nobody listened on port {port}")

    monkeypatch.setattr(peer_servers, "wait_for_port", nobody)
    with running(sys.executable, "-c", "print('the disk is full')") as program:
        program.wait_for("full")
        with pytest.raises(ProcessError, match="on port 5; the last thing it said: the disk"):
            await peer_servers.listens(program, 5)


def test_few_chirps_are_called_few() -> None:
    figures = peers._delays([10.0, None], [9.0, None]) | {"cpu_percent_per_talker": 1.0}
    assert "too few" in peers.line("x", 8, figures)
    assert figures["chirps_missed"] == 1
