"""Probes of this machine: how many connections it may have, and who holds its ports."""

import errno
import resource
import socket
from collections.abc import Iterable

import psutil

from parvis_server.doctor.findings import Finding, Says, found

SPARE_FILES = 200
"""Of a hub or edge beside its listeners: libraries, database, units, pages on their way."""

WANTED_LISTENERS = 9_000

HUB_PORTS = (8080, 8443)


def look_at_files() -> Finding:
    """Whether enough files may be open at once: every listener is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = WANTED_LISTENERS + SPARE_FILES
    if most == resource.RLIM_INFINITY or most >= needed:
        return found(Says.FILES_ENOUGH, files=most, listeners=WANTED_LISTENERS)
    return found(Says.FILES_FEW, files=most, listeners=max(0, most - SPARE_FILES), needed=needed)


def look_at_ports(ports: Iterable[int]) -> list[Finding]:
    """Whether each port is free, ours, or somebody else's."""
    return [_port(port) for port in ports]


def _port(port: int) -> Finding:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("0.0.0.0", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return found(Says.PORT_FREE, port=port)
        else:
            return found(Says.PORT_FREE, port=port)
    holder = holder_of(port)
    says = Says.PORT_OURS if holder == "parvis" else Says.PORT_TAKEN
    return found(says, port=port, holder=holder)


def holder_of(port: int) -> str:
    """Who listens there: ``parvis``, a program's name, or a program of somebody else."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return "a program of another user"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
        if listens and connection.pid is not None:
            return _program(connection.pid)
    return "a program of another user"


def _program(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        ours = any(part.rpartition("/")[2] == "parvis" for part in process.cmdline()[:3])
        return "parvis" if ours else f"{process.name()} (process {pid})"
    except psutil.Error:
        return "a program of another user"
