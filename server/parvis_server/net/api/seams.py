"""What the API needs of parts that it does not know: the pairing desk, and what the hub listens on.

Each has a stand-in for a hub that is put together without it, which says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from parvis_server.errors import TrustRefused


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to the house, for its audit."""

    name: str
    """Of an operator's session, or of the command line on the hub's own machine."""
    address: str
    session: str | None = None
    """Id of the session; None: the command line."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A unit that proved its key, is not paired, and waits on its connection."""

    unit: str
    """Fingerprint of its key."""
    name: str
    """What it calls itself."""
    since_utc_ms: int
    address: str
    has_code: bool | None = None
    """Whether it has a label; None: nobody asked it yet."""
    state: str = "waiting"
    """waiting | asked | wrong_code | press | refused:<PairRefusal>."""
    tries_left: int = 5
    """Of wrong codes, before a pause."""
    first_use: bool = False
    """It is being accepted by its button alone: nothing proves that nobody stands between."""


class PairingDesk(Protocol):
    """Where strangers wait. Asking returns at once: what came of it is seen in ``waiting``.

    Every call raises ``TrustRefused`` for what cannot be done now: ``not_found`` (nobody waits by
    this fingerprint), ``paused`` (too many wrong codes), ``has_code`` (it has a label), ``busy``.
    """

    def waiting(self) -> Sequence[Stranger]:
        """Those who wait, the first come first."""

    def pair(self, unit: str, code: str, by: Actor) -> None:
        """Ask a unit for its proof of this code, already read by ``read_setup_code``."""

    def accept(self, unit: str, by: Actor) -> None:
        """Ask a unit without a label for a long press of its button."""

    def identify(self, unit: str, by: Actor) -> None:
        """Let a unit blink, so that somebody finds it; paired units too."""


class NoDesk:
    """Of a hub that is put together without pairing: nobody waits."""

    def waiting(self) -> Sequence[Stranger]:
        """Nobody."""
        return ()

    def pair(self, unit: str, code: str, by: Actor) -> None:
        """Raise ``TrustRefused``."""
        raise _nobody_waits()

    def accept(self, unit: str, by: Actor) -> None:
        """Raise ``TrustRefused``."""
        raise _nobody_waits()

    def identify(self, unit: str, by: Actor) -> None:
        """Raise ``TrustRefused``."""
        raise _nobody_waits()


def _nobody_waits() -> TrustRefused:
    return TrustRefused("not_found", "no unit of this fingerprint waits here")


@dataclass(frozen=True, slots=True)
class ListenerFacts:
    """One port that the hub listens on."""

    scheme: Literal["http", "https"]
    port: int
    certificate: Literal["own", "files"] | None = None
    """None: it does not encrypt."""
    expires_utc_ms: int | None = None
    """Of the certificate."""
    fingerprint: str | None = None
    """SHA-256 of the certificate, for people."""


class Reach(Protocol):
    """How the hub is reached, and what is missing for that."""

    def listeners(self) -> Sequence[ListenerFacts]:
        """The ports, as they are now."""

    @property
    def announced(self) -> bool:
        """Whether units and pages find it by mDNS."""

    def missing(self) -> Sequence[str]:
        """Words for what an operator should see to; the page translates them."""


@dataclass(frozen=True, slots=True)
class PlainReach:
    """Of a hub that only has plain ports."""

    ports: Sequence[int] = ()

    def listeners(self) -> Sequence[ListenerFacts]:
        """The ports."""
        return [ListenerFacts("http", port) for port in self.ports]

    @property
    def announced(self) -> bool:
        """Nobody does."""
        return False

    def missing(self) -> Sequence[str]:
        """A port that encrypts."""
        return ("https",)
