"""Operators' sessions: who may run the hub, until when. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from parvis_server.trust import tokens

HOUR_MS = 3600 * 1000

IDLE_MS = 12 * HOUR_MS
"""A session that nobody used for so long is over: an evening and its morning after."""
LONGEST_MS = 24 * HOUR_MS
"""However much it is used."""

NOTED_EVERY_MS = 60 * 1000
"""How exactly the last use is kept: a page asks each second, the database is written less."""

MAX_SESSIONS = 100
"""Further ones end those that were not used for longest."""

ID_CHARACTERS = 16


class SignedBy(StrEnum):
    """How a session began."""

    SETUP = "setup"
    """By a setup link."""
    PASSWORD = "password"


@dataclass(frozen=True, slots=True)
class Session:
    """One operator at one browser."""

    id: str
    name: str
    """What they called themselves."""
    signed_by: SignedBy
    address: str
    """From which it began."""
    created_utc_ms: int
    used_utc_ms: int
    token_hash: str = field(repr=False)

    @classmethod
    def new(
        cls, name: str, signed_by: SignedBy, address: str, utc_ms: int
    ) -> "tuple[str, Session]":
        """A session that begins now, after its token, which nobody keeps."""
        token = tokens.new_session_token()
        # The id is shown in lists: it is made of the digest, of which nothing follows.
        session_id = tokens.kept(tokens.kept(token))[:ID_CHARACTERS]
        token_hash = tokens.kept(token)
        return token, cls(session_id, name, signed_by, address, utc_ms, utc_ms, token_hash)

    @property
    def expires_utc_ms(self) -> int:
        """When it ends, unless it is used."""
        return min(self.created_utc_ms + LONGEST_MS, self.used_utc_ms + IDLE_MS)

    def is_over(self, utc_ms: int) -> bool:
        """Whether its time is up. A clock that was set back by more than its life ends it too."""
        idle, age = abs(utc_ms - self.used_utc_ms), abs(utc_ms - self.created_utc_ms)
        return idle >= IDLE_MS or age >= LONGEST_MS


class Sessions:
    """Those that may be good, by the digest of their token."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        """As they were kept."""
        self._by_hash = {session.token_hash: session for session in sessions}

    def __iter__(self) -> Iterator[Session]:
        """All, the oldest first."""
        return iter(sorted(self._by_hash.values(), key=lambda one: (one.created_utc_ms, one.id)))

    def __len__(self) -> int:
        """How many."""
        return len(self._by_hash)

    def find(self, token: str) -> Session | None:
        """Whose token this is."""
        return self._by_hash.get(tokens.kept(token))

    def put(self, session: Session) -> None:
        """Add or replace."""
        self._by_hash[session.token_hash] = session

    def drop(self, session: Session) -> None:
        """It is no more."""
        self._by_hash.pop(session.token_hash, None)

    def used(self, session: Session, utc_ms: int) -> Session | None:
        """The session with its last use, if that is worth keeping; None: it was kept just now."""
        if abs(utc_ms - session.used_utc_ms) < NOTED_EVERY_MS:
            return None
        noted = replace(session, used_utc_ms=utc_ms)
        self.put(noted)
        return noted

    def too_many(self) -> list[Session]:
        """Those that give way to newer ones."""
        by_use = sorted(self._by_hash.values(), key=lambda one: one.used_utc_ms)
        return by_use[: max(0, len(by_use) - MAX_SESSIONS)]
