"""Paths that let one person hear what is not for everybody, without showing a secret.

Theory of operation. A plain audio element, a podcast player and a browser's own byte ranges send no
header of ours, so for them the right must stand in the path: ``/p/TOKEN/...``. A token is 128 bits
of chance, for one person and one room; who asks again gets another one, and the older is void. Kept
and logged is its hash alone. A person has one for each purpose and asks for another only so often;
a room has a share of all, so nobody pushes others' paths out. The file is written by a thread;
requests that come meanwhile share the next writing. A grant ends when a host revokes it, when its
holder is shown out, and when the invitation is void by which they came; that is looked at on each
use.
"""

import asyncio
import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from parvis_server.net.admission import Door
from parvis_server.net.rate import Attempts

log = logging.getLogger(__name__)

TOKEN_BYTES: Final = 16
HASH_CHARACTERS: Final = 16
"""64 bits of SHA-256 name a grant among some thousand."""

MAX_GRANTS: Final = 4_000
"""The oldest give way: half a megabyte on the disk."""

MAX_OF_ROOM: Final = 1_000
"""Its own oldest give way: a quarter of all, so that no room takes those of others."""

ASK_BURST: Final = 10
ASK_PER_S: Final = 0.1
"""One person: a page and a podcast player that ask at once; then six a minute."""

HEAR_MS: Final = 12 * 3_600_000
"""So long a host's path to what is not published is good: an evening's work."""

EXPORT_MS: Final = 600_000
"""So long a host's path to what was recorded as it is: for the download that begins now."""

FILE: Final = "path_grants.json"


class Scope(StrEnum):
    """What a path is good for."""

    LISTEN = "listen"
    """The room's plain stream and its replays."""
    HEAR = "hear"
    """For a host: what would be published, before it is."""
    EXPORT = "export"
    """For a host: everything that was recorded, or what there is of one person."""


_LASTS_MS: Final = {Scope.HEAR: HEAR_MS, Scope.EXPORT: EXPORT_MS}


@dataclass(frozen=True, slots=True)
class Grant:
    """A right to hear, without its token."""

    hash: str
    """Names it in lists and logs."""
    room: str
    scope: Scope
    holder: str
    """A participant's id, ``invitation N``, or ``host``."""
    since_utc_ms: int
    invite: int | None = None
    """Number of the invitation by which they came."""


def hash_of(token: str) -> str:
    """What stands for a token in lists and logs."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()[:HASH_CHARACTERS]


class PathGrants:
    """Every grant of a hub."""

    def __init__(
        self,
        file: Path | None,
        is_good: Callable[[Grant], bool],
        utc_ms: Callable[[], int],
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Those of an earlier run are good again.

        Args:
            file: where they are kept; None: nowhere.
            is_good: whether a grant's room and holder are such that it still counts.
            utc_ms: now, for people.
            now_ns: now, to see who asks too often.
        """
        self._file = file
        self._is_good = is_good
        self._utc_ms = utc_ms
        self._now_ns = now_ns
        self._asked = Attempts(ASK_PER_S, ASK_BURST)
        self._grants: dict[str, Grant] = {grant.hash: grant for grant in _read(file)}
        self._changes = self._written = 0
        self._writing = asyncio.Lock()

    def make(self, room: str, scope: Scope, holder: str, invite: int | None = None) -> str | None:
        """A new token; what the same person had for the same is void. None: they ask too often."""
        if not self._asked.take(f"{room} {holder}", self._now_ns()):
            return None
        mine = self.of_room(room)
        gone = [one for one in mine if (one.scope, one.holder) == (scope, holder)]
        if not gone and len(mine) >= MAX_OF_ROOM:
            gone = [mine[0]]
        for grant in gone:
            del self._grants[grant.hash]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        grant = Grant(hash_of(token), room, scope, holder, self._utc_ms(), invite)
        self._grants[grant.hash] = grant
        while len(self._grants) > MAX_GRANTS:
            del self._grants[next(iter(self._grants))]
        self._changes += 1
        log.info("path %s was given for room %s", grant.hash, room)
        return token

    def find(self, token: str, scope: Scope) -> Grant | None:
        """What a token is worth now; None: nothing."""
        grant = self._grants.get(hash_of(token))
        return grant if grant is not None and grant.scope is scope and self.counts(grant) else None

    def counts(self, grant: Grant) -> bool:
        """Whether it was not revoked, and its holder may still be here."""
        lasts_ms = _LASTS_MS.get(grant.scope)
        if lasts_ms is not None and self._utc_ms() - grant.since_utc_ms >= lasts_ms:
            return False
        return grant.hash in self._grants and self._is_good(grant)

    @property
    def every(self) -> tuple[Grant, ...]:
        """All, the oldest first."""
        return tuple(self._grants.values())

    def of_room(self, room: str) -> tuple[Grant, ...]:
        """A room's, the oldest first."""
        return tuple(grant for grant in self._grants.values() if grant.room == room)

    def revoke(self, room: str, which: Callable[[Grant], bool]) -> int:
        """Make some of a room's void; how many there were."""
        gone = [grant for grant in self.of_room(room) if which(grant)]
        for grant in gone:
            del self._grants[grant.hash]
            log.info("path %s is void", grant.hash)
        self._changes += bool(gone)
        return len(gone)

    async def kept(self) -> None:
        """Return once everything that was changed until now is on the disk."""
        wanted = self._changes
        async with self._writing:
            if self._written < wanted and self._file is not None:
                now = self._changes
                await asyncio.to_thread(_write, self._file, self.every)
                self._written = now

    def keep(self) -> None:
        """The same for a command, which has nothing else to do meanwhile."""
        if self._file is not None:
            _write(self._file, self.every)


def _write(file: Path, grants: tuple[Grant, ...]) -> None:
    """Whole, and on the disk: what was revoked stays so after a power cut."""
    draft = file.with_name(file.name + ".new")
    try:
        draft.touch(mode=0o600)
        with draft.open("w") as opened:
            opened.write(json.dumps([asdict(grant) for grant in grants]))
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        log.warning("paths are forgotten when the hub ends: %s: %s", draft, error.strerror)


class Doors(Protocol):
    """The rooms of a hub."""

    def get(self, name: str) -> Door | None:
        """One of them."""


def is_good(rooms: Doors, grant: Grant) -> bool:
    """Whether the room is there, and its holder neither shown out nor uninvited."""
    room = rooms.get(grant.room)
    if room is None or room.is_out(grant.holder):
        return False
    return grant.invite is None or any(one.number == grant.invite for one in room.invites)


def no_paths() -> PathGrants:
    """Of a hub that gives none away."""
    return PathGrants(None, lambda grant: False, lambda: 0)


def _read(file: Path | None) -> Iterator[Grant]:
    try:
        told = [] if file is None else json.loads(file.read_bytes())
        for one in told:
            yield Grant(**{**one, "scope": Scope(one["scope"])})
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning("the paths in %s cannot be read, their holders ask anew: %s", file, error)
