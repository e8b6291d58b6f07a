"""The way to the hub: as the unit itself finds and dials it, but for a word on the connection."""

import asyncio
import time
from collections.abc import Callable, Iterator

from websockets.exceptions import InvalidHandshake

from parvis_device.address import HubAddress
from parvis_device.dialing import Dialer
from parvis_device.errors import NoHubFound
from parvis_device.hub_addresses import HubAddresses
from parvis_device.link_state import LinkState
from parvis_device.selftest.judging import Network, Way
from parvis_device.trouble import explain
from parvis_wire.stage import LinkKind

DIAL_S = 10.0
"""Longer than a handshake takes on the worst Wi-Fi that carries speech."""

_WAYS = {
    LinkState.WRONG_ADDRESS: Way.WRONG,
    LinkState.NOT_ALLOWED: Way.REFUSED,
}


async def way_to_hub(
    addresses: HubAddresses,
    link: LinkKind,
    *,
    paired: bool,
    own: Callable[[], list[str]] | None = None,
) -> Network:
    """How far one gets; ``own``: this machine's addresses, in a test."""
    here = (own or own_addresses)()
    try:
        hub = await addresses.next()
    except NoHubFound:
        way = Way.NOBODY_ANNOUNCED if here else Way.NO_NETWORK
        return Network(way, here, paired=paired)
    return await _dial(hub, link, here, paired=paired)


async def _dial(hub: HubAddress, link: LinkKind, here: list[str], *, paired: bool) -> Network:
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(DIAL_S):
            dialed = await Dialer(own_certificates=True).dial(hub, link)
        ms = (time.monotonic() - began_s) * 1000
        await dialed.connection.close()
        return Network(Way.REACHED, here, str(hub), ms, paired)
    except (OSError, InvalidHandshake) as error:
        way = _WAYS.get(explain(error, hub).link, Way.SILENT)
        if way is Way.SILENT and not here:
            way = Way.NO_NETWORK
        return Network(way, here, str(hub), paired=paired)


def own_addresses() -> list[str]:
    """The addresses by which this machine is on a network; its own loop is none."""
    return list(_addresses())


def _addresses() -> Iterator[str]:
    import ifaddr

    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            if isinstance(one.ip, str) and not one.ip.startswith("127."):
                yield one.ip
