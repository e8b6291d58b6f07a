"""Whether manifest, overlay, services, pins and fragments say the same. Pure.

Each function gives the differences it found, one line each; none when all is well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parvis_firmware.manifest import FrontEnd, Manifest, Role, means, takes
from parvis_firmware.unit_files import UnitFile

SERVICES = "etc/systemd/system/"
LONG_LIVED = ("parvis-unit.service", "parvis-hub.service")
"""What must never end."""
ON_THE_PINS = ("parvis-unit.service", "parvis-selftest.service")
"""What opens lgpio."""
UPDATER = "parvis-update.service"
"""Does not run from what it tries."""
FRAGMENT_LINE = re.compile(r"\[[a-z0-9]+\]|[a-z_0-9]+=\S+")
PINS_FACTORY = "GPIOZERO_PIN_FACTORY=lgpio"
OWN_GROUPS = frozenset({"audio", "gpio", "input", "spi"})
"""Microphone, button, key and ring, without root."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The overlay: what is below its root."""

    files: tuple[str, ...]
    units: Mapping[str, UnitFile]
    """By their names."""


def overlay(manifest: Manifest, tree: Tree) -> Iterator[str]:
    """Manifest and overlay name the same files."""
    for name, role in manifest.roles.items():
        for listed in role.files:
            if not any(takes(role, path) and means(listed, path) for path in tree.files):
                yield f"roles.{name} takes {listed}, which is not in rootfs/"
        if role.settings.lstrip("/") not in role.files:
            yield f"roles.{name}: its settings {role.settings} are not among its files"
    for path in tree.files:
        if not any(takes(role, path) for role in manifest.roles.values()):
            yield f"rootfs/{path} is taken by no role"


def services(manifest: Manifest, tree: Tree) -> Iterator[str]:
    """Manifest and service files name the same services, users and places."""
    for name, role in manifest.roles.items():
        listed = {*role.services, *role.services_not_enabled}
        taken = {
            path.removeprefix(SERVICES)
            for path in role.files
            if path.startswith(SERVICES) and "/" not in path.removeprefix(SERVICES)
        }
        for missing in sorted(listed - taken):
            yield f"roles.{name} names {missing}, whose file it does not take"
        for unnamed in sorted(taken - listed):
            yield f"roles.{name} takes {unnamed}, and names it nowhere"
        for enabled in role.services:
            unit = tree.units.get(enabled)
            if unit is not None and not unit.all("Install", "WantedBy"):
                yield f"{enabled} is enabled, and has no WantedBy in [Install]"
        for service in sorted(taken):
            if service in tree.units:
                yield from _service(manifest, role, tree.units[service])


def _service(manifest: Manifest, role: Role, unit: UnitFile) -> Iterator[str]:
    command = unit.one("Service", "ExecStart")
    if command is None:
        return
    program = manifest.program
    bin_folder = f"{program.good if unit.name == UPDATER else program.current}/bin/"
    if not command.lstrip("-@:+!").startswith(bin_folder):
        yield f"{unit.name} starts {command.split()[0]}: the program is in {bin_folder}"
    user = unit.one("Service", "User")
    if user not in (role.user, None):
        yield f"{unit.name} runs as {user}: the role's account is {role.user}"
    if user is None and unit.name in (*LONG_LIVED, *ON_THE_PINS):
        yield f"{unit.name} runs as root: its account is {role.user}"
    states = {folder.path.removeprefix("/var/lib/") for folder in role.folders}
    if user is None and states & set(unit.all("Service", "StateDirectory")):
        yield f"{unit.name}: by its StateDirectory root would own the folder of {role.user}"
    if f"--config {role.settings}" not in command and unit.name != UPDATER:
        yield f"{unit.name} does not read {role.settings}"


def endurance(tree: Tree) -> Iterator[str]:
    """What must not end is watched, and starts again for ever."""
    wanted = {"Type": "notify", "Restart": "always"}
    for name in LONG_LIVED:
        unit = tree.units.get(name)
        if unit is None:
            yield f"{name} is missing"
            continue
        for key, value in wanted.items():
            if unit.one("Service", key) != value:
                yield f"{name}: {key} is {unit.one('Service', key)}, not {value}"
        if not (unit.one("Service", "WatchdogSec") or "0").isdecimal() or not int(
            unit.one("Service", "WatchdogSec") or 0
        ):
            yield f"{name}: WatchdogSec wants a number of seconds"
        if unit.one("Unit", "StartLimitIntervalSec") != "0":
            yield f"{name}: without StartLimitIntervalSec=0 systemd gives up after five starts"
        if not int(unit.one("Service", "LimitRTPRIO") or 0):
            yield f"{name}: without LimitRTPRIO its audio has no priority"


def pins(manifest: Manifest, tree: Tree, pins_toml: Mapping[str, Any]) -> Iterator[str]:
    """What drives the pins may, and no front-end takes one that something else is wired to."""
    unit_role = manifest.roles["unit"]
    if missing := sorted(OWN_GROUPS - set(unit_role.groups)):
        yield f"roles.unit: its account lacks the groups {', '.join(missing)}"
    for name in ON_THE_PINS:
        unit = tree.units.get(name)
        environment = () if unit is None else unit.all("Service", "Environment")
        working = None if unit is None else unit.one("Service", "WorkingDirectory")
        if PINS_FACTORY not in environment:
            yield f"{name}: without {PINS_FACTORY} a failure falls to another library unseen"
        if f"LG_WD={working}" not in environment:
            yield f"{name}: LG_WD is not its WorkingDirectory {working}, where lgpio makes its pipe"
    for name, end in manifest.boot.frontends.items():
        yield from _front_end(name, end, manifest, pins_toml)


def _front_end(
    name: str, end: FrontEnd, manifest: Manifest, pins_toml: Mapping[str, Any]
) -> Iterator[str]:
    reserved = pins_toml["reserved"]
    if unknown := sorted({*end.boards} - manifest.boot.boards.keys()):
        yield f"boot.frontends.{name}: no board is called {', '.join(unknown)}"
    if unknown := sorted({*end.reserved} - reserved.keys()):
        yield f"boot.frontends.{name}: pins.toml reserves nothing as {', '.join(unknown)}"
        return
    taken = {*end.gpio, *(gpio for key in end.reserved for gpio in reserved[key])}
    meets = {pin for pin, at in pins_toml["pins"].items() if at["gpio"] in taken}
    if meets != set(end.not_with):
        said = ", ".join(sorted(end.not_with)) or "nothing"
        yield (
            f"boot.frontends.{name} takes the pins of {', '.join(sorted(meets)) or 'nothing'}, "
            f"and not_with says {said}"
        )


def fragments(manifest: Manifest, there: Mapping[str, str]) -> Iterator[str]:
    """Manifest and boot/config.txt.d name the same fragments, and each is for whom it says.

    ``there``: name and text of each. What includes one may stand below a filter such as [cm4].
    """
    used = manifest.boot.fragments
    for name, text in there.items():
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        if (
            not lines
            or lines[0] != "[all]"
            or [one for one in lines if one[0] == "["][-1] != "[all]"
        ):
            yield f"boot/config.txt.d/{name} must begin with [all], and end in it"
        for line in lines:
            if FRAGMENT_LINE.fullmatch(line) is None:
                yield f"boot/config.txt.d/{name}: {line!r} is no KEY=VALUE and no [FILTER]"
    for missing in sorted(used - there.keys()):
        yield f"[boot] names {missing}, which is not in boot/config.txt.d"
    for unused in sorted(there.keys() - used):
        yield f"boot/config.txt.d/{unused} is used by nothing in [boot]"
