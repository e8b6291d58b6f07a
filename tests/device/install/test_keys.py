"""What could be the button of a unit on a PC: found, chosen where there is one, else listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis_device.install.button import Keys, button_of
from parvis_device.install.keys import find_keys

TABLE = """I: Bus=0011 Vendor=0001 Product=0001 Version=ab41
N: Name="AT Translated Set 2 keyboard"
H: Handlers=sysrq kbd leds event0

I: Bus=0003 Vendor=1234 Product=5678 Version=0110
N: Name="One Big Button"
H: Handlers=sysrq kbd event3

I: Bus=0003 Vendor=1234 Product=5678 Version=0110
N: Name="One Big Button Consumer Control"
H: Handlers=kbd event4

I: Bus=0005 Vendor=000a Product=0001 Version=0001
N: Name="AB Shutter3"
H: Handlers=kbd event7

I: Bus=0019 Vendor=0000 Product=0001 Version=0000
N: Name="Power Button"
H: Handlers=kbd event9
"""
BIG = "usb-Maker_One_Big_Button-event-kbd"


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    inputs, table = tmp_path / "input", tmp_path / "devices"
    for folder in ("by-id", "by-path"):
        (inputs / folder).mkdir(parents=True)
    for number in (0, 3, 4, 7, 9):
        (inputs / f"event{number}").touch()
    (inputs / "by-id" / BIG).symlink_to("../event3")
    (inputs / "by-id/usb-Maker_One_Big_Button-if01-event-kbd").symlink_to("../event4")
    (inputs / "by-id/usb-Mouse-event-mouse").symlink_to("../event9")
    (inputs / "by-path/platform-i8042-serio-0-event-kbd").symlink_to("../event0")
    (inputs / "by-path/platform-x-usb-0:1-event-kbd").symlink_to("../event3")
    table.write_text(TABLE)
    return inputs, table


def test_each_thing_is_found_once_and_by_its_name(machine: tuple[Path, Path]) -> None:
    inputs, table = machine
    assert find_keys(inputs, table) == [
        Keys(inputs / "by-id" / BIG, "One Big Button", is_sure=True),
        Keys(inputs / "event7", "AB Shutter3", is_sure=False),
        Keys(
            inputs / "by-path/platform-i8042-serio-0-event-kbd",
            "AT Translated Set 2 keyboard",
            is_sure=False,
        ),
    ]


def test_a_machine_without_any(tmp_path: Path) -> None:
    assert find_keys(tmp_path / "nothing", tmp_path / "nothing") == []


BUTTON = Keys(Path("/dev/input/by-id/usb-a-event-kbd"), "A", is_sure=True)
OTHER = Keys(Path("/dev/input/by-id/usb-b-event-kbd"), "B", is_sure=True)
OWN = Keys(Path("/dev/input/by-path/platform-event-kbd"), "own", is_sure=False)


def settings_of(path: Path) -> dict[str, str]:
    return {"button": "keyboard", "key_device": str(path), "light": "none"}


@pytest.mark.parametrize("found", [(BUTTON,), (BUTTON, OWN)])
def test_the_only_one_that_was_plugged_in_is_the_button(found: tuple[Keys, ...]) -> None:
    settings, words = button_of(found, "/etc/parvis/unit.toml")
    assert settings == settings_of(BUTTON.path)
    assert f"{BUTTON} is the button: no other program hears its keys" in words


@pytest.mark.parametrize("found", [(BUTTON, OTHER), (OWN,)])
def test_of_several_a_person_chooses(found: tuple[Keys, ...]) -> None:
    settings, words = button_of(found, "/etc/parvis/unit.toml")
    assert settings == {}
    assert "\n" not in words and "--key-device" in words
    assert all(str(one) in words for one in found)


def test_without_any_it_says_what_to_plug_in() -> None:
    settings, words = button_of((), "/etc/parvis/unit.toml")
    assert settings == {} and "plug in" in words and "key_device" in words
