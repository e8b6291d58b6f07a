"""Which steps follow from a manifest and what is there: none too many, none on a person's files."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.install import steps as s
from parvis_device.install.button import button_settings
from parvis_device.install.manifest import Manifest
from parvis_device.install.plan import (
    Present,
    Wish,
    digest,
    included,
    plan_install,
    plan_uninstall,
    with_includes,
)
from parvis_device.install.receipt import PutDown, Receipt
from parvis_device.install.steps import Laid

MANIFEST = Manifest.model_validate(
    {
        "program": {
            "folder": "/opt/parvis",
            "versions": "/opt/parvis/versions",
            "current": "/opt/parvis/current",
        },
        "roles": {
            "unit": {
                "title": "Parvis unit",
                "extras": ["unit"],
                "user": "parvis-unit",
                "groups": ["audio", "gpio"],
                "packages": ["libopus0", "python3-venv"],
                "packages_raspberry": ["python3-lgpio"],
                "services": ["parvis-unit.service"],
                "services_system": ["NetworkManager.service"],
                "mask": ["ModemManager.service"],
                "settings": "/etc/parvis/unit.toml",
                "files": ["etc/**"],
                "folders": [
                    {"path": "/etc/parvis", "mode": "0755", "owner": "root"},
                    {"path": "/var/lib/parvis-unit", "mode": "0700", "owner": "parvis-unit"},
                ],
            }
        },
        "boot": {"folder": "parvis", "always": ["unit.txt"], "boards": {}, "frontends": {}},
    }
)
ROLE = MANIFEST.roles["unit"]
SETTINGS, SOUND = "/etc/parvis/unit.toml", "/etc/asound.conf"
PROGRAM = "/opt/parvis/versions/1.0"
WISH = Wish(
    role=ROLE,
    files={SETTINGS: Laid(b"microphone = 1\n", 0o644), SOUND: Laid(b"pcm.unit_mic\n", 0o644)},
    fragments={"unit.txt": Laid(b"dtparam=spi=on\n", None)},
    program=PROGRAM,
    source="/checkout",
)
CONFIG = "/boot/firmware/config.txt"
LINKS = {
    "/opt/parvis/current": PROGRAM,
    "/usr/local/bin/parvis-unit": "/opt/parvis/current/bin/parvis-unit",
}
WHOLE = Present(
    packages=frozenset({"libopus0", "python3-venv", "python3-lgpio"}),
    groups=frozenset({"audio", "gpio"}),
    memberships={"parvis-unit": frozenset({"audio", "gpio"})},
    files={
        **WISH.files,
        "/boot/firmware/parvis/unit.txt": Laid(b"dtparam=spi=on\n", 0o755),
        CONFIG: Laid(b"include parvis/unit.txt\n", 0o755),
    },
    folders={"/etc/parvis": (0o755, "root"), "/var/lib/parvis-unit": (0o700, "parvis-unit")},
    links=LINKS,
    programs=frozenset({PROGRAM}),
    units={
        "parvis-unit.service": "enabled",
        "NetworkManager.service": "enabled",
        "ModemManager.service": "masked",
    },
    config_txt=CONFIG,
)
EMPTY = Present(files={CONFIG: Laid(b"arm_64bit=1\n", 0o755)}, config_txt=CONFIG)
RECEIPT = Receipt(
    files={path: PutDown(sha256=digest(laid.content)) for path, laid in WISH.files.items()},
    folders=("/etc/parvis", "/var/lib/parvis-unit"),
    users=("parvis-unit",),
    enabled=("parvis-unit.service",),
    masked=("ModemManager.service",),
    links=tuple(LINKS),
    programs=(PROGRAM,),
)


def kinds(steps: list[s.Step]) -> list[str]:
    return [type(step).__name__ for step in steps]


def test_where_all_is_in_place_nothing_is_done() -> None:
    assert plan_install(MANIFEST, WISH, WHOLE, RECEIPT) == []


def test_an_empty_system_gets_everything_in_an_order_that_works() -> None:
    steps = plan_install(MANIFEST, WISH, EMPTY, Receipt())
    assert kinds(steps) == [
        *("Packages", "MakeGroup", "MakeGroup", "MakeUser", "Join", "MakeFolder", "MakeFolder"),
        *("PutFile", "PutFile", "PutFile", "PutFile", "MakeProgram", "Lead", "Lead", "Mask"),
        *("Enable", "Enable", "Reload"),
    ]
    assert steps[3] == s.MakeUser("parvis-unit", "/var/lib/parvis-unit")
    assert all(step.line and "\n" not in step.line for step in steps)


def test_what_is_no_raspberry_pi_keeps_its_boot_partition() -> None:
    steps = plan_install(MANIFEST, WISH, Present(), Receipt())
    assert not [step for step in steps if isinstance(step, s.PutFile) and "/boot" in step.path]


def test_a_folder_that_will_be_a_system_gets_no_packages_and_no_reload() -> None:
    steps = plan_install(
        MANIFEST, replace(WISH, program=None), replace(EMPTY, live=False), Receipt()
    )
    assert "Packages" not in kinds(steps) and "Reload" not in kinds(steps)
    notes = " ".join(step.line for step in steps if isinstance(step, s.Note))
    assert "libopus0 python3-venv python3-lgpio" in notes and "/opt/parvis/versions" in notes
    assert "NetworkManager.service is not there yet" in notes


def one_file(present: Present, receipt: Receipt) -> s.Step | None:
    steps = plan_install(MANIFEST, WISH, present, receipt)
    about = [step for step in steps if SOUND in step.line]
    assert len(about) <= 1
    return about[0] if about else None


def with_sound(content: bytes, mode: int = 0o644) -> Present:
    return replace(WHOLE, files={**WHOLE.files, SOUND: Laid(content, mode)})


def test_somebody_elses_file_is_kept_beside() -> None:
    step = one_file(with_sound(b"theirs\n"), Receipt())
    assert isinstance(step, s.PutFile) and step.keeps_former
    assert "/etc/asound.conf.before-parvis" in step.line


def test_our_own_older_file_is_replaced() -> None:
    older = Receipt(files={SOUND: PutDown(sha256=digest(b"older\n"))})
    step = one_file(with_sound(b"older\n"), older)
    assert isinstance(step, s.PutFile) and not step.keeps_former


def test_a_file_that_a_person_changed_stays() -> None:
    assert isinstance(one_file(with_sound(b"edited\n"), RECEIPT), s.Note)


def test_a_wrong_mode_is_set_right() -> None:
    step = one_file(with_sound(WISH.files[SOUND].content, 0o600), Receipt())
    assert isinstance(step, s.PutFile) and not step.keeps_former


@given(content=st.binary(max_size=40))
def test_settings_that_are_there_are_never_written(content: bytes) -> None:
    present = replace(WHOLE, files={**WHOLE.files, SETTINGS: Laid(content, 0o600)})
    assert plan_install(MANIFEST, WISH, present, Receipt()) == []


def test_new_settings_have_what_the_board_asks_for() -> None:
    wish = replace(WISH, board_settings={"link": "wifi", "loop": False, "ring_pixels": 8})
    [put] = [
        step
        for step in plan_install(MANIFEST, wish, EMPTY, Receipt())
        if isinstance(step, s.PutFile) and step.path == SETTINGS
    ]
    assert put.content == b'microphone = 1\nlink = "wifi"\nloop = false\nring_pixels = 8\n'


def test_a_program_that_is_whole_is_not_made_again() -> None:
    steps = plan_install(MANIFEST, WISH, replace(WHOLE, links={}), RECEIPT)
    assert kinds(steps) == ["Lead", "Lead", "Reload"]


def test_a_command_of_that_name_that_is_somebody_elses_stays() -> None:
    command = "/usr/local/bin/parvis-unit"
    theirs = replace(
        WHOLE,
        links={"/opt/parvis/current": PROGRAM},
        files={**WHOLE.files, command: Laid(b"#!/bin/sh", 0o755)},
    )
    [step] = plan_install(MANIFEST, WISH, theirs, RECEIPT)
    assert isinstance(step, s.Note) and command in step.line


@pytest.mark.parametrize(
    "before", ["", "arm_64bit=1\n", "[pi4]\narm_boost=1", "# x\n\n[all]\ny=1\n"]
)
def test_config_txt_gets_one_block_that_holds_for_every_board(before: str) -> None:
    after = with_includes(before, "parvis", ["unit.txt", "codec.txt"])
    assert after.endswith("[all]\ninclude parvis/unit.txt\ninclude parvis/codec.txt\n")
    assert with_includes(after, "parvis", ["unit.txt", "codec.txt"]) == after
    assert included(after, "parvis") == ["unit.txt", "codec.txt"]
    back = with_includes(after, "parvis", [])
    assert back.splitlines() == before.splitlines()


@given(lines=st.lists(st.sampled_from(["[all]", "[pi5]", "a=1", "# b", "", "include other.txt"])))
def test_no_line_of_the_owner_is_lost(lines: list[str]) -> None:
    before = "".join(f"{line}\n" for line in lines)
    after = with_includes(before, "parvis", ["unit.txt"])
    assert after.startswith(before) and with_includes(after, "parvis", []) == before


def test_what_was_installed_goes_and_what_is_a_persons_stays() -> None:
    steps = plan_uninstall(MANIFEST, ROLE, WHOLE, RECEIPT, frozenset(), purge=False)
    gone = [step.path for step in steps if isinstance(step, s.TakeAway) and not step.only_empty]
    assert gone == [SOUND, *LINKS, PROGRAM]
    assert kinds(steps)[:2] == ["Disable", "Unmask"] and kinds(steps)[-1] == "Reload"
    assert steps[0] == s.Disable(("parvis-unit.service",)), "the network stays"
    notes = [step.line for step in steps if isinstance(step, s.Note)]
    assert any(SETTINGS in line for line in notes)
    assert any("/var/lib/parvis-unit" in line for line in notes)


def test_a_purge_takes_settings_key_and_account() -> None:
    steps = plan_uninstall(MANIFEST, ROLE, WHOLE, RECEIPT, frozenset(), purge=True)
    gone = [step.path for step in steps if isinstance(step, s.TakeAway)]
    assert {SETTINGS, "/var/lib/parvis-unit", "/etc/parvis"} <= set(gone)
    assert s.TakeUser("parvis-unit") in steps
    assert not [step for step in steps if isinstance(step, s.Note)]


def test_what_was_kept_comes_back_and_what_was_edited_stays() -> None:
    kept = RECEIPT.model_copy(
        update={"files": {SOUND: PutDown(sha256=digest(b"pcm.unit_mic\n"), keeps_former=True)}}
    )
    steps = plan_uninstall(MANIFEST, ROLE, WHOLE, kept, frozenset(), purge=True)
    assert s.TakeAway(SOUND, restores=True) in steps
    edited = plan_uninstall(MANIFEST, ROLE, with_sound(b"edited\n"), kept, frozenset(), purge=True)
    assert not [step for step in edited if isinstance(step, s.TakeAway) and step.path == SOUND]


def test_what_another_role_needs_stays() -> None:
    others = frozenset({SOUND, "/etc/parvis", "parvis-hub.service"})
    both = RECEIPT.model_copy(update={"enabled": ("parvis-unit.service", "parvis-hub.service")})
    steps = plan_uninstall(MANIFEST, ROLE, WHOLE, both, others, purge=True)
    assert steps[0] == s.Disable(("parvis-unit.service",))
    gone = {step.path for step in steps if isinstance(step, s.TakeAway)}
    assert gone == {SETTINGS, "/var/lib/parvis-unit"} and "Unmask" not in kinds(steps)


def test_what_was_never_installed_needs_no_step() -> None:
    assert plan_uninstall(MANIFEST, ROLE, Present(), Receipt(), frozenset(), purge=True) == []


def test_a_machine_without_pins_is_told_what_its_settings_lack() -> None:
    bare = replace(WISH, button_note="say which: --key-device PATH")
    without = replace(WHOLE, files={SOUND: WISH.files[SOUND]}, config_txt=None)
    notes = [one.line for one in plan_install(MANIFEST, bare, without, Receipt())]
    assert "say which: --key-device PATH" in notes
    assert plan_install(MANIFEST, bare, WHOLE, Receipt()) == [], "settings are there: theirs"


def test_the_button_that_was_found_or_named_stands_in_the_settings() -> None:
    button = button_settings(Path("/dev/input/by-id/usb-a-event-kbd"))
    wish = replace(WISH, button=button)
    without = replace(WHOLE, files={SOUND: WISH.files[SOUND]}, config_txt=None)
    (put,) = written(plan_install(MANIFEST, wish, without, Receipt()))
    assert tomllib.loads(put.content.decode()).items() >= button.items()
    assert plan_install(MANIFEST, wish, WHOLE, Receipt()) == [], "found: settings stay the host's"
    named = replace(wish, sets_button=True)
    (put,) = written(plan_install(MANIFEST, named, WHOLE, Receipt()))
    before = WHOLE.files[SETTINGS].content.decode()
    assert tomllib.loads(put.content.decode()) == {**tomllib.loads(before), **button}
    again = replace(WHOLE, files={**WHOLE.files, SETTINGS: s.Laid(put.content, 0o644)})
    assert written(plan_install(MANIFEST, named, again, Receipt())) == []


def written(steps: list[s.Step]) -> list[s.PutFile]:
    return [one for one in steps if isinstance(one, s.PutFile) and one.path == SETTINGS]
