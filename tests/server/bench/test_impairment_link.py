"""Two networks joined by the bridge, and the same over the proxy.

Where namespaces are not allowed, the tests of the bridge hold the refusal instead: it is one clear
line, and ``auto`` takes the proxy and says so.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parvis_server.bench.impairment import link as links
from parvis_server.bench.impairment.link import ImpairedLink, Side, TunLink, impaired_link
from parvis_server.bench.impairment.measure import (
    MESSAGE,
    Receiver,
    Sender,
    lateness,
    measure_frames,
)
from parvis_server.bench.impairment.namespaces import Namespace, NamespacesRefused
from parvis_server.bench.impairment.patterns import PROFILES, Profile
from parvis_server.errors import BenchError

pytestmark = pytest.mark.alone

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")
PRINT_NETWORK = "import os; print(os.stat('/proc/self/ns/net').st_ino)"


def namespaces_allowed() -> bool:
    try:
        Namespace("198.18.0.9").close()
    except NamespacesRefused:
        return False
    return True


ALLOWED = namespaces_allowed()
KINDS = [pytest.param("proxy"), *([pytest.param("tun")] if ALLOWED else [])]


def networks_in_use() -> set[int]:
    """The namespaces of every thread of every process that can be seen."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/task/[0-9]*/ns/net"):
        try:
            found.add(place.stat().st_ino)
        except OSError:
            continue  # it has ended meanwhile, or belongs to somebody else
    return found


# --- where namespaces are allowed, and where not: one of the two always runs ---


async def test_the_bridge_works_or_is_refused_in_one_line() -> None:
    if ALLOWED:
        async with impaired_link(PROFILES["clean"], 1, "tun") as link:
            assert await _say(link, b"over the bridge") == b"over the bridge"
            counts = await link.counts()
        assert counts["outward"]["packets"] > 2
        assert counts["outward"]["lost"] == 0
    else:
        with pytest.raises(BenchError, match=r"\A[^\n]* with --proxy[^\n]*\Z"):
            async with impaired_link(PROFILES["clean"], 1, "tun"):
                pass


@pytest.mark.parametrize("kind", ["auto", "tun"])
async def test_a_refusal_names_the_proxy(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that allows it, the refusal is made by asking for what does not exist."""
    if ALLOWED:
        monkeypatch.setattr("parvis_server.bench.impairment.namespaces.TUN", Path("/dev/no/tun"))
    before = networks_in_use()
    if kind == "tun":
        with pytest.raises(BenchError, match=r"\A[^\n]* with --proxy[^\n]*\Z"):
            async with impaired_link(PROFILES["clean"], 1, "tun"):
                pass
    else:
        async with impaired_link(PROFILES["clean"], 1, "auto") as link:
            assert link.kind == "proxy"
            assert link.note is not None
            assert "taking the proxy instead" in link.note
    assert networks_in_use() <= before


@pytest.mark.parametrize("kind", KINDS)
async def test_losses_are_repaired_by_tcp(kind: links.LinkKind) -> None:
    sent = os.urandom(100_000)
    async with impaired_link(Profile(rtt_ms=2, loss=0.05), 3, kind) as link:
        assert await _say(link, sent) == sent
        counts = await link.counts()
    assert counts["outward"]["lost"] > 0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_far_is_reached_by_a_client_near(kind: links.LinkKind) -> None:
    """As processes: the server says its port, the client what it was told."""
    serve = (
        "import socket, sys; s = socket.create_server((sys.argv[1], 0));"
        "print(s.getsockname()[1], flush=True); s.accept()[0].sendall(b'hello')"
    )
    ask = (
        "import socket, sys; c = socket.create_connection((sys.argv[1], int(sys.argv[2])));"
        "print(c.recv(5).decode())"
    )
    async with impaired_link(PROFILES["clean"], 1, kind) as link:
        python = (sys.executable, "-c")
        server = await link.spawn(Side.FAR, (*python, serve, link.far_host), stdout=subprocess.PIPE)
        assert server.stdout is not None
        port = int(await asyncio.to_thread(server.stdout.readline))
        host, reached = await link.reach(port)
        client = await link.spawn(
            Side.NEAR, (*python, ask, host, str(reached)), stdout=subprocess.PIPE
        )
        said, _ = await asyncio.to_thread(client.communicate)
    assert said == "hello\n"


@pytest.mark.parametrize("kind", KINDS)
async def test_processes_end_with_the_link(kind: links.LinkKind) -> None:
    async with impaired_link(PROFILES["clean"], 1, kind) as link:
        sleeping = await link.spawn(
            Side.NEAR, (sys.executable, "-c", "import time; time.sleep(60)")
        )
        assert sleeping.poll() is None
    assert sleeping.returncode is not None


@pytest.mark.skipif(not ALLOWED, reason="namespaces are not allowed: the refusal is tested above")
async def test_nothing_stays_after_an_exception() -> None:
    networks: set[int] = set()
    with pytest.raises(ZeroDivisionError):
        async with impaired_link(PROFILES["clean"], 1, "tun") as link:
            assert isinstance(link, TunLink)
            networks = {link.near.inode, link.far.inode}
            inside = await link.spawn(
                Side.NEAR,
                (sys.executable, "-c", PRINT_NETWORK + "; import time; time.sleep(60)"),
                {**os.environ, "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
            )
            assert inside.stdout is not None
            assert int(await asyncio.to_thread(inside.stdout.readline)) == link.near.inode
            assert networks <= networks_in_use()
            raise ZeroDivisionError
    assert len(networks) == 2
    assert not networks & networks_in_use()


@pytest.mark.skipif(not ALLOWED, reason="namespaces are not allowed: the refusal is tested above")
async def test_the_bridge_ends_with_a_killed_bench() -> None:
    program = (
        "import asyncio, sys, time\n"
        "from parvis_server.bench.impairment.link import Side, impaired_link\n"
        "from parvis_server.bench.impairment.patterns import PROFILES\n"
        "async def main():\n"
        "    async with impaired_link(PROFILES['clean'], 1, 'tun') as link:\n"
        "        await link.spawn(Side.FAR, (sys.executable, '-c', 'import time; time.sleep(9)'))\n"
        "        print(link.near.inode, link.far.inode, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE
    )
    assert bench.stdout is not None
    networks = {int(inode) for inode in (await bench.stdout.readline()).split()}
    assert networks <= networks_in_use()
    bench.kill()
    await bench.wait()
    assert len(networks) == 2
    await _eventually(lambda: not networks & networks_in_use())


async def _eventually(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """The kernel tells nobody that a namespace is gone: look every 20 ms."""
    begin_s = time.monotonic()
    while not holds():
        assert time.monotonic() - begin_s < within_s
        await asyncio.to_thread(time.sleep, 0.02)


async def _say(link: ImpairedLink, sent: bytes) -> bytes:
    """From near to far: what arrives there."""
    loop = asyncio.get_running_loop()
    with link.far_socket() as listener, link.near_socket() as near:
        listener.bind((link.far_host, 0))
        listener.listen(1)
        listener.setblocking(False)
        near.setblocking(False)
        accepting = asyncio.ensure_future(loop.sock_accept(listener))
        await loop.sock_connect(near, await link.reach(listener.getsockname()[1]))
        far, _ = await accepting
        with far:
            reader, writer = await asyncio.open_connection(sock=far)
            await loop.sock_sendall(near, sent)
            near.shutdown(1)
            heard = await reader.read(-1)
            writer.close()
    return heard


# --- what is measured ---


async def test_frames_come_over_both_connections() -> None:
    """Over the bridge where it is allowed; the command's own test takes the proxy."""
    async with impaired_link(PROFILES["rtt10_loss1"], 1, "auto") as link:
        found = await measure_frames(link, 1, connections=2, streams=2)
    assert found["frames"] == 200
    one, two = found["one_connection"], found["two_connections"]
    assert (one["dropped"], two["dropped"]) == (0, 0)
    assert two["late_20_percent"] <= one["late_20_percent"]
    assert 0 <= two["p50_ms"] <= two["p99_ms"] <= two["p99_9_ms"] <= two["max_ms"]


def test_lateness_is_relative_to_the_quickest_twentieth_of_each_stream() -> None:
    import numpy as np

    quick, slow = np.full(100, 20.0), np.full(100, 70.0)
    quick[90:] += 30.0
    slow[98:] = [70.0 + 41.0, float("inf")]
    assert lateness([quick, slow]) == {
        "late_20_percent": 6.0,
        "late_40_percent": 1.0,
        "p50_ms": 0.0,
        "p99_ms": 41.0,
        "p99_9_ms": None,
        "max_ms": None,
    }


def test_a_message_in_two_parts_arrives_with_the_second() -> None:
    receiver = Receiver()
    message = MESSAGE.pack(0, 1) + MESSAGE.pack(1, 2)
    receiver.data_received(message[:130])
    assert list(receiver.arrived_ns) == [0]
    receiver.data_received(message[130:])
    assert list(receiver.arrived_ns) == [0, 1]


def test_a_sender_before_a_full_link_tears_no_message_and_drops_the_oldest() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as near,
        listener.accept()[0] as far,
    ):
        near.setblocking(False)
        sender = Sender(near)
        for number in range(50_000):
            sender.send(MESSAGE.pack(number, 0))
        assert sender.dropped > 0
        near.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: far.recv(65_536), b""))
    numbers = [number for number, _ in MESSAGE.iter_unpack(received[: len(received) // 120 * 120])]
    assert numbers[:10] == list(range(10))
    assert numbers == sorted(set(numbers))


# --- the command ---


def bench(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*PARVIS, "bench", "impairment", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_prints_one_connection_beside_two() -> None:
    found = bench("--proxy", "--profile", "rtt10_loss1", "--seconds", "1", "--json")
    assert found.returncode == 0, found.stderr
    heading, _, one, two, figures = found.stdout.splitlines()
    assert heading.startswith("RTT 10 ms, 1 % lost; proxy")
    assert one.startswith("one connection")
    assert two.startswith("two connections")
    assert '"two_connections": {"late_20_percent": ' in figures


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "nope"], "no profile is called 'nope': clean, "),
        (["--loss", "70"], "between 0 and 50 %"),
        (["--freeze-every", "3", "--freeze-ms", "long"], "--freeze-ms is a number or two"),
        (["--connections", "3"], "Invalid value for '--connections'"),
    ],
)
def test_a_users_mistake_is_told_in_one_line(arguments: list[str], words: str) -> None:
    found = bench(*arguments)
    assert found.returncode == 2
    assert words in found.stderr
    assert "Traceback" not in found.stderr
