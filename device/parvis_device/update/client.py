"""The unit's part in its own update: fetches what the hub offers, beats its pulse, tells how far.

It runs beside sound on the event loop, so everything that reads, writes or waits does so on a
thread; and it fetches nothing while its person has the floor.
"""

import asyncio
import logging
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Never, Protocol

from parvis_device.address import HubAddress
from parvis_device.update.arrivals import Arrivals
from parvis_device.update.disk import read_some
from parvis_device.update.errors import UpdaterTrouble
from parvis_device.update.fetching import PIECE_BYTES, Gone, Later, Way
from parvis_device.update.judgement import NS_PER_S, Pulse
from parvis_device.update.places import Places
from parvis_device.update.planning import Plan, plan
from parvis_device.update.pulse import beat
from parvis_device.update.record import MAX_RECORD_BYTES, Record, read_record
from parvis_device.update.shown import UpdateShown, shown_of
from parvis_wire.update import (
    UnitSoftware,
    UpdateFault,
    UpdateOffer,
    UpdateReport,
    UpdateState,
    UpdateStep,
)

BEAT_S = 1.0
LOOK_S = 2.0
LATER_S = 20.0
"""After the hub said: later."""
QUIET_NS = 3 * NS_PER_S
"""How long the hub's yes counts: a room may open in the next moment. The pulse beats and the
updater looks each second; a yes that was missed is asked for again twenty seconds later."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the unit is."""

    blocks: int
    joined: bool
    in_turn: bool
    """Its person has the floor."""


class Pieces(Protocol):
    """Where the pieces of a bundle come from."""

    def piece(self, way: Way, path: str, first: int, last: int) -> bytes:
        """Some bytes; raises ``Later`` or ``Gone``."""

    def is_quiet(self, way: Way, path: str) -> bool:
        """Whether it may be installed now; raises ``Later`` or ``Gone``."""


class UpdateClient:
    """One for each running unit."""

    def __init__(
        self,
        places: Places,
        version: str,
        vitals: Callable[[], Vitals],
        say: Callable[[UpdateReport], None],
        pieces: Pieces,
    ) -> None:
        """Of the program of this version; ``say`` tells the hub. Nothing runs yet."""
        self._places, self._version = places, version
        self._vitals, self._say, self._pieces = vitals, say, pieces
        self._arrivals = Arrivals(places)
        self._program = places.led_to(places.current) or ""
        self._record = Record()
        self._stamp: tuple[int, int] | None = None
        self._offer: UpdateOffer | None = None
        self._way: Way | None = None
        self._own: UpdateState | None = None
        """What it does itself, before the updater has it."""
        self._told: UpdateState | None = None
        self._since_ns: int | None = None
        """When what is told became so; None: before the start."""
        self._quiet_ns: int | None = None
        self._refused: set[str] = set()
        """Digests of bundles that are not what their offer said."""
        self._read()
        self._told = self.update

    @property
    def takes_updates(self) -> bool:
        """There is an updater with a maker's key."""
        return self._record.key is not None

    @property
    def update(self) -> UpdateState | None:
        """How far the update is."""
        shown, offer = self._own or self._record.shown, self._offer
        # What was refused before anybody vouched for it has no version but the offer's.
        if shown is not None and offer is not None and self._record.last_sha256 == offer.sha256:
            named = self._own is None and self._record.last is shown
            return shown.model_copy(update={"version": offer.version}) if named else shown
        return shown

    def software(self) -> UnitSoftware:
        """What the hub is told in ``join``."""
        return UnitSoftware(
            version=self._version,
            machine=platform.machine() or "unknown",
            python=sys.implementation.cache_tag or "unknown",
            takes_updates=self.takes_updates,
            update=self.update,
        )

    def shown(self, now_ns: int) -> UpdateShown:
        """What the light shows of it."""
        return shown_of(self._told, self._since_ns, now_ns)

    def offered(self, offer: UpdateOffer, address: HubAddress, certificate: bytes | None) -> None:
        """The hub has this bundle."""
        self._offer, self._way = offer, Way(address, certificate)

    async def run(self) -> None:
        """Look after the update until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._work())

    # --- the pulse ---

    async def _beat(self) -> Never:
        failed = False
        while True:
            self._read()
            self._let_go()
            self._tell()
            if self.takes_updates:
                try:
                    beat(self._places.pulse, self._pulse(time.monotonic_ns()))
                    failed = False
                except OSError as error:
                    if not failed:
                        _log.warning("no pulse for the updater: %s", error.strerror)
                    failed = True
            await asyncio.sleep(BEAT_S)

    def _pulse(self, now_ns: int) -> Pulse:
        vitals = self._vitals()
        asked_ns = self._quiet_ns
        is_quiet = asked_ns is not None and now_ns - asked_ns <= QUIET_NS and not vitals.in_turn
        quiet = self._offer.sha256 if is_quiet and self._offer is not None else None
        return Pulse(self._program, now_ns, vitals.blocks, vitals.joined, quiet)

    def _read(self) -> None:
        """What the updater wrote since."""
        try:
            state = self._places.record.stat()
        except OSError:
            return
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._record = read_record(read_some(self._places.record, MAX_RECORD_BYTES))
        except UpdaterTrouble as trouble:
            _log.warning("%s", trouble)

    def _let_go(self) -> None:
        """What the updater has taken up is its own from then on."""
        if self._offer is None or self._own is None or self._own.step is not UpdateStep.CHECKING:
            return
        if self._offer.sha256 in (self._record.sha256, self._record.last_sha256):
            self._own = None

    def _tell(self) -> None:
        now = self.update
        if now == self._told:
            return
        self._told, self._since_ns = now, time.monotonic_ns()
        # A hub that offered nothing may not know the message.
        if now is not None and self._offer is not None:
            self._say(UpdateReport(update=now))

    # --- the bundle ---

    async def _work(self) -> Never:
        while True:
            pause_s = LOOK_S
            try:
                await self._next()
            except Later as later:
                _log.debug("%s", later)
                pause_s = LATER_S
            except Gone as gone:
                _log.info("%s", gone)
                self._offer = self._own = None
            except OSError as error:
                self._refuse(UpdateFault.DISK, f"the card: {error.strerror}")
                pause_s = LATER_S
            await asyncio.sleep(pause_s)

    async def _next(self) -> None:
        offer, way, now_ns = self._offer, self._way, time.monotonic_ns()
        if offer is None or way is None or offer.sha256 in self._refused:
            return
        since_ns = self._since_ns or 0
        match plan(offer, self._program, self._version, self._record, since_ns, now_ns):
            case Plan.ASK:
                if await asyncio.to_thread(self._pieces.is_quiet, way, offer.path):
                    self._quiet_ns = time.monotonic_ns()
                raise Later("asked again in a while")
            case Plan.FETCH if self._own is None or self._own.step is not UpdateStep.CHECKING:
                await self._fetch(offer, way)

    async def _fetch(self, offer: UpdateOffer, way: Way) -> None:
        if not await asyncio.to_thread(self._arrivals.has_room, offer):
            size_mb = offer.size_bytes >> 20
            self._refuse(UpdateFault.CARD_FULL, f"no room for a bundle of {size_mb} MB")
            raise Later("the card is full")
        first = await asyncio.to_thread(self._arrivals.arrived_bytes, offer)
        while first < offer.size_bytes:
            if self._offer != offer or self._vitals().in_turn:
                return
            self._becomes(UpdateStep.FETCHING, percent=100 * first // offer.size_bytes)
            last = min(first + PIECE_BYTES, offer.size_bytes) - 1
            piece = await asyncio.to_thread(self._pieces.piece, way, offer.path, first, last)
            await asyncio.to_thread(self._arrivals.add, first, piece)
            first = last + 1
        if await asyncio.to_thread(self._arrivals.hand_over, offer):
            self._becomes(UpdateStep.CHECKING)
        else:
            self._refused.add(offer.sha256)
            self._refuse(UpdateFault.TAMPERED, "what arrived is not what the hub offered")

    def _becomes(
        self, step: UpdateStep, percent: int | None = None, fault: UpdateFault | None = None
    ) -> None:
        assert self._offer is not None, "nothing is done about a bundle that nobody offers"
        version = self._offer.version
        self._own = UpdateState(step=step, version=version, percent=percent, fault=fault)
        self._tell()

    def _refuse(self, fault: UpdateFault, words: str) -> None:
        if self._offer is None or (self._own is not None and self._own.fault is fault):
            return
        _log.warning("the update to version %s: %s", self._offer.version, words)
        self._becomes(UpdateStep.REFUSED, fault=fault)
