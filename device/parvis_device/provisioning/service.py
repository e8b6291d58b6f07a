"""``parvis-unit provision`` at work: card, button, light and page, until there is a network.

For systemd: ``Type=oneshot``, as root (it writes NetworkManager's profiles and the boot partition),
``TimeoutStartSec=infinity``, before ``parvis-unit.service`` and ordered after
``NetworkManager.service`` and ``local-fs.target``. With a network it is over within a second; it
never fails for want of one, but waits with its own Wi-Fi open. It owns button and light until it
ends, so the unit's program must wait for it. ``STATE_DIRECTORY`` (or ``--state``) names the folder
of the unit's key, whose owner gets the settings file.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parvis_device.candidates import MAX_CANDIDATES, Candidate
from parvis_device.discovery import Search
from parvis_device.light import LinkState, Signal
from parvis_device.provisioning.boot_hold import HoldStage
from parvis_device.provisioning.card import Card, Taken, UnitSettings
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.hotspot import own_wifi
from parvis_device.provisioning.machine import Action, Actions, Provisioning, State
from parvis_device.provisioning.networks import JoinTrouble, Networks, Seen
from parvis_device.provisioning.page.desk import Wish
from parvis_device.provisioning.page.view import View
from parvis_device.provisioning.reset import is_begun, make_new

TICK_S = 0.1
LOOK_NS = 2_000_000_000
"""How often NetworkManager is asked whether there is a network: it costs a process."""
SHOW_MISTAKE_S = 10.0
"""How long the light shows a card's mistake where there is a network all the same."""

_log = logging.getLogger(__name__)


class Pace(Protocol):
    """Time as it goes."""

    def now_ns(self) -> int:
        """Monotonic."""

    async def sleep(self, seconds: float) -> None:
        """Let it go on."""


class AtTheDoor(Protocol):
    """The unit before its hub, while the page is open."""

    @property
    def state(self) -> LinkState:
        """How it stands with the hub."""

    async def run(self) -> None:
        """Until it is let in, or cancelled."""

    def pressed(self) -> None:
        """The button went down."""

    def released(self) -> None:
        """It came up again."""


class ShownSignals(Protocol):
    """The light."""

    def show(self, signal: Signal) -> None:
        """Show this."""


Page = Callable[[Callable[[str], View], Callable[[Wish], None], Callable[[], None]], "Opened"]
"""Makes the page from: how things are, whom to tell a wish, whom to tell that it is used."""

Opened = contextlib.AbstractAsyncContextManager[object]


@dataclass(frozen=True, slots=True)
class Whose:
    """What the page says of this unit."""

    unit: str
    site: str | None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of."""

    networks: Networks
    card: Card
    settings: UnitSettings
    disk: Disk
    folder: Path
    """With the unit's key."""
    boot: Path
    light: ShownSignals
    is_down: Callable[[], bool]
    page: Page
    whose: Callable[[], Whose]
    search: Search
    doorstep: Callable[[Search], "AtTheDoor | None"]
    """Makes what stands at the hub's door, which finds hubs by the search that it is given."""
    pace: Pace
    needs_network: Callable[[], bool]
    """False where the hub runs on the unit's own machine."""


class Service:
    """One start of one unit."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before ``run``."""
        self._parts = parts
        self._taken = Taken()
        self._machine = Provisioning(parts.pace.now_ns(), button_down=parts.is_down())
        self._ups = 0
        self._looked_ns: int | None = None
        self._online = False
        self._seen: list[Seen] = []
        self._hubs: dict[str, str] = {}
        self._wish: Wish | None = None
        self._trouble: JoinTrouble | None = None
        self._tried = ""
        self._open = contextlib.AsyncExitStack()
        self._door: AtTheDoor | None = None
        self._is_down = parts.is_down()

    async def run(self) -> None:
        """Until there is a network."""
        await self._begin()
        if not self._parts.needs_network() and self._machine.state is State.SEARCHING:
            _log.info("the hub is on this machine: no network is needed")
            return
        async with self._open:
            while self._machine.state is not State.DONE:
                await self._round()
                self._show()
                await self._parts.pace.sleep(TICK_S)
        if self._taken.mistake is not None or self._taken.trouble:
            self._parts.light.show(Signal.NOT_SET_UP)
            await self._parts.pace.sleep(SHOW_MISTAKE_S)

    async def _begin(self) -> None:
        self._show()
        await self._parts.networks.close_hotspot()  # of a start that was killed
        if is_begun(self._parts.folder):
            await self._forget()
        self._taken = self._parts.card.take()
        await self._parts.networks.load()

    async def _round(self) -> None:
        """One look at everything that can have happened."""
        machine, pace = self._machine, self._parts.pace
        if machine.state is State.HELD:
            # Two looks in a row: an open contact that bounces is no release.
            self._ups = 0 if self._parts.is_down() else self._ups + 1
            if self._ups >= 2:
                await self._do(machine.released(pace.now_ns()))
        elif machine.state in (State.SEARCHING, State.OPEN):
            await self._look()
        if machine.state is State.OPEN:
            await self._stand_at_the_door()
        await self._heed()
        await self._do(machine.tick(pace.now_ns()))

    async def _look(self) -> None:
        now_ns = self._parts.pace.now_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < LOOK_NS:
            return
        self._online = await self._parts.networks.online()
        self._looked_ns = now_ns
        await self._do(self._machine.network(now_ns, online=self._online))

    async def _heed(self) -> None:
        """What the page was told."""
        wish = self._wish
        if wish is None or self._machine.state is not State.OPEN:
            return
        now_ns = self._parts.pace.now_ns()
        if wish.wifi is None:
            await self._do(self._machine.finished(now_ns))
        else:
            self._keep(wish)
            await self._do(self._machine.named(now_ns))
        self._wish = None

    def _keep(self, wish: Wish) -> None:
        told = {key: value for key, value in (("hub", wish.hub), ("name", wish.name)) if value}
        try:
            self._parts.settings.change(dict(told))
        except OSError as error:
            _log.error("hub and name cannot be kept: %s", error)

    async def _do(self, actions: Actions) -> None:
        for action in actions:
            self._show()
            match action:
                case Action.OPEN:
                    await self._open_page()
                case Action.CLOSE:
                    await self._open.aclose()
                    self._door = None
                    self._parts.whose()  # a site's key that was written belongs to its owner
                    await self._parts.networks.close_hotspot()
                case Action.JOIN:
                    await self._join()
                case Action.FORGET:
                    await self._forget()
                    await self._do(self._machine.forgotten(self._parts.pace.now_ns()))

    async def _open_page(self) -> None:
        parts = self._parts
        if self._wish is None and not self._machine.asked:
            # The page says why the network that is known, of the card or of before, is not joined.
            tried = await parts.networks.try_kept()
            self._tried, self._trouble = tried or ("", None)
            if tried is not None and self._trouble is None:
                await self._do(self._machine.opened(parts.pace.now_ns(), there=False))
                return
        self._online = await parts.networks.online()
        self._seen = list(await parts.networks.scan()) or self._seen
        name, password = own_wifi(parts.settings, parts.boot, parts.disk)
        there = await parts.networks.open_hotspot(name, password)
        if there:
            _log.info("the unit's own Wi-Fi %s is open: a phone in it sees the page", name)
            there = await self._serve()
        await self._do(self._machine.opened(parts.pace.now_ns(), there=there))

    async def _serve(self) -> bool:
        try:
            page = self._parts.page(self._view, self._told, self._used)
            await self._open.enter_async_context(page)
        except OSError as error:
            _log.error("the page cannot be served: %s", error)
            await self._parts.networks.close_hotspot()
            return False
        return True

    async def _stand_at_the_door(self) -> None:
        """Where there is a network, the hub is looked for while the page is open."""
        down, self._is_down = self._is_down, self._parts.is_down()
        if self._door is None and self._online:
            self._door = self._parts.doorstep(Overheard(self._parts.search, self._hubs))
            if self._door is not None:
                await self._open.enter_async_context(_running(self._door))
        elif self._door is not None and self._is_down is not down:
            (self._door.pressed if self._is_down else self._door.released)()

    async def _join(self) -> None:
        assert self._wish is not None and self._wish.wifi is not None
        self._tried = self._wish.wifi.name
        self._trouble = await self._parts.networks.join(self._wish.wifi)
        now_ns = self._parts.pace.now_ns()
        await self._do(self._machine.joined(now_ns, well=self._trouble is None))

    async def _forget(self) -> None:
        parts = self._parts
        await make_new(parts.folder, parts.settings, parts.card, parts.networks, parts.disk)

    def _told(self, wish: Wish) -> None:
        self._wish = wish

    def _used(self) -> None:
        self._machine.used(self._parts.pace.now_ns())

    def _view(self, token: str) -> View:
        whose = self._parts.whose()
        values = self._parts.settings.values()
        return View(
            unit=whose.unit,
            token=token,
            networks=self._seen,
            site=whose.site,
            has_code="setup_code" in values,
            trouble=self._trouble,
            tried=self._tried,
            mistake="" if self._taken.mistake is None else str(self._taken.mistake),
            online=self._online,
            hubs=[f"{name} ({address})" for address, name in self._hubs.items()],
            link=None if self._door is None else self._door.state,
            name=str(values.get("name", "")),
        )

    def _show(self) -> None:
        stage = self._machine.stage(self._parts.pace.now_ns())
        if stage in _SIGNAL_OF_STAGE:
            signal = _SIGNAL_OF_STAGE[stage]
        elif self._door is not None and self._door.state is LinkState.PRESS_TO_PAIR:
            signal = Signal.PRESS_TO_PAIR
        elif self._machine.state in (State.OPENING, State.OPEN):
            signal = Signal.SETTING_UP
        elif self._taken.mistake is not None or self._taken.trouble:
            signal = Signal.NOT_SET_UP
        else:
            signal = Signal.CONNECTING
        self._parts.light.show(signal)


class Overheard:
    """A search that also writes down every hub that it finds."""

    def __init__(self, search: Search, hubs: dict[str, str]) -> None:
        """``hubs`` gets the name of each, by its address."""
        self._search = search
        self._hubs = hubs

    async def run(self, found: Callable[[Candidate], None]) -> None:
        """Tell each hub that is announced, until cancelled."""

        def note(hub: Candidate) -> None:
            if len(self._hubs) < MAX_CANDIDATES:
                self._hubs[str(hub.address)] = hub.name
            found(hub)

        await self._search.run(note)


@contextlib.asynccontextmanager
async def _running(door: AtTheDoor) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        standing = tasks.create_task(door.run())
        try:
            yield
        finally:
            standing.cancel()


_SIGNAL_OF_STAGE = {
    HoldStage.HOTSPOT: Signal.SETTING_UP,
    HoldStage.WARNING: Signal.FORGETTING,
    HoldStage.FORGET: Signal.FORGET_NOW,
}
