"""What was done to the house, by whom, when, and from where. Pure; holds no secret.

Strangers may write too (a wrong password, a unit that wants to join), but not push out what
operators did: they have a share of their own, and a limit for each hour.
"""

import heapq
import unicodedata
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter

from parvis_server.trust.tokens import without_tokens

MAX_ACTS = 10_000
"""Years of evenings; some 3 MB."""
MAX_STRANGERS_ACTS = 2_000
"""Of these."""

STRANGERS_ACTS_AN_HOUR = 60
REPEATED_AFTER_MS = 10 * 60 * 1000
"""The same from the same address is one burst, and one line, for so long."""
MAX_BURSTS = 1_000
"""Bursts that are remembered."""

MAX_TEXT_CHARACTERS = 80

HOUR_MS = 3600 * 1000


class Deed(StrEnum):
    """What can be done."""

    CLAIMED = "claimed"
    SETUP_LINK = "setup_link"
    """A link for one more session was made."""
    SIGNED_IN = "signed_in"
    PASSWORD_SET = "password_set"
    SESSION_REVOKED = "session_revoked"
    PLAIN_HOST_ON = "plain_host_on"
    PLAIN_HOST_OFF = "plain_host_off"
    UNIT_WAITS = "unit_waits"
    UNIT_ASKED = "unit_asked"
    """For the proof of its code, or for a press."""
    UNIT_IDENTIFIED = "unit_identified"
    UNIT_PAIRED = "unit_paired"
    UNIT_REFUSED = "unit_refused"
    """A pairing came to nothing."""
    UNIT_RENAMED = "unit_renamed"
    UNIT_REVOKED = "unit_revoked"
    UNIT_CLONED = "unit_cloned"
    """One key spoke from two places."""
    REFUSED = "refused"
    """A wrong password, setup link or token."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line."""

    number: int
    """1 for the first; what orders them, whatever the clocks say."""
    utc_ms: int
    act: str
    """A ``Deed``, or what a newer Parvis called so."""
    by: str | None
    """An operator; None: a stranger, or the hub itself."""
    about: str | None
    """A unit, a session, a name."""
    address: str | None


class Audit:
    """The newest acts."""

    def __init__(self, acts: Iterable[Act] = ()) -> None:
        """As they were kept, in order."""
        self._known: deque[Act] = deque()
        self._strangers: deque[Act] = deque()
        self._last = 0
        self._recent_utc_ms: deque[int] = deque(maxlen=STRANGERS_ACTS_AN_HOUR)
        self._bursts: OrderedDict[tuple[str, str | None], int] = OrderedDict()
        for act in acts:
            self._of(act).append(act)
            self._last = act.number

    def __iter__(self) -> Iterator[Act]:
        """All, the newest first."""
        number = attrgetter("number")
        newest = (reversed(self._known), reversed(self._strangers))
        return heapq.merge(*newest, key=number, reverse=True)

    def __len__(self) -> int:
        """How many."""
        return len(self._known) + len(self._strangers)

    def newest(self, limit: int, before: int | None = None) -> list[Act]:
        """The newest ``limit`` acts, of those whose number is below ``before``."""
        return list(islice((a for a in self if before is None or a.number < before), limit))

    def add(
        self, act: str, by: str | None, about: str | None, address: str | None, utc_ms: int
    ) -> Act | None:
        """One more line; None: a stranger's that says nothing new, or one of too many."""
        if by is None and not self._may(act, address, utc_ms):
            return None
        self._last += 1
        made = Act(self._last, utc_ms, act, _plain(by), _plain(about), _plain(address))
        self._of(made).append(made)
        return made

    def drop_oldest(self) -> Act | None:
        """Take away a line that is too many; None: none is."""
        if len(self._strangers) > MAX_STRANGERS_ACTS:
            return self._strangers.popleft()
        if len(self._known) > MAX_ACTS - MAX_STRANGERS_ACTS:
            return self._known.popleft()
        return None

    def _of(self, act: Act) -> "deque[Act]":
        return self._strangers if act.by is None else self._known

    def _may(self, act: str, address: str | None, utc_ms: int) -> bool:
        burst = act, address
        last = self._bursts.pop(burst, None)
        if last is not None and 0 <= utc_ms - last < REPEATED_AFTER_MS:
            self._bursts[burst] = last
            return False
        recent = self._recent_utc_ms
        full = len(recent) == STRANGERS_ACTS_AN_HOUR
        if full and 0 <= utc_ms - recent[0] < HOUR_MS:
            return False
        self._bursts[burst] = utc_ms
        if len(self._bursts) > MAX_BURSTS:
            self._bursts.popitem(last=False)
        recent.append(utc_ms)
        return True


def _plain(text: str | None) -> str | None:
    """Words that forge no line and hold no token of ours."""
    if text is None:
        return None
    seen = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return without_tokens(seen)[:MAX_TEXT_CHARACTERS]
