"""Peers that break the protocol in every way, and see how the hub closes them."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import (
    MAX_LISTENER_MESSAGE_BYTES,
    MAX_UNIT_MESSAGE_BYTES,
    PROTOCOL_VERSION,
    Join,
    ResumeCredential,
    Role,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits, UnitTraits

VECTORS = Path(__file__).parents[1] / "vectors"
WORKERS = 4
"""Offenders at a time: what they do is what matters, not how many they are."""

CLOSED_WITHIN_S = 10.0

SILENT_OPUS = bytes.fromhex("f0fffe")
"""10 ms of silence, fullband (RFC 6716: configuration 30, mono, one frame)."""

PACKET_EVERY_S = 0.01

Offence = str | bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One WebSocket of the hub, and who may use it."""

    path: str
    role: Role
    largest: int

    def join(self, token: str | None) -> str:
        """A proper first message."""
        unit = UnitTraits(always_open=True) if self.role is Role.UNIT else None
        speaker = SpeakerTraits(sends=True) if self.role is Role.SPEAKER else None
        name = "offender" if unit or speaker else None
        credential = ResumeCredential(token=token) if token else None
        join = Join(
            version=PROTOCOL_VERSION,
            role=self.role,
            credential=credential,
            name=name,
            unit=unit,
            speaker=speaker,
        )
        return serialize(join)


ENDPOINTS = (
    Endpoint("/ws/listen", Role.LISTENER, MAX_LISTENER_MESSAGE_BYTES),
    Endpoint("/ws/unit", Role.UNIT, MAX_UNIT_MESSAGE_BYTES),
    Endpoint("/ws/speak", Role.SPEAKER, MAX_UNIT_MESSAGE_BYTES),
)


def offences(endpoint: Endpoint, count: int, seed: int = 2) -> Iterator[Offence]:
    """Messages and packets that no well-behaved peer sends once it has joined, in turn of kind."""
    dice = random.Random(seed)
    invalid = [
        entry["text"] for entry in json.loads((VECTORS / "messages_invalid.json").read_text())
    ]
    packets = [
        bytes.fromhex(entry["hex"])
        for entry in json.loads((VECTORS / "rtp_invalid.json").read_text())
    ]
    join = endpoint.join(None)
    valid = RtpPacket(sequence=1, timestamp=480, ssrc=1, payload=b"\xf8" * 40, csrcs=(1, 2))
    for number in range(count):
        match number % 8:
            case 0:
                yield dice.choice(invalid)
            case 1:
                yield dice.choice(packets)
            case 2:  # truncated
                yield join[: dice.randrange(1, len(join))]
            case 3:  # oversized
                yield "x" * (endpoint.largest + dice.randrange(1, 2000))
            case 4:  # out of order: joined already
                yield join
            case 5:  # noise
                yield dice.randbytes(dice.randrange(1, 1500))
            case 6:  # a truncated packet
                yield valid.serialize()[: dice.randrange(1, 20)]
            case _:  # a well-formed packet of somebody else
                yield valid.serialize()


async def offend(port: int, endpoint: Endpoint, count: int) -> Counter[int]:
    """Commit so many offences, half of them before joining; how often each close code came."""
    codes: Counter[int] = Counter()
    waiting = iter(list(enumerate(offences(endpoint, count))))

    async def work() -> None:
        token: str | None = None
        for number, offence in waiting:
            early = number // 8 % 2 == 0 and offence != endpoint.join(None)
            code, token = await _one(port, endpoint, offence, token, early)
            codes[code] += 1

    async with asyncio.TaskGroup() as workers:
        for _ in range(WORKERS):
            workers.create_task(work())
    return codes


async def send_out_of_order(port: int, count: int, seed: int = 4) -> int | None:
    """A unit whose well-formed packets jump about in sequence and time, just within its rate.

    The code that the hub closed it with, or None while it is borne.
    """
    dice, unit = random.Random(seed), ENDPOINTS[1]
    async with connect(f"ws://127.0.0.1:{port}{unit.path}", compression=None) as connection:
        await connection.send(unit.join(None))
        welcome = await _welcome(connection)
        try:
            for _ in range(count):
                packet = RtpPacket(
                    sequence=dice.getrandbits(16),
                    timestamp=dice.getrandbits(32),
                    ssrc=welcome.ssrc or 0,
                    payload=SILENT_OPUS,
                )
                await connection.send(packet.serialize())
                await asyncio.sleep(PACKET_EVERY_S)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
    return None


async def _one(
    port: int, endpoint: Endpoint, offence: Offence, token: str | None, early: bool
) -> tuple[int, str | None]:
    """One connection: joined properly unless ``early``, one offence, and the code that ends it."""
    async with connect(f"ws://127.0.0.1:{port}{endpoint.path}", compression=None) as connection:
        if not early:
            await connection.send(endpoint.join(token))
            token = (await _welcome(connection)).resume
        await connection.send(offence)
        return await _close_code(connection), token


async def _welcome(connection: ClientConnection) -> Welcome:
    while True:
        said = await connection.recv()
        message = parse_hub_message(said) if isinstance(said, str) else None
        if isinstance(message, Welcome):
            return message


async def _close_code(connection: ClientConnection) -> int:
    try:
        async with asyncio.timeout(CLOSED_WITHIN_S):
            while True:
                await connection.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    except TimeoutError:
        return 0


DOCUMENTED = frozenset(int(code) for code in CloseCode)
