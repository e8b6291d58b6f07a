"""Janus' AudioBridge (Debian's package `janus`): the talkers are plain RTP participants of a room.

It mixes, and sends everybody the others. Everything is as its package has it; it holds several
packets of each talker before it decodes the first.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from fakes.peer_servers import listens
from fakes.peer_servers.talker import Talker, as_opus
from fakes.processes import free_port, running

PROGRAMS = ("janus",)
PACKAGE = "janus"

STARTS_S = 3.0
"""Its port is open before it answers there, and nothing tells when it does."""
ANSWERS_S = 10.0
ROOM = 1234

UNUSED_PLUGINS = (
    *("duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming", "textroom"),
    *("videocall", "videoroom", "voicemail"),
)
UNUSED_TRANSPORTS = ("http", "mqtt", "nanomsg", "pfunix", "rabbitmq")

SETTINGS = {
    "janus.jcfg": """
general: {{ configs_folder = "{folder}"; server_name = "bench"; }}
media: {{ rtp_port_range = "20000-20999"; }}
plugins: {{ disable = "{plugins}"; }}
transports: {{ disable = "{transports}"; }}
""",
    "janus.transport.websockets.jcfg": """
general: {{ ws = true; ws_port = {port}; ws_ip = "127.0.0.1"; wss = false; }}
admin: {{ admin_ws = false; }}
""",
    "janus.plugin.audiobridge.jcfg": """
general: {{ local_ip = "127.0.0.1"; }}
room-{room}: {{
    description = "bench"; sampling_rate = 48000; record = false;
    allow_rtp_participants = true; audiolevel_event = false;
}}
""",
}


class _Rtp(asyncio.DatagramProtocol):
    """A participant's socket."""

    def __init__(self, talker: Talker) -> None:
        self._talker = talker

    def datagram_received(self, data: bytes, addr: Any) -> None:
        arrival_ns = time.monotonic_ns()
        with suppress(ValueError, IndexError):
            self._talker.hear(as_opus(data), arrival_ns)


async def _ask(connection: ClientConnection, said: dict[str, Any]) -> dict[str, Any]:
    """Say something to Janus; its answer, or the event that follows an acknowledgement."""
    said["transaction"] = "bench"
    await connection.send(json.dumps(said))
    async with asyncio.timeout(ANSWERS_S):
        while True:
            answer: dict[str, Any] = json.loads(await connection.recv())
            if answer.get("transaction") == "bench" and answer["janus"] != "ack":
                return answer


@asynccontextmanager
async def serve(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    """Janus with these talkers in a room; gives the pid of its process."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        unused = {"plugins": _libraries(UNUSED_PLUGINS)}
        unused |= {"transports": _libraries(UNUSED_TRANSPORTS)}
        for name, text in SETTINGS.items():
            settings = text.format(folder=folder, port=port, room=ROOM, **unused)
            (folder / name).write_text(settings)
        options = ("--configs-folder", str(folder), "--disable-colors")
        program = stack.enter_context(running(PROGRAMS[0], *options))
        await listens(program, port)
        await asyncio.sleep(STARTS_S)
        for number, talker in enumerate(talkers):
            await _join(stack, port, number, talker, number / len(talkers))
        yield [program.pid]


def _libraries(names: tuple[str, ...]) -> str:
    return ",".join(f"libjanus_{name}.so" for name in names)


async def _join(
    stack: AsyncExitStack, port: int, number: int, talker: Talker, phase: float
) -> None:
    connection = await stack.enter_async_context(
        connect(f"ws://127.0.0.1:{port}", subprotocols=["janus-protocol"], proxy=None)  # type: ignore[list-item]
    )
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Rtp(talker), local_addr=("127.0.0.1", 0)
    )
    stack.callback(transport.close)
    ours = transport.get_extra_info("sockname")[1]
    session = (await _ask(connection, {"janus": "create"}))["data"]["id"]
    attach = {"janus": "attach", "session_id": session, "plugin": "janus.plugin.audiobridge"}
    handle = (await _ask(connection, attach))["data"]["id"]
    body = {
        "request": "join",
        "room": ROOM,
        "display": f"talker {number}",
        "rtp": {"ip": "127.0.0.1", "port": ours, "payload_type": 111},
    }
    joined = await _ask(
        connection,
        {"janus": "message", "session_id": session, "handle_id": handle, "body": body},
    )
    theirs = joined["plugindata"]["data"]["rtp"]
    where = (theirs["ip"], theirs["port"])
    task = asyncio.create_task(
        talker.speak(lambda packet: transport.sendto(packet, where), 0x100 + number, phase)
    )
    stack.callback(task.cancel)
