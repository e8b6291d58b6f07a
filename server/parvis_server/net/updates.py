"""Bundles for units: offered on their connections, and served to them by HTTP, piece by piece.

Each unit gets a path of its own, on a connection on which both sides have proven themselves; it is
worth nothing once the unit is revoked or the bundle is gone. While a room is in use the answer is:
later. A piece is at most 1 MiB, so the hub's loop is never held up.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Final, Never

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parvis_server.mishaps import Mishaps
from parvis_server.net.connection import Connection
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.plain_words import NO_STORE
from parvis_server.net.rooms import HubRoom, Rooms
from parvis_server.net.streams import Stream
from parvis_server.trust.house import HouseTrust
from parvis_server.updates.quiet import Quiet, RoomUse
from parvis_server.updates.shelf import Kept, Shelf
from parvis_server.updates.turns import Turns
from parvis_wire.messages import DEFAULT_ROOM, Role
from parvis_wire.update import UpdateOffer, UpdateState, UpdateStep

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
MAX_PIECE_BYTES: Final = 1 << 20
RETRY_S: Final = "30"

RESULTS: Final = frozenset({UpdateStep.DONE, UpdateStep.UNDONE, UpdateStep.REFUSED})

_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{1,12})")


class UpdateDesk:
    """One for each hub."""

    def __init__(
        self,
        shelf: Shelf,
        rooms: Rooms,
        trust: HouseTrust,
        now_ns: Callable[[], int],
        quiet: Quiet | None = None,
    ) -> None:
        """Nothing is offered before ``run``."""
        self._shelf, self._rooms, self._trust = shelf, rooms, trust
        self._now_ns, self._quiet = now_ns, Quiet() if quiet is None else quiet
        self._key = secrets.token_bytes(32)
        self._offered: dict[str, tuple[Connection, str]] = {}
        self._told: dict[str, UpdateState] = {}
        self._mishaps = Mishaps(log)
        self._turns = Turns()
        self.is_quiet = False
        """Whether units may be updated now."""

    async def run(self) -> Never:
        """Offer what is on the shelf, until cancelled."""
        while True:
            with self._mishaps.during("offering updates to units"):
                await asyncio.to_thread(self._shelf.look)
                self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """See whether the house is quiet, and offer to whoever does not know yet."""
        self._look_at_rooms()
        steps = {unit: _step(stream) for unit, stream in self._units()}
        self._turns.look(steps, self._now_ns())
        here: dict[str, tuple[Connection, str]] = {}
        for unit, stream in self._units():
            self._note(unit, stream)
            kept = self.kept_for(stream)
            if kept is None or stream.first is None:
                continue
            offer = (stream.first.connection, kept.sha256)
            if self._offered.get(unit) != offer:
                stream.first.connection.send(self._offer(unit, kept))
            here[unit] = offer
        self._offered = here

    def may_install(self, token: str) -> bool:
        """Whether the unit of this path may be started anew: no room is in use at this moment, and
        no other unit is being started anew."""
        self._look_at_rooms()
        return self.is_quiet and self._turns.ask(token.partition(".")[0], self._now_ns())

    def _look_at_rooms(self) -> None:
        self.is_quiet = self._quiet.look(map(_use, self._rooms), self._now_ns())

    def kept_for(self, stream: Stream) -> Kept | None:
        """The bundle for this unit; None: there is none, or it takes none."""
        software = stream.software
        takes = software is not None and software.takes_updates
        return self._shelf.for_unit(software) if takes and software is not None else None

    def found(self, token: str) -> Kept | None:
        """What a path leads to; None: nowhere, any more."""
        unit, _, rest = token.partition(".")
        digest, _, mark = rest.partition(".")
        if self._trust.unit(unit) is None:
            return None
        for kept in self._shelf.kept:
            if _is_same(kept.sha256[:16], digest):
                return kept if _is_same(self._mark(unit, kept), mark) else None
        return None

    def _offer(self, unit: str, kept: Kept) -> UpdateOffer:
        return UpdateOffer(
            version=kept.manifest.version,
            size_bytes=kept.size_bytes,
            sha256=kept.sha256,
            path=f"/update/{unit}.{kept.sha256[:16]}.{self._mark(unit, kept)}",
        )

    def _mark(self, unit: str, kept: Kept) -> str:
        words = f"{unit} {kept.sha256}".encode()
        return hmac.new(self._key, words, hashlib.sha256).hexdigest()[:32]

    def _units(self) -> Iterator[tuple[str, Stream]]:
        """Those that are paired and here."""
        for room in self._rooms:
            for participant, stream in room.live.streams:
                if stream.first is not None and self._trust.unit(participant) is not None:
                    yield participant, stream

    def _note(self, unit: str, stream: Stream) -> None:
        """A result is told once in the hub's log."""
        update = None if stream.software is None else stream.software.update
        if update is None or self._told.get(unit) == update:
            return
        self._told[unit] = update
        if update.step in RESULTS:
            why = "" if update.fault is None else f" ({update.fault.value})"
            log.info("unit %s: update to %s %s%s", unit, update.version, update.step.value, why)


def _is_same(own: str, said: str) -> bool:
    """As bytes: of text, ``compare_digest`` takes ASCII alone, and anybody writes a path."""
    return hmac.compare_digest(own.encode(), said.encode(errors="replace"))


def _step(stream: Stream) -> UpdateStep | None:
    update = None if stream.software is None else stream.software.update
    return None if update is None else update.step


def _use(room: HubRoom) -> RoomUse:
    live, view = room.live, room.live.room.view
    return RoomUse(
        opens_by_itself=room.name == DEFAULT_ROOM,
        phase=room.phase,
        listeners=live.listeners,
        turns=len(view.floor),
        hands=len(view.line),
        is_recorded=view.recording is not None,
        open_microphones=len(view.microphones),
        outputs=_outputs(live),
    )


def _outputs(live: LiveRoom) -> int:
    heard = sum(stream.output is not None and bool(stream.lanes) for _, stream in live.streams)
    return heard + live.count(Role.SPEAKER)


def add_updates(app: FastAPI, desk: UpdateDesk, missed: Callable[[Request], int]) -> None:
    """Add the routes; ``missed`` counts a guess, and gives the status of its answer."""

    def found(token: str, request: Request) -> Kept:
        kept = desk.found(token)
        if kept is None:
            raise HTTPException(missed(request))
        return kept

    @app.get("/update/{token}/quiet")
    async def quiet(token: str, request: Request) -> Response:
        """Whether it may be installed now."""
        found(token, request)
        if desk.may_install(token):
            return Response(status_code=204, headers=NO_STORE)
        return _later()

    @app.get("/update/{token}")
    async def piece(token: str, request: Request) -> Response:
        """A piece of the bundle."""
        kept = found(token, request)
        if not desk.is_quiet:
            return _later()
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        first, last = (int(asked[1]), int(asked[2])) if asked is not None else (1, 0)
        if not first <= last < min(first + MAX_PIECE_BYTES, kept.size_bytes):
            raise HTTPException(416)
        content = await asyncio.to_thread(kept.piece, first, last)
        about = {"Content-Range": f"bytes {first}-{last}/{kept.size_bytes}", **NO_STORE}
        return Response(content, 206, about, media_type="application/octet-stream")


def _later() -> Response:
    return Response(status_code=503, headers={"Retry-After": RETRY_S, **NO_STORE})
