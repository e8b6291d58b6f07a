"""cloud-init's files, which make stock Raspberry Pi OS Lite a unit or a hub at its first start.

They lie on the card's boot partition, which every computer can write. ``vendor-data`` is ours:
``user-data`` and ``network-config`` belong to whoever writes the card (Raspberry Pi Imager makes
them), and cloud-init reads both. Of packages and services it says only what the manifest says.
"""

from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

from parvis_firmware.errors import UsageError
from parvis_firmware.image_scan import Entry, scan
from parvis_firmware.manifest import Manifest, RoleName
from parvis_firmware.places import FIRMWARE

TEMPLATE: Final = FIRMWARE / "cloud-init" / "vendor-data.in"
FIRST_LINE: Final = "#cloud-config"
KNOWN_KEYS: Final = frozenset(
    {"package_update", "package_upgrade", "packages", "power_state", "runcmd", "ssh_pwauth"}
)
"""Modules of cloud-init that the template uses; a misspelt one would be passed over in silence."""
CARD_FOLDER: Final = "/boot/firmware/parvis"
WHEEL_END: Final = "-py3-none-any.whl"


def render(manifest: Manifest, role: RoleName, wheel: str, template: str) -> str:
    """The vendor-data of a role.

    Args:
        manifest: what it needs.
        role: unit or hub.
        wheel: name of Parvis' wheel, which lies in the card's folder ``parvis``.
        template: text of ``vendor-data.in``.

    Raises:
        UsageError: that is no wheel of Parvis.
    """
    if "/" in wheel or not (wheel.startswith("parvis-") and wheel.endswith(WHEEL_END)):
        raise UsageError(f"{wheel!r} is no wheel of Parvis: parvis-VERSION{WHEEL_END}")
    needed = manifest.roles[role]
    return Template(template).substitute(
        role=role,
        title=needed.title,
        extras=",".join(needed.extras),
        packages="\n".join(f"  - {package}" for package in needed.packages),
        wheel=f"{CARD_FOLDER}/{wheel}",
    )


def write(manifest: Manifest, role: RoleName, wheel: Path, out: Path) -> list[Path]:
    """Everything that goes onto the boot partition of a stock card; gives the files.

    Raises:
        UsageError: there is no such wheel.
    """
    if not wheel.is_file():
        raise UsageError(f"there is no wheel {wheel}: scripts/build makes one")
    text = render(manifest, role, wheel.name, TEMPLATE.read_text(encoding="utf-8"))
    files = {
        "vendor-data": text.encode(),
        "meta-data": f"instance-id: parvis-{role}\n".encode(),
        f"parvis/{wheel.name}": wheel.read_bytes(),
    }
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [out / name for name in files]


def faults(manifest: Manifest) -> Iterator[str]:
    """What is wrong with the template, for each role."""
    import yaml  # of the extra dev

    template = TEMPLATE.read_text(encoding="utf-8")
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
        if read.get("packages") != list(role.packages):
            yield f"vendor-data of {name}: its packages are not the manifest's"
        for found in scan([Entry("boot/firmware/vendor-data", text.encode())]):
            yield f"vendor-data of {name} holds {found.what}"
