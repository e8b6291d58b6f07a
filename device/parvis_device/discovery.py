"""Finds the hub by itself: ``--hub auto``.

The library is loaded when a search begins, and the search is over when a hub was found: nothing of
it listens beside a turn.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from parvis_device.address import HubAddress
from parvis_device.candidates import MAX_CANDIDATES, SERVICE, Candidate, candidate, usable
from parvis_device.errors import NoHubFound
from parvis_device.identity import Identity
from parvis_wire.identity import fingerprint, spelled

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf

SEARCH_S = 5.0
"""A hub answers a question within a fraction of a second; a venue's Wi-Fi may need a few."""
OTHERS_S = 0.5
"""After the first hub: how long it is looked for others that could be meant."""
TRIES = 3
"""So often the same hub is tried before it is searched anew: it may have another address now."""

_log = logging.getLogger(__name__)


class Search(Protocol):
    """Where announcements come from."""

    async def run(self, found: Callable[[Candidate], None]) -> None:
        """Tell each hub that is announced, until cancelled."""


class Announcements:
    """Those on the network, by zeroconf."""

    def __init__(self, interfaces: list[str] | None = None) -> None:
        """On the network cards with these addresses; None: on all."""
        self._interfaces = interfaces

    async def run(self, found: Callable[[Candidate], None]) -> None:
        """Ask and listen until cancelled.

        Raises:
            OSError: this machine has no network.
        """
        from zeroconf import InterfaceChoice
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

        names: asyncio.Queue[str] = asyncio.Queue(maxsize=MAX_CANDIDATES)

        def changed(
            zeroconf: "Zeroconf", service_type: str, name: str, state_change: "ServiceStateChange"
        ) -> None:
            with contextlib.suppress(asyncio.QueueFull):
                names.put_nowait(name)

        async def ask(name: str) -> None:
            info = AsyncServiceInfo(SERVICE, name)
            if await info.async_request(multicast.zeroconf, SEARCH_S * 1000):
                words = info.decoded_properties
                hub = candidate(info.name, info.parsed_addresses(), info.port, words)
                if hub is not None:
                    found(hub)

        multicast = AsyncZeroconf(interfaces=self._interfaces or InterfaceChoice.All)
        browser = AsyncServiceBrowser(multicast.zeroconf, SERVICE, handlers=[changed])
        try:
            async with asyncio.TaskGroup() as questions:
                for _ in range(MAX_CANDIDATES):
                    questions.create_task(ask(await names.get()))
                await asyncio.Event().wait()
        finally:
            await browser.async_cancel()
            await multicast.async_close()


class FoundAddress:
    """The hub that announces itself; the fallback, where there is one, when none does."""

    def __init__(
        self, search: Search, identity: Identity | None, fallback: HubAddress | None = None
    ) -> None:
        """Nothing is searched before ``next``."""
        self._search = search
        self._identity = identity
        self._fallback = fallback
        self._kept: HubAddress | None = None
        self._tries = 0
        self._failed: set[HubAddress] = set()

    @property
    def named(self) -> bool:
        """Only the fallback was given by a person."""
        return self._fallback is not None and self._kept == self._fallback

    async def next(self) -> HubAddress:
        """The hub that was found, or the next one that is.

        Raises:
            NoHubFound: none announces itself, and there is no fallback.
        """
        if self._kept is not None and self._tries < TRIES:
            self._tries += 1
            return self._kept
        if self._kept is not None:
            self._failed.add(self._kept)
        hubs = await self._find()
        if hubs:
            self._keep(hubs)
            return hubs[0].address
        if self._fallback is None:
            self._kept = None
            raise NoHubFound(self._nobody)
        if self._kept != self._fallback:
            _log.info("no hub announces itself: trying %s", self._fallback)
        self._kept, self._tries = self._fallback, TRIES
        return self._fallback

    def joined(self) -> None:
        """This hub is the right one: nothing is held against it, and it is tried again first."""
        self._tries = 0
        self._failed.clear()

    def _keep(self, hubs: list[Candidate]) -> None:
        first, *others = hubs
        if first.address in self._failed:
            self._failed.clear()  # every one failed: begin anew
        if first.address != self._kept:
            _log.info("found the hub %s at %s", first.name, first.address)
        if others:
            words = ", ".join(f"{one.name} at {one.address}" for one in others)
            _log.warning("there are other hubs, too: %s; --hub says which one is meant", words)
        self._kept, self._tries = first.address, 1

    async def _find(self) -> list[Candidate]:
        found: dict[HubAddress, Candidate] = {}
        came = asyncio.Event()

        def take(hub: Candidate) -> None:
            if len(found) < MAX_CANDIDATES:
                found[hub.address] = hub
            if usable([hub], self._site, ()):
                came.set()

        async with asyncio.TaskGroup() as tasks:
            searching = tasks.create_task(self._run_search(take))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SEARCH_S):
                    await came.wait()
                    await asyncio.sleep(OTHERS_S)
            searching.cancel()
        return usable(list(found.values()), self._site, self._failed)

    async def _run_search(self, take: Callable[[Candidate], None]) -> None:
        try:
            await self._search.run(take)
        except OSError as error:
            _log.warning("cannot look for hubs on this network: %s", error.strerror or error)

    @property
    def _site(self) -> str | None:
        site = None if self._identity is None else self._identity.site
        return None if site is None else fingerprint(site)

    @property
    def _nobody(self) -> str:
        of = f" of the site {spelled(self._site)}" if self._site else ""
        return (
            f"no hub{of} announces itself on this network: is it on, and on the same one? Its "
            "address can be given with --hub"
        )
