"""Taking the port that the hub listens on, and saying who holds it when somebody else does."""

import errno
import socket

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
    family = socket.AF_INET6 if ":" in network.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((network.host, network.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _explained(error, network) from error
    listening.setblocking(False)
    return listening


def _explained(error: OSError, network: NetworkSettings) -> UserError:
    where = f"{network.host}, port {network.port}"
    if isinstance(error, socket.gaierror):
        return UsageError(f"--host {network.host}: there is no such address")
    if error.errno == errno.EADDRINUSE:
        return PortInUse(
            f"port {network.port} is taken by {_holder(network.port)}: "
            f"end it, or choose another port, such as --port {_another(network.port)}"
        )
    if error.errno == errno.EACCES:
        return UserError(f"ports below 1024 need more rights: try --port 8080 instead of {where}")
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"--host {network.host}: this machine does not have that address")
    return UserError(f"cannot listen on {where}: {error.strerror}")


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
