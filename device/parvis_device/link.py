"""The connection to the hub: joins, sends, receives, and comes back for ever.

A unit with an identity proves it first and has the hub prove itself; where the hub does not know
it, it waits at the door (``stranger.py``). Nothing of the microphone leaves before the ``welcome``.
Control goes over one connection. Packets go over it as well, and again over a second one where the
unit was told to use two (``second_link.py``): then sound goes on while the first one is re-made.
Control messages that have no connection are the seat's to send again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from parvis_device.address import HubAddress
from parvis_device.connection import Line, close_connection, join_message
from parvis_device.dialing import Dialed, Dialer
from parvis_device.errors import DoubtfulHub
from parvis_device.hub_addresses import HubAddresses
from parvis_device.introduction import Introduction, Wiring
from parvis_device.light import LinkState
from parvis_device.papers import Papers
from parvis_device.second_guard import SecondGuard, Verdict
from parvis_device.second_link import SecondLink
from parvis_device.stranger import Stranger
from parvis_device.trouble import Trouble, explain
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import BadMessage
from parvis_wire.messages import (
    Attend,
    Failure,
    HubMessage,
    Snapshot,
    Welcome,
    parse_hub_message,
    serialize,
)
from parvis_wire.pairing import UnitKey
from parvis_wire.reconnect import delay_s
from parvis_wire.stage import UnitTraits
from parvis_wire.update import UnitSoftware, UpdateOffer

NOT_WELCOME_S = 8.0
"""A unit with a key that the hub does not want comes back this slowly, and no slower: two with one
key then take turns often enough, three times in a minute, to be noticed as a copy."""

_NOT_WELCOME = (CloseCode.UNAUTHORISED, CloseCode.SUPERSEDED)

TRYING_AGAIN = "trying again every second, later every 8 seconds"

_log = logging.getLogger(__name__)


class LinkEvents(Protocol):
    """Whom the link tells."""

    def hub_said(self, message: HubMessage) -> None:
        """One message of the hub, in order."""

    def link_changed(self, state: LinkState) -> None:
        """Joined, or why not; every loss of a joined connection is told."""

    def second_changed(self) -> None:
        """The second connection began or ended to carry packets."""

    def packet_leaves(self) -> None:
        """The next thing that is done is to give a packet to the network."""

    def packet_came(self, packet: bytes, arrival_ns: int) -> None:
        """A packet of the hub; with two connections, most come twice."""


class HubLink:
    """One unit's connection to its hub, or its two."""

    def __init__(
        self,
        addresses: HubAddresses,
        *,
        name: str,
        traits: UnitTraits,
        events: LinkEvents,
        connections: int = 1,
        papers: Papers | None = None,
    ) -> None:
        """Nothing happens before ``run``. Without ``papers`` it is nobody whom a hub could know."""
        self._addresses = addresses
        self._address: HubAddress | None = None
        self._dialer = Dialer(own_certificates=papers is not None)
        self._papers = papers
        self._stranger = None if papers is None else self._stranger_with(papers)
        self._name = name
        self._traits = traits
        self._events = events
        self._line = Line(events.packet_leaves)
        self._second = (
            None
            if connections == 1
            else SecondLink(
                self._dialer,
                name=name,
                traits=traits,
                identity=None if papers is None else papers.identity,
                packet_leaves=events.packet_leaves,
                packet_came=events.packet_came,
                changed=events.second_changed,
            )
        )
        self._guard = SecondGuard()
        self._lines = [self._line] if self._second is None else [self._line, self._second.line]
        self._resume: str | None = None
        self._trouble: Trouble | None = None
        self._told = ""
        self._welcomed = False
        self._stayed = False
        """The last connection was joined, or kept at the door."""
        self.software: Callable[[], UnitSoftware] | None = None
        """What the hub is told of the unit's program."""
        self.offered: Callable[[UpdateOffer, HubAddress, bytes | None], None] | None = None
        """Who hears of a newer one: the offer, the hub, and the certificate that it showed."""
        self.rounds = 0
        """How often the sending or the trying side has run: food for the watchdog."""

    @property
    def dropped_packets(self) -> int:
        """Packets that gave way to newer ones."""
        return sum(line.dropped_packets for line in self._lines)

    @property
    def joined(self) -> bool:
        """Whether the hub takes packets now."""
        return self._line.joined

    @property
    def second_joined(self) -> bool:
        """Whether a second connection carries packets now."""
        return self._second is not None and self._second.line.joined

    def pressed(self) -> bool:
        """The button went down; whether that was to pair the unit."""
        return self._stranger is not None and self._stranger.pressed()

    def released(self) -> None:
        """It came up again."""
        if self._stranger is not None:
            self._stranger.released()

    def use_packet_ms(self, packet_ms: int) -> None:
        """Packets have this length from now on."""
        for line in self._lines:
            line.use_packet_ms(packet_ms)

    def send_packet(self, packet: bytes) -> None:
        """Send one packet over every connection; without any it is worthless at once."""
        self.rounds += 1
        for line in self._lines:
            line.send_packet(packet)

    def forget_packets(self) -> None:
        """Drop the sound that has not left yet: the turn is over."""
        for line in self._lines:
            line.forget_packets()

    def send_message(self, message: Wire) -> None:
        """Send one control message, when there is a connection."""
        self.rounds += 1
        if self._line.joined:
            self._line.send_message(serialize(message))

    async def flush(self) -> None:
        """Wait until everything queued was given to the network; at once without a connection."""
        await asyncio.gather(*(line.flush() for line in self._lines))

    def close_by(self, by_s: float) -> None:
        """The unit is being stopped: let go of the hub by then, on the loop's clock."""
        for line in self._lines:
            line.close_by_s = by_s

    def keep_house(self, now_ns: int) -> None:
        """What no packet sets off; to be called every tenth of a second.

        A turn's last packet may wait for room, and none comes after it. Two connections may be one
        too many.
        """
        for line in self._lines:
            line.pump()
        if self._stranger is not None and self._stranger.waits:
            self.rounds += 1  # a hub that keeps it at the door is all that there is to do
            self._stranger.tick()
        if self._second is None:
            return
        match self._guard.look(now_ns, self._line.traffic, self._second.line.traffic):
            case Verdict.REST:
                _log.warning(
                    "this network has no room for two connections: one carries the sound, the "
                    "second is tried again in %d s",
                    self._guard.rest_s,
                )
                self._second.rest()
            case Verdict.TRY_AGAIN:
                self._second.try_again()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_first())
            if self._second is not None:
                tasks.create_task(self._second.run())
            if self._stranger is not None:
                tasks.create_task(self._stranger.run())

    async def _run_first(self) -> None:
        attempt = 0
        while True:
            self.rounds += 1
            welcome = True
            try:
                await self._connect_once()
            except (OSError, InvalidHandshake, ConnectionClosed, ValueError) as error:
                welcome = self._lost(error)
            attempt = 0 if self._stayed else attempt
            await self._pause(delay_s(attempt) if welcome else NOT_WELCOME_S)
            attempt += 1

    async def _connect_once(self) -> None:
        """One connection from joining to its end, which is always an exception."""
        self._told, self._welcomed, self._stayed = "", False, False
        self._address = address = await self._addresses.next()
        chosen = self._addresses.named
        dialed = await self._dialer.dial(address, self._traits.link, chosen=chosen)
        connection = dialed.connection
        try:
            unit_key = self._introduce(dialed, address)
            traits = self._traits_now()
            join = join_message(address, self._name, traits, self._resume, unit_key=unit_key)
            await connection.send(serialize(join))
            while True:
                self._received(await connection.recv(), dialed)
        finally:
            self._leave()
            await close_connection(connection, self._line.close_by_s)

    def _traits_now(self) -> UnitTraits:
        if self.software is None:
            return self._traits
        return self._traits.model_copy(update={"software": self.software()})

    def _introduce(self, dialed: Dialed, address: HubAddress) -> UnitKey | None:
        if self._papers is None or self._stranger is None:
            return None
        introduction = Introduction(self._papers.identity, address, dialed.wiring)
        self._stranger.arrive(introduction, lambda message: _say(dialed.connection, message))
        return introduction.unit_key

    def _leave(self) -> None:
        self._stayed = self._line.joined
        if self._stranger is not None:
            self._stayed = self._stayed or self._stranger.waits
            self._stranger.leave()

    def _received(self, frame: str | bytes, dialed: Dialed) -> None:
        if isinstance(frame, bytes):
            if self._welcomed:
                self._events.packet_came(frame, time.monotonic_ns())
            return
        message = parse_hub_message(frame)
        if isinstance(message, Failure):
            self._told = message.text
            return
        if not self._welcomed and self._before_welcome(message):
            return
        if isinstance(message, Welcome):
            self._welcome(message, dialed.wiring)
        elif not (self._line.joined or isinstance(message, Snapshot)):
            raise BadMessage(f"{message.type} came before the snapshot")
        elif not self._line.joined:
            self._have_joined(dialed.connection)
        if isinstance(message, UpdateOffer):
            if self.offered is not None and self._address is not None:
                self.offered(message, self._address, dialed.wiring.certificate)
            return
        self._events.hub_said(message)
        if isinstance(message, Snapshot):
            self._events.link_changed(LinkState.JOINED)

    def _before_welcome(self, message: HubMessage) -> bool:
        """Whether this message was for a unit that is not welcome yet."""
        if isinstance(message, Welcome):
            return False
        stranger = self._stranger
        if stranger is not None and stranger.waits and isinstance(message, Attend):
            self._events.hub_said(message)  # somebody looks for the unit that waits
        elif stranger is None or not stranger.takes(message):
            raise BadMessage(f"{message.type} came before the welcome")
        return True

    def _welcome(self, welcome: Welcome, wiring: Wiring) -> None:
        if self._traits.always_open and not (self._is_known or wiring.own_machine):
            raise DoubtfulHub(
                f"this unit found the hub at {self._address} by itself, belongs to no site, and "
                "its microphone is open from the start: say which hub with --hub, or pair it"
            )
        if self._stranger is not None:
            self._stranger.welcome()
        self._welcomed = True
        self._resume = welcome.resume
        if self._second is not None and welcome.stream is not None and self._address is not None:
            chosen = self._addresses.named
            self._second.use(welcome.stream, welcome.resume, self._address, chosen=chosen)

    @property
    def _is_known(self) -> bool:
        """A person chose this hub: by its address, or by pairing the unit."""
        site = None if self._papers is None else self._papers.identity.site
        return self._addresses.named or site is not None

    def _have_joined(self, connection: ClientConnection) -> None:
        """What waited for the lost connection is void; the seat says again what counts."""
        assert self._address is not None
        self._line.open(connection)
        self._trouble = None
        self._addresses.joined()
        _log.info("joined room %s at %s as %s", self._address.room, self._address, self._name)

    def _stranger_with(self, papers: Papers) -> Stranger:
        return Stranger(papers.identity, papers.pairing, papers.setup_code, self._at_the_door)

    def _at_the_door(self, state: LinkState) -> None:
        self._trouble = None
        self._events.link_changed(state)

    def _lost(self, error: Exception) -> bool:
        """Tell once what is wrong, and what the hub's reason means for coming back; whether it
        may want this unit back."""
        self._line.shut()
        code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else None
        if code in _NOT_WELCOME:
            self._resume = None  # come back as somebody new
        keyed = self._papers is not None
        trouble = explain(error, self._address, self._told, keyed=keyed)
        if trouble != self._trouble:
            self._trouble = trouble
            _log.warning("%s; %s", trouble.words, TRYING_AGAIN)
        self._events.link_changed(trouble.link)
        return not (keyed and code in _NOT_WELCOME)

    async def _pause(self, seconds: float) -> None:
        """Wait, and let the watchdog see that this side is alive."""
        while seconds > 0:
            self.rounds += 1
            await asyncio.sleep(min(seconds, 1.0))
            seconds -= 1.0


def _say(connection: ClientConnection, message: Wire) -> None:
    """Say something before the welcome, at once."""
    broadcast((connection,), serialize(message))
