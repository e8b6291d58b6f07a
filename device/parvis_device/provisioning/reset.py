"""The unit as new: nothing that says whose it is, where it stands, or which network it knows.

What stands on its label stays (setup code, the Wi-Fi of its own), and how it is built (microphone,
ring): no start could learn these again. A reset that the power cut off goes on at the next start.
"""

import contextlib
import logging
from pathlib import Path

from parvis_device.errors import StateTrouble
from parvis_device.identity import forget
from parvis_device.provisioning.card import Card, UnitSettings
from parvis_device.provisioning.disk import Disk
from parvis_device.provisioning.networks import Networks

BEGUN = "reset-begun"

OF_THE_PLACE = ("hub", "hub_fallback", "name", "zone", "play_delay_ms", "link")
"""Settings that say where the unit stands and whose it is."""

_log = logging.getLogger(__name__)


def is_begun(folder: Path) -> bool:
    """Whether a reset was cut off."""
    return (folder / BEGUN).exists()


async def make_new(
    folder: Path, settings: UnitSettings, card: Card, networks: Networks, disk: Disk
) -> str:
    """Forget all but the label; what could not be, in words; that of the unit's own is tried again
    at the next start.

    Args:
        folder: with the unit's key.
        settings: its own.
        card: the boot partition, on which the name and the hub stand that were taken from it.
        networks: which forgets every Wi-Fi.
        disk: where it is written that this was begun.
    """
    troubles = []
    with contextlib.suppress(OSError):  # a full card must not keep anybody from this
        disk.put(folder / BEGUN, b"")
    try:
        card.forget()  # first: the settings know what was taken and maybe not wiped
    except OSError as error:
        troubles.append(f"the boot partition keeps its name and hub ({error.strerror})")
    try:
        settings.change(dict.fromkeys(OF_THE_PLACE))
    except OSError as error:
        troubles.append(f"{settings.path} keeps its name and hub ({error.strerror})")
    try:
        forget(folder, key_too=True)
    except StateTrouble as error:
        troubles.append(str(error))
    known = await _still_known(networks)
    if not troubles:
        # Not for a Wi-Fi alone, which may be one that nobody can delete: each further start would
        # take the unit's new key, too.
        with contextlib.suppress(OSError):
            disk.remove(folder / BEGUN)
        _log.warning("the unit is as new: it must be paired again")
    troubles += known
    for words in troubles:
        _log.error("not forgotten: %s", words)
    return "; ".join(troubles)


async def _still_known(networks: Networks) -> list[str]:
    try:
        await networks.forget()
    except OSError as error:
        return [f"a Wi-Fi is still known ({error.strerror})"]
    return []
