"""``parvis-unit provision`` and ``parvis-unit reset``: the parts, put together for this machine."""

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import typer

from parvis_device import logs
from parvis_device.address import HubAddress
from parvis_device.config import LogFormat, UnitConfig, load
from parvis_device.discovery import Announcements, Search
from parvis_device.errors import UnitError, UsageError
from parvis_device.identity import BOARD, open_identity, usual_folder
from parvis_device.lighting import Lighting
from parvis_device.lights import Light
from parvis_device.lights.none import NoLight
from parvis_device.provisioning.card import Card, UnitSettings, boot_folder
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.doorstep import Doorstep, doorstep_of
from parvis_device.provisioning.network_manager import NetworkManager
from parvis_device.provisioning.networks import Wifi
from parvis_device.provisioning.nmcli import OWN_ADDRESS, OWN_NETWORK
from parvis_device.provisioning.page.desk import Desk, Wish
from parvis_device.provisioning.page.server import PageServer
from parvis_device.provisioning.page.view import View
from parvis_device.provisioning.reset import make_new
from parvis_device.provisioning.service import Parts, Service, Whose
from parvis_device.update.command import pin_key
from parvis_device.update.places import Places
from parvis_wire.identity import fingerprint, spelled

PAGE_PORT = 80
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_log = logging.getLogger(__name__)


class RealPace:
    """Time as it goes."""

    def now_ns(self) -> int:
        """Monotonic."""
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for so long."""
        await asyncio.sleep(seconds)


def provision(config: Path, state: Path | None, boot: Path | None) -> None:
    """Take the card's file, then wait for a network, with the unit's own Wi-Fi where none comes.

    Raises:
        UnitError: the folder of the unit's key cannot be used.
    """
    logs.start(LogFormat.HUMAN)
    folder = state or usual_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    disk, networks = Disk(), NetworkManager(Disk())
    settings = UnitSettings(config, disk, folder)
    boot = boot or boot_folder()
    if shutil.which("nmcli") is None:
        _log.warning("there is no NetworkManager here: this machine looks after its own network")
        Card(boot, settings, _join_nothing, disk, _pin).take()
        return
    card = Card(boot, settings, networks.keep, disk, _pin)
    asyncio.run(_provision(networks, card, settings, disk, folder, boot))


def _pin(key: str) -> None:
    pin_key(Places(), key, replace=False)


def _join_nothing(wifi: Wifi) -> None:
    _log.warning("the Wi-Fi %r of the card is not joined: NetworkManager would do it", wifi.name)


async def _provision(
    networks: NetworkManager,
    card: Card,
    settings: UnitSettings,
    disk: Disk,
    folder: Path,
    boot: Path,
) -> None:
    known = _known(settings.path)
    is_down, light = _button_of(known), _light_of(known)
    with contextlib.closing(light):
        lighting = Lighting(light, known.patterns)
        parts = Parts(
            networks=networks,
            card=card,
            settings=settings,
            disk=disk,
            folder=folder,
            boot=boot,
            light=lighting,
            is_down=is_down,
            page=serve_page,
            whose=lambda: whose(folder),
            search=Announcements(),
            doorstep=lambda search: _doorstep(settings, folder, search),
            pace=RealPace(),
            needs_network=lambda: _needs_network(settings),
        )
        async with asyncio.TaskGroup() as tasks:
            shining = tasks.create_task(lighting.run())
            await Service(parts).run()
            shining.cancel()


@contextlib.asynccontextmanager
async def serve_page(
    view: Callable[[str], View], told: Callable[[Wish], None], used: Callable[[], None]
) -> AsyncIterator[None]:
    """The page on the unit's own Wi-Fi, and on nothing else.

    Raises:
        OSError: its address cannot be listened at.
    """
    server = PageServer(Desk(OWN_ADDRESS, view, told), used, OWN_NETWORK)
    async with server.serving(OWN_ADDRESS, PAGE_PORT):
        yield


def whose(folder: Path) -> Whose:
    """Who this unit is; a key that is made for it is the folder's owner's."""
    try:
        identity = open_identity(folder)
    except UnitError as error:
        _log.error("%s", error)
        return Whose("?", None)
    if os.geteuid() == 0:
        owner = folder.stat()
        for path in (*folder.glob("*.key"), *folder.glob(BOARD)):
            # The folder is not root's: where a link in it leads is its owner's word.
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    site = None if identity.site is None else spelled(fingerprint(identity.site))
    return Whose(spelled(identity.unit), site)


def reset(config: Path, state: Path | None, boot: Path | None, *, sure: bool) -> None:
    """Make the unit as new, after a question.

    Raises:
        UnitError: nobody is there to answer, or something could not be forgotten.
    """
    folder = state or usual_folder()
    if not sure:
        if not sys.stdin.isatty():
            raise UsageError("reset asks first: add --yes where nobody can answer")
        question = "Forget this unit's key, site, name, hub and every Wi-Fi?"
        if not typer.confirm(question):
            raise typer.Exit(1)
    disk = Disk()
    settings = UnitSettings(config, disk, folder)
    card = Card(boot or boot_folder(), settings, _join_nothing, disk)
    trouble = asyncio.run(make_new(folder, settings, card, NetworkManager(disk), disk))
    if trouble:
        raise UnitError(f"not forgotten: {trouble}; say `parvis-unit reset` again")
    print("the unit is as new at its next start, but for what stands on its label")


def _known(path: Path) -> UnitConfig:
    """What is known before the card is read; the usual pins, where that cannot be read."""
    try:
        return load(path if path.is_file() else None, {})
    except UnitError as error:
        _log.error("%s", error)
        return load(None, {})


def _button_of(config: UnitConfig) -> Callable[[], bool]:
    if config.button_kind.value != "gpio":
        return lambda: False
    from parvis_device.buttons.gpio import GpioButton

    try:
        button = GpioButton()
    except UnitError as error:
        _log.warning("no button is read: %s", error)
        return lambda: False
    return lambda: button.is_down


def _light_of(config: UnitConfig) -> Light:
    from parvis_device.app import make_light

    try:
        return make_light(config)
    except UnitError as error:
        _log.warning("no light is shown: %s", error)
        return NoLight()


def _doorstep(settings: UnitSettings, folder: Path, search: Search) -> Doorstep | None:
    try:
        return doorstep_of(_known(settings.path), folder, search)
    except UnitError as error:
        _log.error("%s", error)
        return None


def _needs_network(settings: UnitSettings) -> bool:
    hub = settings.values().get("hub")
    try:
        return not isinstance(hub, str) or HubAddress.parse(hub).host not in LOOPBACK
    except UnitError:
        return True
