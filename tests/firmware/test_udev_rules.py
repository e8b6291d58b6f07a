"""Which sound card is called "unitmic": udev's rules, followed as udev follows them.

Written after udev(7): a key that ends in S looks at the device and its parents, and all such keys
of a line must match the same one; TEST looks below the device; GOTO jumps forward only.
"""

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import pytest

from parvis_firmware.places import ROOTFS

RULES = ROOTFS / "etc/udev/rules.d/85-parvis-unit.rules"
PART = re.compile(r'([A-Z]+)(?:\{([^}]*)\})?(==|!=|=)"([^"]*)"')

Part = tuple[str, str, str, str]


@dataclass
class Device:
    """One event, and where its device hangs."""

    subsystem: str
    kernel: str
    action: str = "change"
    parents: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    below: tuple[str, ...] = ()
    set: dict[str, str] = field(default_factory=dict)


def parsed(text: str) -> list[list[Part]]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert PART.sub("", line).replace(",", "").strip() == "", f"udev cannot read {line!r}"
    return [[(key, of, op, value) for key, of, op, value in PART.findall(line)] for line in lines]


def matches(device: Device, key: str, of: str, op: str, value: str) -> bool:
    pattern = re.sub(r"\$attr\{(\w+)\}", lambda found: device.attributes[found[1]], value)
    if key == "SUBSYSTEMS":
        chain = (device.subsystem, *device.parents)
        return any(fnmatchcase(one, pattern) == (op == "==") for one in chain)
    if key == "TEST":
        return (pattern in device.below) == (op == "==")
    seen = {
        "SUBSYSTEM": device.subsystem,
        "KERNEL": device.kernel,
        "ACTION": device.action,
        "ATTR": device.attributes.get(of, ""),
    }[key]
    return any(fnmatchcase(seen, one) for one in pattern.split("|")) == (op == "==")


def follow(device: Device, rules: list[list[Part]]) -> dict[str, str]:
    """What udev sets."""
    wanted = ""
    for rule in rules:
        label = next((value for key, _, _, value in rule if key == "LABEL"), None)
        if wanted and label != wanted:
            continue
        wanted = ""
        if not all(matches(device, *part) for part in rule if part[2] != "="):
            continue
        for key, of, op, value in rule:
            if op == "=" and key == "GOTO":
                wanted = value
            elif op == "=" and key != "LABEL":
                device.set[f"{key}{{{of}}}" if of else key] = value
    assert not wanted, f"GOTO leads to no later LABEL: {wanted}"
    return device.set


def card(*parents: str, action: str = "change", captures: bool = True, id: str = "U0") -> Device:
    attributes = {"number": "2", "id": id}
    below = ("pcmC2D0c", "pcmC2D0p") if captures else ("pcmC2D0p",)
    return Device("sound", "card2", action, parents, attributes, below)


NAMED = {"ATTR{id}": "unitmic"}


@pytest.mark.parametrize(
    ("device", "named"),
    [
        (card("usb", "usb", "platform"), True),  # a Raspberry Pi 4
        (card("usb", "usb", "pci"), True),  # a PC, and a Raspberry Pi 5 by its RP1
        (card("platform"), True),  # an I2S microphone, a codec, the loop of a test
        (card("pci"), False),  # the card inside a laptop
        (card("usb", "platform", captures=False), False),  # a USB loudspeaker
        (card("platform", captures=False), False),  # HDMI
        (card("usb", "platform", action="add"), False),  # its parts are not there yet
        (card("usb", "platform", id="unitmic"), False),  # it has its name
        (card("bluetooth"), False),
        (Device("sound", "pcmC2D0c", parents=("usb",)), False),
        (Device("net", "card2", parents=("usb",)), False),
    ],
)
def test_the_microphone_has_its_name(device: Device, named: bool) -> None:
    assert follow(device, parsed(RULES.read_text())) == (NAMED if named else {})


def test_pins_and_ring_are_for_their_groups() -> None:
    rules = parsed(RULES.read_text())
    for action in ("add", "change"):
        pins = follow(Device("gpio", "gpiochip0", action, ("platform",)), rules)
        assert pins == {"GROUP": "gpio", "MODE": "0660"}
        ring = follow(Device("spidev", "spidev0.0", action, ("spi", "platform")), rules)
        assert ring == {"GROUP": "spi", "MODE": "0660"}


def test_a_parent_that_is_asked_not_to_be_is_seen_as_udev_sees_it() -> None:
    """The mistake that this file found: every card has something above it that is not platform."""
    text = 'SUBSYSTEMS!="platform", GOTO="end"\nATTR{id}="unitmic"\nLABEL="end"\n'
    assert follow(card("platform"), parsed(text)) == {}
