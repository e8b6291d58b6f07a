"""A unit that is being set up: fake networks, a button to hold, time that goes fast."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parvis_device.candidates import Candidate
from parvis_device.discovery import Search
from parvis_device.light import LinkState, Signal
from parvis_device.provisioning.card import CARD_NAME, Card, UnitSettings
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi
from parvis_device.provisioning.page.desk import Wish
from parvis_device.provisioning.page.view import View
from parvis_device.provisioning.service import Parts, Service, Whose


class FakeNetworks:
    """Networks that come when the trial says so."""

    def __init__(self) -> None:
        self.connected = False
        self.air: list[Seen] = [Seen("Hall", 80, True), Seen("Café", 40, False)]
        self.password = "sesame-sesame"
        """Of every secured network."""
        self.radio = True
        self.kept: Wifi | None = None
        self.own: tuple[str, str] | None = None
        self.history: list[str] = []

    async def online(self) -> bool:
        return self.connected

    async def scan(self) -> Sequence[Seen]:
        return self.air

    def keep(self, wifi: Wifi) -> None:
        self.kept = wifi

    async def load(self) -> None:
        if self.kept is not None and await self._trouble(self.kept) is None:
            self.connected = True

    async def join(self, wifi: Wifi) -> JoinTrouble | None:
        assert self.own is None, "one radio: its own Wi-Fi closes first"
        trouble = await self._trouble(wifi)
        self.history.append(f"join {wifi.name}: {trouble or 'well'}")
        if trouble is None:
            self.kept, self.connected = wifi, True
        return trouble

    async def try_kept(self) -> tuple[str, JoinTrouble | None] | None:
        if self.kept is None:
            return None
        trouble = await self._trouble(self.kept)
        self.connected = self.connected or trouble is None
        return self.kept.name, trouble

    async def _trouble(self, wifi: Wifi) -> JoinTrouble | None:
        seen = {one.name: one for one in self.air}.get(wifi.name)
        if seen is None:
            return JoinTrouble.NOT_FOUND
        if seen.secured and wifi.password != self.password:
            return JoinTrouble.WRONG_PASSWORD
        return None

    async def open_hotspot(self, name: str, password: str) -> bool:
        if not self.radio:
            return False
        self.own = name, password
        self.history.append("open")
        return True

    async def close_hotspot(self) -> None:
        if self.own is not None:
            self.own = None
            self.history.append("close")

    async def forget(self) -> None:
        self.kept, self.connected = None, False
        self.history.append("forget")


class FastPace:
    """Time that goes on by what is slept, and does what is due then."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def at(self, seconds: float, happen: Callable[[], None]) -> None:
        self.due.append((seconds, happen))

    def now_ns(self) -> int:
        return round(self.seconds * 1e9)

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        for moment, happen in [*self.due]:
            if moment <= self.seconds:
                self.due.remove((moment, happen))
                happen()
        assert self.seconds < 7200, "nothing ends this"
        await asyncio.sleep(0)


class FakeLamp:
    """Remembers what was shown, and when."""

    def __init__(self, pace: FastPace) -> None:
        self._pace = pace
        self.history: list[tuple[float, Signal]] = []

    def show(self, signal: Signal) -> None:
        if not self.history or self.history[-1][1] is not signal:
            self.history.append((round(self._pace.seconds, 1), signal))

    @property
    def signals(self) -> list[Signal]:
        return [signal for _, signal in self.history]


class FakePage:
    """A page without a socket: the trial looks at it and tells it wishes."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.is_open = False
        self._view: Callable[[str], View] | None = None
        self._told: Callable[[Wish], None] | None = None
        self._used: Callable[[], None] | None = None

    @contextlib.asynccontextmanager
    async def __call__(
        self,
        view: Callable[[str], View],
        told: Callable[[Wish], None],
        used: Callable[[], None],
    ) -> AsyncIterator[None]:
        self._view, self._told, self._used = view, told, used
        self.is_open = True
        yield
        self.is_open = False

    def look(self) -> View:
        assert self.is_open and self._view is not None and self._used is not None
        self._used()
        self.views.append(self._view("token"))
        return self.views[-1]

    def ask(self, wish: Wish) -> None:
        assert self.is_open and self._told is not None
        self.look()
        self._told(wish)


class FakeSearch:
    """Hubs that announce themselves."""

    def __init__(self, *hubs: Candidate) -> None:
        self._hubs = hubs

    async def run(self, found: Callable[[Candidate], None]) -> None:
        for hub in self._hubs:
            found(hub)
        await asyncio.Event().wait()


class FakeDoor:
    """The unit before a hub that asks for a press."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.state = LinkState.CONNECTING
        self.presses: list[str] = []
        self.left = False

    async def run(self) -> None:
        try:
            await self._search.run(lambda hub: None)
        finally:
            self.left = True

    def pressed(self) -> None:
        self.presses.append("down")

    def released(self) -> None:
        self.presses.append("up")


@dataclass
class UnitToSetUp:
    """Its folders, and everything that can happen to it."""

    folder: Path
    networks: FakeNetworks = field(default_factory=FakeNetworks)
    pace: FastPace = field(default_factory=FastPace)
    page: FakePage = field(default_factory=FakePage)
    search: FakeSearch = field(default_factory=FakeSearch)
    down: bool = False
    needs_network: bool = True

    doors: list[FakeDoor] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("boot", "etc", "state"):
            (self.folder / name).mkdir(exist_ok=True)
        self.lamp = FakeLamp(self.pace)
        self.settings = UnitSettings(self.folder / "etc" / "unit.toml", Disk())

    @property
    def card(self) -> Path:
        return self.folder / "boot" / CARD_NAME

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def hold_for(self, seconds: float) -> None:
        """The button is down as the unit starts."""
        self.down = True

        def let_go() -> None:
            self.down = False

        self.pace.at(seconds, let_go)

    async def start(self) -> None:
        """Until there is a network."""
        disk = Disk()
        parts = Parts(
            networks=self.networks,
            card=Card(self.folder / "boot", self.settings, self.networks.keep, disk),
            settings=self.settings,
            disk=disk,
            folder=self.state,
            boot=self.folder / "boot",
            light=self.lamp,
            is_down=lambda: self.down,
            page=self.page,
            whose=lambda: Whose("ABCD-EFGH", None),
            search=self.search,
            doorstep=self._stand,
            pace=self.pace,
            needs_network=lambda: self.needs_network,
        )
        async with asyncio.timeout(60):
            await Service(parts).run()

    def _stand(self, search: Search) -> FakeDoor:
        self.doors.append(FakeDoor(search))
        return self.doors[-1]
