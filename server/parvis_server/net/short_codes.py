"""Short codes to type in the place of a link, for those whose camera reads none.

A code is derived from what it stands for, so it outlives a restart without being stored; of two
that would be the same, the later one is derived once more. Only links that many people may know
have one: a room's audience, its hall screens, the seats at its units. Hosts' links never do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from parvis_server.net.credentials import CODE_ALPHABET, CODE_CHARACTERS, Keys
from parvis_server.net.rate import Attempts, TokenBucket


@dataclass(slots=True)
class ShortCodes:
    """All codes of a hub."""

    keys: Keys
    _by_target: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def of(self, target: str) -> str:
        """The code that stands for ``target``, a link without its origin."""
        known = self._by_target.get(target)
        if known is not None:
            return known
        attempts = (self.keys.short_code(target, attempt) for attempt in count())
        code = next(code for code in attempts if code not in self._taken)
        self._by_target[target] = code
        self._taken.add(code)
        return code

    def find(self, typed: str, targets: Iterable[str]) -> str | None:
        """Which of ``targets``, in the order of their making, ``typed`` stands for."""
        code = plain_code(typed)
        return next((target for target in targets if self.of(target) == code), None)


def plain_code(typed: str) -> str:
    """A code as it was made, whatever spaces, hyphens and small letters it was typed with."""
    return "".join(sign for sign in typed.upper() if sign in CODE_ALPHABET)[: CODE_CHARACTERS + 1]


@dataclass(slots=True)
class CodeGuard:
    """How often codes may be tried: a few times by each address, and once a second by all.

    A right code costs nothing: a hall that types it at once gets in.
    """

    by_address: Attempts = field(default_factory=lambda: Attempts(per_s=0.1, burst=10))
    by_all: TokenBucket = field(default_factory=lambda: TokenBucket(per_s=1, burst=60))

    def allows(self, address: str, now_ns: int) -> bool:
        """Whether a code may be tried now."""
        return self.by_address.has(address, now_ns) and self.by_all.has(now_ns)

    def failed(self, address: str, now_ns: int) -> None:
        """It stood for nothing."""
        self.by_address.take(address, now_ns)
        self.by_all.take(1, now_ns)
