"""Taking the hub's ports at its start: plain http, and https with the right certificate."""

import contextlib
import ipaddress
import re

from parvis_server import links
from parvis_server.config import NetworkSettings
from parvis_server.data_folder import DataFolder
from parvis_server.encryption import Encryption, FileEncryption, OwnEncryption
from parvis_server.hub_server import Listener
from parvis_server.ports import take_port, take_tls_port

HOST_NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,252}")
"""What a certificate can name; the names of people's machines are not always such."""


def open_listeners(network: NetworkSettings, folder: DataFolder, utc_ms: int) -> list[Listener]:
    """The http listener, then the https one unless it is off.

    Raises:
        UsageError: certificate files that cannot be used.
        PortInUse: another program has a port that was asked for.
        UserError: an address, a port or a file that cannot be used.
    """
    if network.tls_port is None:
        return [Listener(take_port(network))]
    encryption: Encryption | None = None
    if network.certificate is not None and network.key is not None:
        encryption = FileEncryption(network.certificate, network.key)
    with contextlib.ExitStack() as taken:
        plain = taken.enter_context(take_port(network))
        encrypted = taken.enter_context(take_tls_port(network))
        if encryption is None:
            encryption = OwnEncryption(folder, lambda: own_identities(network), utc_ms)
        taken.pop_all()  # all is well: they stay open
    return [Listener(plain), Listener(encrypted, encryption)]


def own_identities(network: NetworkSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and addresses that the hub's own certificate has to speak for at this moment."""
    given = [name.lower() for name in network.names]
    names = [*given, *sorted(links.own_names()), "localhost"]
    reached = [*links.reachable_addresses(network.host), links.LOOPBACK, "::1"]
    addresses = [address for address in reached if _is_address(address)]
    names += [address for address in reached if not _is_address(address)]
    writable = (name for name in names if HOST_NAME.fullmatch(name))
    return tuple(dict.fromkeys(writable)), tuple(dict.fromkeys(addresses))


def _is_address(text: str) -> bool:
    """``--host`` may be a name, too."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
