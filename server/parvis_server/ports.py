"""Taking the port that the hub listens on, and saying who holds it when somebody else does."""

import errno
import socket
from dataclasses import dataclass, replace

import psutil

from parvis_server.config import NetworkSettings
from parvis_server.errors import PortInUse, UsageError, UserError

BACKLOG = 2048
"""A hall that comes back at once; the kernel cuts it to its own limit."""


def take_port(network: NetworkSettings) -> socket.socket:
    """A socket bound to the wanted address and port.

    Raises:
        PortInUse: another program has it; the text says which, where that can be seen.
        UserError: the address or port cannot be used.
    """
    return _take(_Wanted(network.host, network.port, "--port", 8080))


def take_tls_port(network: NetworkSettings) -> socket.socket:
    """The same for https. Where the usual port is taken and nobody asked for it, a free one: two
    hubs may run on one machine.

    Raises:
        PortInUse: another program has the port that was asked for.
        UserError: the address or port cannot be used.
    """
    wanted = _Wanted(network.host, network.tls_port or 0, "--tls-port", 8443)
    try:
        return _take(wanted)
    except PortInUse:
        if "tls_port" in network.model_fields_set:
            raise
    return _take(replace(wanted, port=0))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An address, a port, and how one asks for another."""

    host: str
    port: int
    flag: str
    unprivileged: int


def _take(wanted: _Wanted) -> socket.socket:
    family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((wanted.host, wanted.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _explained(error, wanted) from error
    listening.setblocking(False)
    return listening


def _explained(error: OSError, wanted: _Wanted) -> UserError:
    host, port, flag = wanted.host, wanted.port, wanted.flag
    if isinstance(error, socket.gaierror):
        return UsageError(f"--host {host}: there is no such address")
    if error.errno == errno.EADDRINUSE:
        return PortInUse(
            f"port {port} is taken by {_holder(port)}: "
            f"end it, or choose another port, such as {flag} {_another(port)}"
        )
    if error.errno == errno.EACCES:
        return UserError(
            f"ports below 1024 need more rights: try {flag} {wanted.unprivileged} "
            f"instead of {host}, port {port}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"--host {host}: this machine does not have that address")
    return UserError(f"cannot listen on {host}, port {port}: {error.strerror}")


def _another(port: int) -> int:
    return port + 1 if port < 65_535 else port - 1


def _holder(port: int) -> str:
    """The program that listens on ``port``, as far as this user may see."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr and connection.laddr.port == port and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f"{name} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program (of another user, so its name is not visible)"
