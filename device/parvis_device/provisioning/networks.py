"""What a unit knows of networks, and what it can ask whoever runs them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

MAX_WIFI_NAME_BYTES = 32
"""Of an SSID (IEEE 802.11)."""

MOST_SHOWN = 24
"""A list on a phone that one thumb can go through; the strongest."""


def is_wifi_name(name: str) -> bool:
    """Whether it can be the name of a Wi-Fi."""
    return 0 < len(name.encode()) <= MAX_WIFI_NAME_BYTES and name.isprintable()


def is_wifi_password(password: str) -> bool:
    """Whether WPA takes it: 8 to 63 signs, or a key of 64 hexadecimal digits."""
    if len(password) == 64:
        return all(sign in "0123456789abcdefABCDEF" for sign in password)
    return 8 <= len(password) <= 63 and password.isascii() and password.isprintable()


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network to join."""

    name: str
    password: str | None = field(default=None, repr=False)
    """None: an open one."""
    hidden: bool = False
    """It does not say its name."""
    country: str | None = None
    """Two letters: where the unit stands, since each country has other channels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A network that is in the air."""

    name: str
    strength_percent: int
    secured: bool
    enterprise: bool = False
    """It wants a name beside the password, which this unit has not."""


class JoinTrouble(StrEnum):
    """Why a network was not joined."""

    WRONG_PASSWORD = "wrong_password"
    NOT_FOUND = "not_found"
    NO_ADDRESS = "no_address"
    """It let the unit in and gave it no address."""
    FAILED = "failed"
    """Something else, which is in the log."""


class Networks(Protocol):
    """Whoever runs the networks of this machine."""

    async def online(self) -> bool:
        """Whether there is an address from any network but the unit's own Wi-Fi."""

    async def scan(self) -> Sequence[Seen]:
        """What is in the air, the strongest first; empty where there is no radio."""

    def keep(self, wifi: Wifi) -> None:
        """Remember a network, to be joined from now on whenever it is there.

        Raises:
            OSError: it cannot be written.
        """

    async def load(self) -> None:
        """Join what was kept, from now on."""

    async def join(self, wifi: Wifi) -> JoinTrouble | None:
        """Join now, and keep it if that went well; None: it did."""

    async def try_kept(self) -> tuple[str, JoinTrouble | None] | None:
        """Try the network that is kept once more, and say its name and what is wrong with it; None:
        none is kept."""

    async def open_hotspot(self, name: str, password: str) -> bool:
        """Open the unit's own Wi-Fi; whether there is a radio for it."""

    async def close_hotspot(self) -> None:
        """Close it; nothing, where it is not open."""

    async def forget(self) -> None:
        """Forget every Wi-Fi that was ever joined.

        Raises:
            OSError: one is still known.
        """


def strongest(found: Sequence[Seen]) -> list[Seen]:
    """One of each name, the strongest first, no more than a person reads."""
    best: dict[str, Seen] = {}
    for one in found:
        kept = best.get(one.name)
        if one.name and (kept is None or one.strength_percent > kept.strength_percent):
            best[one.name] = one
    return sorted(best.values(), key=lambda seen: -seen.strength_percent)[:MOST_SHOWN]
