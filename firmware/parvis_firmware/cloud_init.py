"""cloud-init's files, which make stock Raspberry Pi OS Lite a unit or a hub at its first start.

They lie on the card's boot partition, which every computer can write. ``vendor-data`` is ours:
``user-data`` and ``network-config`` belong to whoever writes the card (Raspberry Pi Imager makes
them), and cloud-init reads both. cloud-init does its work once, whether there was a network or not;
so all that needs one is a script of ours, which a service of ours starts until it ends well. Of
packages it says only what the manifest says.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

from parvis_firmware.errors import UsageError
from parvis_firmware.image_scan import Entry, scan
from parvis_firmware.manifest import Manifest, RoleName
from parvis_firmware.places import FIRMWARE

TEMPLATE: Final = FIRMWARE / "cloud-init" / "vendor-data.in"
SCRIPT: Final = FIRMWARE / "cloud-init" / "first-start.sh.in"
SERVICE: Final = FIRMWARE / "cloud-init" / "first-start.service"
FIRST_LINE: Final = "#cloud-config"
KNOWN_KEYS: Final = frozenset({"runcmd", "ssh_pwauth"})
"""Modules of cloud-init that the template uses; a misspelt one would be passed over in silence."""
CARD_FOLDER: Final = "/boot/firmware/parvis"
WHEEL_END: Final = "-py3-none-any.whl"
KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""A maker's public key."""


def render(
    manifest: Manifest, role: RoleName, wheel: str, template: str, update_key: str | None = None
) -> str:
    """The vendor-data or the script of a role.

    Args:
        manifest: what it needs.
        role: unit or hub.
        wheel: name of Parvis' wheel, which lies in the card's folder ``parvis``.
        template: text of ``vendor-data.in`` or ``first-start.sh.in``.
        update_key: the maker's public key; None: none is pinned.

    Raises:
        UsageError: that is no wheel of Parvis, or no key.
    """
    if "/" in wheel or not (wheel.startswith("parvis-") and wheel.endswith(WHEEL_END)):
        raise UsageError(f"{wheel!r} is no wheel of Parvis: parvis-VERSION{WHEEL_END}")
    if update_key is not None and not KEY.fullmatch(update_key):
        raise UsageError("--update-key: that is no public key: `parvis update key` shows it")
    if update_key is not None and role != "unit":
        raise UsageError("--update-key is for units: a hub is not updated by bundles")
    needed = manifest.roles[role]
    return Template(template).substitute(
        role=role,
        title=needed.title,
        extras=",".join(needed.extras),
        packages=" ".join(needed.packages),
        folder=CARD_FOLDER,
        wheel=f"{CARD_FOLDER}/{wheel}",
        more="" if update_key is None else f" --update-key {update_key}",
    )


def write(
    manifest: Manifest, role: RoleName, wheel: Path, out: Path, update_key: str | None = None
) -> list[Path]:
    """Everything that goes onto the boot partition of a stock card; gives the files.

    Raises:
        UsageError: there is no such wheel, or that is no key.
    """
    if not wheel.is_file():
        raise UsageError(f"there is no wheel {wheel}: scripts/build makes one")
    texts = {
        name: render(manifest, role, wheel.name, path.read_text(encoding="utf-8"), update_key)
        for name, path in (("vendor-data", TEMPLATE), ("parvis/first-start.sh", SCRIPT))
    }
    files = {
        **{name: text.encode() for name, text in texts.items()},
        "meta-data": f"instance-id: parvis-{role}\n".encode(),
        "parvis/first-start.service": SERVICE.read_bytes(),
        f"parvis/{wheel.name}": wheel.read_bytes(),
    }
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [out / name for name in files]


def scripts(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The script of each role, as a card has it."""
    template = SCRIPT.read_text(encoding="utf-8")
    for name in manifest.roles:
        yield name, render(manifest, name, f"parvis-0.0.0{WHEEL_END}", template)


def faults(manifest: Manifest) -> Iterator[str]:
    """What is wrong with the template, for each role."""
    import yaml  # of the extra dev

    template, made = TEMPLATE.read_text(encoding="utf-8"), dict(scripts(manifest))
    for name, role in manifest.roles.items():
        text = render(manifest, name, f"parvis-0.0.0{WHEEL_END}", template)
        if text.partition("\n")[0] != FIRST_LINE:
            yield f"vendor-data of {name}: its first line must be {FIRST_LINE}"
        try:
            read: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            yield f"vendor-data of {name} is no YAML: {' '.join(str(error).split())}"
            continue
        for key in sorted(read.keys() - KNOWN_KEYS):
            yield f"vendor-data of {name}: cloud-init's {key} is not among those that we use"
        if f"{CARD_FOLDER}/{SERVICE.name}" not in text:
            yield f"vendor-data of {name}: it does not enable {SERVICE.name}"
        script = made[name]
        if f"install --yes --no-install-recommends {' '.join(role.packages)} ||" not in script:
            yield f"{SCRIPT.name} of {name}: its packages are not the manifest's"
        for file, content in (("vendor-data", text), (SCRIPT.name, script)):
            for found in scan([Entry(f"boot/firmware/{file}", content.encode())]):
                yield f"{file} of {name} holds {found.what}"
