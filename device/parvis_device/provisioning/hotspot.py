"""Name and password of the unit's own Wi-Fi: those of its label, else made on the unit, once.

Never a default: whoever has no label takes the card out and reads them beside ``parvis.toml``.
"""

import logging
import secrets
from pathlib import Path

from parvis_device.provisioning.card import UnitSettings
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import is_wifi_name, is_wifi_password
from parvis_wire.identity import SETUP_CODE_ALPHABET

NAME_SIGNS = 4
PASSWORD_SIGNS = 12
"""60 bits, as on labels."""

NOTE_NAME = "parvis-hotspot.txt"

_log = logging.getLogger(__name__)


def own_wifi(settings: UnitSettings, boot: Path, disk: Disk) -> tuple[str, str]:
    """Name and password; those that are made are kept, unless nothing can be written."""
    values = settings.values()
    name, password = str(values.get("hotspot_name", "")), str(values.get("hotspot_password", ""))
    if is_wifi_name(name) and is_wifi_password(password):
        return name, password
    name = "Parvis-" + "".join(secrets.choice(SETUP_CODE_ALPHABET) for _ in range(NAME_SIGNS))
    signs = SETUP_CODE_ALPHABET.lower()
    password = "".join(secrets.choice(signs) for _ in range(PASSWORD_SIGNS))
    note = (
        "The Wi-Fi that this unit opens while it has no network / "
        "Le Wi-Fi que cette borne ouvre tant qu'elle n'a pas de réseau\n\n"
        f"Wi-Fi: {name}\nPassword / mot de passe : {password}\n"
    )
    try:
        settings.change({"hotspot_name": name, "hotspot_password": password})
        disk.put(boot / NOTE_NAME, note.encode())
    except OSError as error:
        _log.error("the unit's own Wi-Fi cannot be kept: %s", error)
    return name, password
