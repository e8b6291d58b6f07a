"""NetworkManager through its own command line: joins networks and opens the unit's own Wi-Fi."""

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from parvis_device.provisioning import nmcli
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi

PROFILES = Path("etc/NetworkManager/system-connections")
"""Kept, for root alone."""
VOLATILE_PROFILES = Path("run/NetworkManager/system-connections")
"""Gone with the power: the unit's own Wi-Fi is never opened by a start alone."""
NAMES = Path("etc/NetworkManager/dnsmasq-shared.d/parvis-provision.conf")

CHANNELS = Path("etc/modprobe.d/parvis-wifi-country.conf")
"""What the kernel is told of the country at every start."""

JOIN_S = 45
"""A venue's DHCP may take half a minute."""
ASK_S = 20
NO_COMMAND = 127
"""What a shell says of a command that is not there."""

_log = logging.getLogger(__name__)


class NetworkManager:
    """Of this machine."""

    def __init__(self, disk: Disk, root: Path = Path("/"), command: str = "nmcli") -> None:
        """``root`` and ``command`` are others in trials."""
        self._disk = disk
        self._kept = root / PROFILES / f"{nmcli.JOINED_WIFI}.nmconnection"
        self._former = root / PROFILES / f"{nmcli.FORMER_WIFI}.nmconnection"
        self._tried = root / VOLATILE_PROFILES / f"{nmcli.TRIED_WIFI}.nmconnection"
        self._own = root / VOLATILE_PROFILES / f"{nmcli.OWN_WIFI}.nmconnection"
        self._names = root / NAMES
        self._channels = root / CHANNELS
        self._routes = root / "proc/net/route"
        self._country: str | None = None
        self._command = command

    async def online(self) -> bool:
        """Whether there is a network but the unit's own, whoever looks after it."""
        with contextlib.suppress(OSError):
            if nmcli.has_way_out(self._routes.read_text()):
                return True
        code, said = await self._ask("--terse", "--fields", nmcli.DEVICE_FIELDS, "device")
        return code == 0 and nmcli.is_online(said)

    async def scan(self) -> Sequence[Seen]:
        """What is in the air, the strongest first."""
        await self._ask("radio", "wifi", "on")  # also takes back what rfkill blocked
        what = ("--terse", "--fields", nmcli.SCAN_FIELDS, "device", "wifi", "list")
        code, said = await self._ask(*what, "--rescan", "yes")
        return nmcli.networks_in(said) if code == 0 else []

    def keep(self, wifi: Wifi) -> None:
        """Remember a network; NetworkManager reads it at its start, or is told by ``load``.

        The one that was kept before stays as the second choice: the new one's password may be
        wrong, and nobody be near.

        Raises:
            OSError: it cannot be written.
        """
        profile = nmcli.join_profile(wifi)
        before = self._kept.read_bytes() if self._kept.exists() else b""
        if before != profile.encode() and (former := nmcli.as_former(before)) is not None:
            self._write(self._former, former)
        self._write(self._kept, profile)
        if wifi.country is not None:
            self._country = wifi.country
            option = f"options cfg80211 ieee80211_regdom={wifi.country}\n"
            self._write(self._channels, option)

    async def load(self) -> None:
        """Let NetworkManager read what was kept, and the radio use its country's channels."""
        if self._country is not None:
            await self._run("iw", "reg", "set", self._country)
        for profile in (self._kept, self._former):
            if profile.exists():
                # Raspberry Pi OS blocks the radio until somebody names a country or asks for it.
                await self._ask("radio", "wifi", "on")
                await self._ask("connection", "load", str(profile))

    async def join(self, wifi: Wifi) -> JoinTrouble | None:
        """Join now, and keep it once it is joined: until then the one that is kept is not touched.

        It is tried with a profile that goes with the power, so that neither a wrong password nor a
        power cut in the middle costs the unit the network that it has.
        """
        try:
            self._write(self._tried, nmcli.join_profile(wifi, nmcli.TRIED_WIFI))
        except OSError as error:
            _log.error("the network cannot be tried: %s", error)
            return JoinTrouble.FAILED
        if wifi.country is not None:
            await self._run("iw", "reg", "set", wifi.country)
        await self._ask("radio", "wifi", "on")
        await self._ask("connection", "load", str(self._tried))
        wait = ("--wait", str(JOIN_S), "connection", "up", "id", nmcli.TRIED_WIFI)
        code, said = await self._ask(*wait, within_s=JOIN_S + ASK_S)
        trouble = nmcli.trouble_in(code, said)
        if trouble is not None:
            _log.warning("the network %r was not joined: %s", wifi.name, said.strip())
            await self._ask("connection", "delete", "id", nmcli.TRIED_WIFI)
            with contextlib.suppress(OSError):
                self._disk.remove(self._tried)
            await self.load()
            return trouble
        try:
            self.keep(wifi)  # NetworkManager goes on with the tried one until the power goes
        except OSError as error:
            _log.error(
                "%r is joined until the power goes, and cannot be kept: %s", wifi.name, error
            )
        await self.load()
        return None

    async def try_kept(self) -> tuple[str, JoinTrouble | None] | None:
        """Try the network that is kept once more, and say what is wrong with it."""
        try:
            name = nmcli.name_in(self._kept.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        up = ("--wait", str(ASK_S), "connection", "up", "id", nmcli.JOINED_WIFI)
        code, said = await self._ask(*up, within_s=2 * ASK_S)
        trouble = nmcli.trouble_in(code, said)
        if trouble is not None:
            _log.warning("the network %r is not joined: %s", name, said.strip())
        return name, trouble

    async def open_hotspot(self, name: str, password: str) -> bool:
        """Open the unit's own Wi-Fi."""
        try:
            self._write(self._own, nmcli.own_profile(name, password))
            self._write(self._names, nmcli.CATCH_ALL)
        except OSError as error:
            _log.error("the unit's own Wi-Fi cannot be described: %s", error)
            return False
        await self._ask("connection", "load", str(self._own))
        up = ("--wait", str(ASK_S), "connection", "up", "id", nmcli.OWN_WIFI)
        code, said = await self._ask(*up, within_s=2 * ASK_S)
        if code != 0:
            _log.warning("the unit's own Wi-Fi cannot be opened: %s", said.strip())
            await self.close_hotspot()
        return code == 0

    async def close_hotspot(self) -> None:
        """Close it and leave nothing of it."""
        if self._own.exists():
            await self._ask("connection", "delete", "id", nmcli.OWN_WIFI)
        for path in (self._own, self._names):
            with contextlib.suppress(OSError):
                self._disk.remove(path)

    async def forget(self) -> None:
        """Forget every Wi-Fi, also those that Raspberry Pi Imager set up.

        Raises:
            OSError: one is still known.
        """
        what = ("--terse", "--fields", "UUID,TYPE", "connection", "show")
        code, said = await self._ask(*what)
        if code not in (0, NO_COMMAND):  # without NetworkManager none is known
            raise OSError(errno.EIO, said.strip())
        troubles = []
        for profile in nmcli.wifi_profiles_in(said):
            failed, why = await self._ask("connection", "delete", "uuid", profile)
            troubles += [why.strip()] if failed else []
        for kept in (self._kept, self._former, self._tried):
            self._disk.remove(kept)
        if troubles:
            raise OSError(errno.EIO, "; ".join(troubles))

    def _write(self, path: Path, text: str) -> None:
        self._disk.make_folder(path.parent)
        self._disk.put(path, text.encode())

    async def _ask(self, *arguments: str, within_s: float = ASK_S) -> tuple[int, str]:
        return await self._run(self._command, *arguments, within_s=within_s)

    async def _run(self, *command: str, within_s: float = ASK_S) -> tuple[int, str]:
        """Exit code and all that was said; a command that hangs or is missing says so."""
        try:
            asked = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except OSError as error:
            return NO_COMMAND, f"{command[0]}: {error.strerror}"
        try:
            async with asyncio.timeout(within_s):
                said, _ = await asked.communicate()
        except TimeoutError:
            asked.kill()
            await asked.wait()
            return 124, f"{command[0]} did not answer within {within_s:.0f} s"
        return asked.returncode or 0, said.decode("utf-8", "replace")
