"""Whether this machine allows as many connections as are wanted, and how to allow more."""

import resource
from pathlib import Path

from parvis_server.errors import UsageError

SPARE_FILES = 64
"""Of a process besides its connections: libraries, pipes, an epoll."""

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def check_files(connections: int, whose: str) -> None:
    """Raise ``UsageError`` when one process may not hold so many connections."""
    needed = connections + SPARE_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and needed > most:
        raise UsageError(
            f"{connections} connections in one process of {whose} need {needed} open files, and "
            f"this system allows {most}: raise it (ulimit -Hn {needed} as root, LimitNOFILE="
            f"{needed} for a service), or share them among more processes"
        )


def check_ports(connections: int, targets: int) -> None:
    """Raise ``UsageError`` when one address has too few ports to call so often from."""
    if not PORT_RANGE.exists():
        return
    first, last = (int(port) for port in PORT_RANGE.read_text().split())
    ports = (last - first + 1) * targets
    if connections > ports:
        raise UsageError(
            f"{connections} connections from one address to {targets} need as many ports, and "
            f"this system gives out {ports}: sysctl net.ipv4.ip_local_port_range='1024 65535', "
            "or listen from several machines and add the results up with --add"
        )
