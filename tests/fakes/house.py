"""A hub with an operator, for tests of who may what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fakes.keyed_unit import KeyedUnit
from fakes.live_hub import LiveHub, live_hub
from parvis_server.net.api.seams import Actor, Stranger
from parvis_server.net.pairing import PairingDesk
from parvis_server.trust.house import HouseTrust
from parvis_server.trust.units import How

OPERATOR = Actor("Ada", "127.0.0.1")


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


def claim(hub: LiveHub) -> None:
    """Somebody runs this hub from now on."""
    trust = trust_of(hub)
    trust.claim(trust.new_setup_secret(utc_ms()), OPERATOR.name, None, OPERATOR.address, utc_ms())


def trust_of(hub: LiveHub) -> HouseTrust:
    return hub.hub.trust


def desk_of(hub: LiveHub) -> PairingDesk:
    return hub.hub.reception.desk


def take_in(hub: LiveHub, unit: KeyedUnit, name: str | None = None) -> None:
    """An operator handed over the unit's key."""
    by, address = OPERATOR.name, OPERATOR.address
    trust_of(hub).pair(unit.public, name or unit.name, How.OPERATOR, by, address, utc_ms())


def revoke(hub: LiveHub, unit: KeyedUnit) -> None:
    trust_of(hub).revoke(unit.unit, OPERATOR.name, OPERATOR.address, utc_ms())


def deeds(hub: LiveHub) -> list[str]:
    """What was done, the newest first."""
    return [act.act for act in trust_of(hub).acts(100)]


def shown(hub: LiveHub, unit: KeyedUnit) -> Stranger:
    """The unit as the operator's page has it."""
    [stranger] = [one for one in desk_of(hub).waiting() if one.unit == unit.unit]
    return stranger


@asynccontextmanager
async def claimed_hub(data: Path, **options: object) -> AsyncIterator[LiveHub]:
    async with live_hub(data, **options) as hub:  # type: ignore[arg-type]
        claim(hub)
        yield hub


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what another task of this process is about to do."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that within 5 s")


class FakeClock:
    """Monotonic time that a test moves."""

    def __init__(self) -> None:
        self.offset_ns = 0

    def now_ns(self) -> int:
        return time.monotonic_ns() + self.offset_ns

    def pass_s(self, seconds: float) -> None:
        self.offset_ns += round(seconds * 1e9)


def use_clock(hub: LiveHub) -> FakeClock:
    """Let the desk's time be moved."""
    clock = FakeClock()
    now_ns: Callable[[], int] = clock.now_ns
    desk_of(hub)._now_ns = now_ns
    return clock
