"""Beside us on the same machine: Janus' AudioBridge, with the same talkers and the same speech.

Each of N talkers sends Opus of 20 ms (VOIP, 32 kb/s) and gets everybody but themselves: over plain
RTP to Janus (Debian's package `janus`), over WebSockets to our hub. Then one of two talkers sends
chirps, and the other's packets tell how long those were under way, from the sending of the packet
in which a chirp begins to the arrival of the one in which it begins. Figures are CPU of the
server's processes for each talker, and that delay.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from websockets.asyncio.client import ClientConnection, connect

from fakes.parvis import HubProcess
from fakes.processes import free_port, wait_for_port
from parvis_audio.measure import chirp_train, find_chirps
from parvis_audio.opus import Decoder
from parvis_server.bench.speech import Sound, speech
from parvis_server.listen.connection import Connection
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.session import ListenSession
from parvis_server.listen.voice import Voice
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits

PTIME_MS = 20
WARM_UP_S = 4.0
JANUS_STARTS_S = 3.0
"""Its port is open before it answers there, and nothing tells when it does."""
CHIRP_EVERY_MS = 1_013.0
ROOM = 1234

UNUSED_PLUGINS = (
    *("duktape", "echotest", "lua", "nosip", "recordplay", "sip", "streaming", "textroom"),
    *("videocall", "videoroom", "voicemail"),
)
UNUSED_TRANSPORTS = ("http", "mqtt", "nanomsg", "pfunix", "rabbitmq")

JANUS_SETTINGS = {
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


@dataclass(slots=True)
class Talker:
    """One who sends and hears."""

    voice: Voice
    sent_ns: list[int] = field(default_factory=list)
    heard: list[tuple[bytes, int]] = field(default_factory=list)
    """Packets and when they came."""

    def delays_ms(self, listener: Talker) -> list[float]:
        """From each chirp that this one sent to its packet at the other."""
        line = _decoded(listener.heard)
        found = []
        starts = [int(at) for at in np.arange(0, 1e6) * CHIRP_EVERY_MS * 48]
        for start in starts:
            number = start // (PTIME_MS * 48)
            if number >= len(self.sent_ns):
                break
            late = [at_ns - self.sent_ns[number] for at_ns in line]
            came = [ns / 1e6 for ns in late if 0 < ns < 0.9e9]
            found += [min(came)] if came else []
        return found


def _decoded(heard: list[tuple[bytes, int]]) -> list[int]:
    """When the packets came in which a chirp begins."""
    decoder, unwrapper = Decoder(), serial.Unwrapper(serial.TIMESTAMP_BITS)
    pieces, arrivals, first = [], {}, None
    for message, arrival_ns in heard:
        packet = RtpPacket.parse(message)
        at = unwrapper.unwrap(packet.timestamp)
        first = at if first is None else first
        arrivals[at - first] = arrival_ns
        pieces.append((at - first, decoder.decode(packet.payload)))
    line = np.zeros(max(at + piece.size for at, piece in pieces), dtype=np.float32)
    for at, piece in pieces:
        line[at : at + piece.size] = piece
    packet_of = np.array(sorted(arrivals))
    found = []
    for chirp in find_chirps(line):
        place = int(np.searchsorted(packet_of, chirp.at_samples, side="right")) - 1
        found.append(arrivals[int(packet_of[place])])
    return found


async def _speak(talker: Talker, send: Any, ssrc: int, phase: float) -> None:
    """Send in real time until cancelled."""
    begin_ns = time.monotonic_ns() + round(phase * PTIME_MS * 1e6)
    number = 0
    while (packet := talker.voice.packet(number, ssrc, PTIME_MS)) is not None:
        due_ns = begin_ns + number * PTIME_MS * 1_000_000
        await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
        talker.sent_ns.append(time.monotonic_ns())
        result = send(packet)
        if result is not None:
            await result
        number += 1


# --- Janus ---


class _Rtp(asyncio.DatagramProtocol):
    """A participant's socket."""

    def __init__(self, talker: Talker) -> None:
        self._talker = talker

    def datagram_received(self, data: bytes, addr: Any) -> None:
        with suppress(ValueError):
            packet = RtpPacket.parse(data[:1] + bytes([data[1] & 0x80 | 111]) + data[2:])
            self._talker.heard.append((packet.serialize(), time.monotonic_ns()))


async def _ask(connection: ClientConnection, said: dict[str, Any]) -> dict[str, Any]:
    """Say something to Janus; its answer, or the event that follows an acknowledgement."""
    said["transaction"] = "bench"
    await connection.send(json.dumps(said))
    async with asyncio.timeout(10):
        while True:
            answer: dict[str, Any] = json.loads(await connection.recv())
            if answer.get("transaction") == "bench" and answer["janus"] != "ack":
                return answer


@asynccontextmanager
async def janus(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    """Janus with these talkers in a room; gives the pids of its processes."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        unused = {"plugins": _libraries(UNUSED_PLUGINS)}
        unused |= {"transports": _libraries(UNUSED_TRANSPORTS)}
        for name, text in JANUS_SETTINGS.items():
            settings = text.format(folder=folder, port=port, room=ROOM, **unused)
            (folder / name).write_text(settings)
        process = await asyncio.create_subprocess_exec(
            *("janus", "--configs-folder", str(folder), "--disable-colors"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        stack.callback(_kill, process)
        await asyncio.to_thread(wait_for_port, port)
        await asyncio.sleep(JANUS_STARTS_S)
        for number, talker in enumerate(talkers):
            await _join_janus(stack, port, number, talker, number / len(talkers))
        yield [process.pid]


def _libraries(names: tuple[str, ...]) -> str:
    return ",".join(f"libjanus_{name}.so" for name in names)


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


async def _join_janus(
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
        _speak(talker, lambda packet: transport.sendto(packet, where), 0x100 + number, phase)
    )
    stack.callback(task.cancel)


# --- ours ---


@asynccontextmanager
async def parvis(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    """Our hub with these talkers as remote speakers; gives the pids of hub and engines."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hub = await asyncio.to_thread(HubProcess, folder)
        stack.callback(hub.close)
        link = ListenerLink.parse(hub.link)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks: list[asyncio.Task[Any]] = []
        for number, talker in enumerate(talkers):
            session = ListenSession(link.room, speaker=SpeakerTraits(sends=True))

            def hear(packet: bytes, arrival_ns: int, talker: Talker = talker) -> None:
                talker.heard.append((packet, arrival_ns))

            connection = Connection(link, session, hear, lambda text: None, link.speak_url)
            tasks.append(group.create_task(connection.run()))
            await connection.joined.wait()
            assert session.welcome is not None
            assert session.welcome.ssrc is not None
            phase = number / len(talkers)
            tasks.append(
                group.create_task(_speak(talker, connection.send, session.welcome.ssrc, phase))
            )
        processes = psutil.Process(hub.program.pid)
        try:
            yield [hub.program.pid, *(child.pid for child in processes.children(recursive=True))]
        finally:
            for task in tasks:
                task.cancel()


# --- both ---

SERVERS = {"parvis": parvis, "janus": janus}


async def cpu_percent_per_talker(server: str, count: int, seconds: float) -> float:
    """CPU of the server's processes for one of so many talkers, in percent of a core."""
    sound, _ = speech()
    talkers = [Talker(Voice(_turned(sound, n / count), loop=True)) for n in range(count)]
    async with SERVERS[server](talkers) as pids:
        await asyncio.sleep(WARM_UP_S)
        before = _cpu_s(pids)
        heard = [len(talker.heard) for talker in talkers]
        await asyncio.sleep(seconds)
        used_s = _cpu_s(pids) - before
        least = min(len(t.heard) - h for t, h in zip(talkers, heard, strict=True))
    if least < 0.8 * seconds * 1000 / PTIME_MS:
        raise SystemExit(f"{server}: somebody heard {least} packets in {seconds:g} s")
    return 100 * used_s / seconds / count


async def delays_ms(server: str, seconds: float) -> list[float]:
    """From one talker to another."""
    chirps = chirp_train(int(seconds + WARM_UP_S) + 2, CHIRP_EVERY_MS)[0]
    one, other = Talker(Voice(chirps, loop=False)), Talker(Voice(np.zeros_like(chirps), loop=False))
    async with SERVERS[server]([one, other]):
        await asyncio.sleep(WARM_UP_S + seconds)
    return one.delays_ms(other)[round(WARM_UP_S) :]


def _turned(sound: Sound, share: float) -> Sound:
    return np.roll(sound, round(share * sound.size))


def _cpu_s(pids: list[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(t.user + t.system for t in times))


async def measure(count: int, seconds: float) -> dict[str, Any]:
    """Both servers, one after the other."""
    found: dict[str, Any] = {"talkers": count}
    for server in SERVERS:
        if server == "janus" and shutil.which("janus") is None:
            found[server] = None
            continue
        cpu = await cpu_percent_per_talker(server, count, seconds)
        late_ms = await delays_ms(server, seconds)
        found[server] = {
            "cpu_percent_per_talker": round(cpu, 2),
            "delay_ms": round(median(late_ms), 1) if late_ms else None,
            "chirps": len(late_ms),
        }
    return found


def main() -> int:
    """Print both servers' figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__)
    parser.add_argument("--talkers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.talkers, arguments.seconds))
    for server in SERVERS:
        figures = found[server]
        if figures is None:
            print(f"{server:<8} not installed: apt-get install janus")
        else:
            print(
                f"{server:<8} {figures['cpu_percent_per_talker']:.2f} % of a core for each of "
                f"{found['talkers']} talkers, {figures['delay_ms']} ms from one to another"
            )
    if arguments.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
