"""Autobahn's cases against a socket with the hub's own server and options; `scripts/soak autobahn`.

An echo stands where the hub's endpoints stand: behind the same protocol class, limits of frames and
server settings, on the hub's short way in and out; only the size of a message may be larger,
since the cases echo 64 kB. What a case calls failed is allowed where the websockets library, which
the hub's protocol is built on, documents it; everything else ends with exit code 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send
from websockets.frames import Frame, Opcode

from fakes.autobahn import cases
from fakes.autobahn.peer import CasePeer
from parvis_server.config import NetworkSettings
from parvis_server.hub_server import Listener, make_server
from parvis_server.net import websocket_protocol
from parvis_server.net.websocket_protocol import EXTENSION, RawSocket
from parvis_server.ports import take_port

SUITE = "autobahntestsuite==25.10.1"
CONVERTER = "fissix==24.4.24"

ECHO = "/echo"
MAX_MESSAGE_BYTES = 1 << 20

AT_ONCE = 4
"""Most cases wait for a second; few of them use the processor."""

MOST_AGAIN = 20
"""Cases give a second for an echo, which a machine that stands still does not keep: those beyond
the list are played once more, alone, which is said."""

NON_STRICT = frozenset(
    {"3.2", "3.3", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}
    | {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}
)
"""A frame that breaks the rules ends the connection before the answer to the frame before it was
sent, and text is checked when its message is whole: as the library does."""
FAILED = frozenset({"7.1.5"})
"""A message without an end, then a close: the library answers with 1002, on purpose."""


Verdicts = dict[str, tuple[str, str, str]]
"""By the case's number: on the messages, on the closing, and why."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Every message back to whoever sent it."""
    await receive()
    await send({"type": "websocket.accept"})
    raw: RawSocket = scope["extensions"][EXTENSION]

    def back(message: str | bytes, arrival_ns: int) -> None:
        is_text = isinstance(message, str)
        payload = message.encode() if isinstance(message, str) else message
        opcode = Opcode.TEXT if is_text else Opcode.BINARY
        raw.write_frame(Frame(opcode, payload).serialize(mask=False))

    raw.set_receiver(back)
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def play_all(classes: dict[str, Any], at_once: int = AT_ONCE) -> Verdicts:
    """The verdicts of all cases."""
    verdicts: Verdicts = {}
    slots = asyncio.Semaphore(at_once)
    with take_port(NetworkSettings(host="127.0.0.1", port=0)) as taken:
        listener = Listener(taken)
        server = make_server(echo, listener)
        serving = asyncio.create_task(server.serve([taken]))
        await server.listening.wait()

        async def play(number: str, one: Any) -> None:
            async with slots:
                peer = CasePeer(one)
                await peer.play("127.0.0.1", listener.port, ECHO)
                case = peer.case
                verdicts[number] = (case.behavior, case.behaviorClose, str(case.result))

        try:
            await asyncio.gather(*(play(number, one) for number, one in classes.items()))
        finally:
            server.should_exit = True
            await serving
    return verdicts


def fetch(folder: Path) -> Path:
    """The suite's archive, and what converts it, from the package index."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    download = ["download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), SUITE]
    subprocess.run([*pip, *download], check=True)
    subprocess.run([*pip, "install", "--target", str(folder / "tools"), CONVERTER], check=True)
    sys.path.insert(0, str(folder / "tools"))
    return next(folder.glob("autobahntestsuite-*.tar.gz"))


def judged(verdicts: Verdicts) -> list[str]:
    """What is beyond the list of the library, in words."""
    wrong = []
    for number, (behaviour, closing, why) in verdicts.items():
        allowed = (
            behaviour in ("OK", "INFORMATIONAL")
            or (behaviour == "NON-STRICT" and number in NON_STRICT)
            or number in FAILED
        )
        if not allowed or (closing not in ("OK", "INFORMATIONAL") and number not in FAILED):
            wrong.append(f"{number}: {behaviour}, closing {closing}: {why}")
    return wrong


def run() -> bool:
    """Play all cases; whether nothing failed beyond the library's own list."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextlib.redirect_stdout(sys.stderr):
            cases.port(fetch(folder), folder)
        classes = cases.load(folder)
        limits = websocket_protocol.MESSAGE_LIMIT_BYTES
        limits[ECHO] = MAX_MESSAGE_BYTES
        try:
            verdicts = asyncio.run(play_all(classes))
            again = [line.partition(":")[0] for line in judged(verdicts)]
            if 0 < len(again) <= MOST_AGAIN:
                print(f"autobahn: played again, alone: {' '.join(again)}")
                alone = {number: classes[number] for number in again}
                verdicts |= asyncio.run(play_all(alone, at_once=1))
        finally:
            del limits[ECHO]
    counts = Counter(behaviour for behaviour, _, _ in verdicts.values())
    shown = ", ".join(f"{count} {behaviour}" for behaviour, count in counts.most_common())
    strict = [n for n, (behaviour, _, _) in verdicts.items() if behaviour == "NON-STRICT"]
    print(f"autobahn: {len(verdicts)} cases: {shown}; not strict: {' '.join(strict)}")
    for line in judged(verdicts):
        print(f"autobahn: {line}")
    return bool(verdicts) and not judged(verdicts)
