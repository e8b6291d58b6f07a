"""One examination, from this machine outwards, as far as it gets."""

import ssl

from parvis_server.doctor.findings import Says, found
from parvis_server.doctor.joint import look_at_bus, look_at_link
from parvis_server.doctor.machine import HUB_PORTS, look_at_files, look_at_ports
from parvis_server.doctor.target import Target
from parvis_server.doctor.way import Stopped, Tell, Way
from parvis_server.errors import UsageError

LISTEN_PATH = "/ws/listen"


def examine_machine(tell: Tell) -> None:
    """What can be seen without any network."""
    tell(look_at_files())
    for finding in look_at_ports(HUB_PORTS):
        tell(finding)


async def examine(target: Target, tell: Tell) -> None:
    """Everything on the way to a target, and what is there.

    Raises:
        UsageError: the file of the authority holds no certificate.
    """
    way = Way(target, tell, _context(target))
    try:
        await way.look()
        async with way.socket(LISTEN_PATH):
            tell(found(Says.SOCKET_OPENS, path=LISTEN_PATH))
        if target.address is None:
            return
        tell(await look_at_bus(way, target.address))
        tell(await look_at_link(way, target.address))
    except Stopped:
        return  # the last finding says why


def _context(target: Target) -> ssl.SSLContext | None:
    if not target.encrypted:
        return None
    context = ssl.create_default_context()
    if target.authority is not None:
        try:
            context.load_verify_locations(cafile=str(target.authority))
        except (OSError, ssl.SSLError):
            raise UsageError(f"{target.authority} holds no certificate in PEM") from None
    return context
