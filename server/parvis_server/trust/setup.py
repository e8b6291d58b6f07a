"""Setup secrets: whoever has one runs the hub. Each works once, for a quarter of an hour. Pure."""

from collections import OrderedDict

from parvis_server.trust import tokens

SETUP_MS = 15 * 60 * 1000
"""OWASP ASVS 6.4.1: initial secrets are short-lived."""

MAX_SETUP_SECRETS = 8
"""Good at the same time; a further one voids the oldest."""


class SetupSecrets:
    """Those that are good; they end with the process."""

    def __init__(self) -> None:
        """None."""
        self._made_utc_ms: OrderedDict[str, int] = OrderedDict()
        self._made_by: dict[str, str] = {}
        """The sessions that made some of them."""

    def new(self, utc_ms: int, session: str | None = None) -> str:
        """One more, by ``session`` or on the hub's machine; it is told here and never again."""
        token = tokens.new_setup_token()
        if session is not None:
            self._made_by[tokens.kept(token)] = session
        self._made_utc_ms[tokens.kept(token)] = utc_ms
        if len(self._made_utc_ms) > MAX_SETUP_SECRETS:
            self._drop(next(iter(self._made_utc_ms)))
        return token

    def is_good(self, secret: str, utc_ms: int) -> bool:
        """Whether it would be taken now. A clock that was set by more than its life ends it."""
        made_utc_ms = self._made_utc_ms.get(tokens.kept(secret))
        return made_utc_ms is not None and abs(utc_ms - made_utc_ms) < SETUP_MS

    def take(self, secret: str, utc_ms: int) -> bool:
        """Use it up; whether it was good."""
        good = self.is_good(secret, utc_ms)
        self._drop(tokens.kept(secret))
        return good

    def void_of(self, session: str) -> None:
        """Those that this session made are not good any more."""
        for kept in [kept for kept, by in self._made_by.items() if by == session]:
            self._drop(kept)

    def void(self) -> None:
        """None is good any more."""
        self._made_utc_ms.clear()
        self._made_by.clear()

    def _drop(self, kept: str) -> None:
        self._made_utc_ms.pop(kept, None)
        self._made_by.pop(kept, None)
