"""``parvis-unit selftest``: makes the parts as the unit does, examines them, prints the table."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

from rich.console import Console
from rich.table import Table

from parvis_device import native_noise, sound_cards
from parvis_device.address import HubAddress
from parvis_device.app import make_button, make_light, make_microphone
from parvis_device.buttons import MuteSwitch
from parvis_device.capture import Microphone
from parvis_device.config import AUTO, FILE_PREFIX, ButtonKind, LightKind, UnitConfig, load
from parvis_device.discovery import Announcements, FoundAddress
from parvis_device.errors import (
    ButtonTrouble,
    LightTrouble,
    SoundCardTrouble,
    StateTrouble,
    UnitError,
    UsageError,
)
from parvis_device.hub_addresses import GivenAddress, HubAddresses
from parvis_device.identity import LOCK, UNIT_KEY, Identity, in_use, open_identity, usual_folder
from parvis_device.lights import Light
from parvis_device.lights.terminal import TerminalLight
from parvis_device.selftest import judging, machine
from parvis_device.selftest.checks import MARKS, Verdict
from parvis_device.selftest.examination import Examination, Lengths, Parts
from parvis_device.selftest.findings import (
    Finding,
    as_json,
    conclusion,
    exit_code,
    found,
    in_order,
)
from parvis_device.selftest.listening import Listening
from parvis_device.selftest.network import way_to_hub
from parvis_device.selftest.person import TerminalPerson, can_answer
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Language
from parvis_device.sound_cards import Side, SoundCards

T = TypeVar("T")

USUAL_SETTINGS = Path("/etc/parvis/unit.toml")
"""Where `parvis-unit install` puts them."""
USUAL_STATE = Path("/var/lib/parvis-unit")
"""The service's own, which whoever tests an installed unit by hand means, too."""
SERVICE = "parvis-unit.service"
MOST_BESIDE_S = 120.0
"""Beside the listening, with nobody there: a hub that does not answer, and all lights in turn take
half a minute. Below the time that systemd gives it at the first start."""
UNSEEN_PACE = 0.1
"""Lights that nobody looks at are only to be switched without an error."""

_STYLES = {
    Verdict.GOOD: "green",
    Verdict.HINT: "yellow",
    Verdict.BAD: "bold red",
    Verdict.NOT_ASKED: "cyan",
    Verdict.ABSENT: "dim",
}


def settings_of(config: Path | None, flags: dict[str, Any]) -> UnitConfig:
    """The unit's settings: the file that was named, else the installed one, else none.

    Raises:
        UsageError: they are wrong, or may not be read.
    """
    if config is None and USUAL_SETTINGS.exists():
        config = USUAL_SETTINGS
        if USUAL_STATE.is_dir() and "STATE_DIRECTORY" not in os.environ:
            flags = {"state": USUAL_STATE, **flags}
    return load(config, flags)


async def examine(
    config: UnitConfig, language: Language, *, unattended: bool, seconds: float, quiet: bool
) -> list[Finding]:
    """Everything about this unit; ``quiet``: standard output stays free.

    Raises:
        UnitError: the unit runs, or nobody is there to press.
    """
    _refuse_running(config)
    says = sys.stderr if quiet else sys.stdout
    person = None if unattended else _person(language, says)
    with native_noise.captured(), contextlib.ExitStack() as until_the_end:
        parts = _parts(config, says, until_the_end)
        pace = 1.0 if person else UNSEEN_PACE
        lengths = Lengths(listen_s=seconds, light_pace=pace)
        return in_order(await Examination(parts, person, lengths).run())


def print_findings(findings: list[Finding], language: Language, *, in_json: bool) -> None:
    """The table and the last line, or one JSON object."""
    if in_json:
        print(json.dumps(as_json(findings, language), ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in ("mark", "check", "line"):
        table.add_column(name, overflow="fold")
    for one in findings:
        style = _STYLES[one.verdict]
        table.add_row(MARKS[one.verdict], one.check.of(language), one.line(language), style=style)
    console = Console(highlight=False)
    console.print()
    console.print(table)
    console.print()
    console.print(conclusion(findings, language))


def run(
    config: UnitConfig, language: Language, *, unattended: bool, seconds: float, in_json: bool
) -> int:
    """Examine, print; returns the exit code.

    Raises:
        UnitError: it cannot begin.
    """
    findings = asyncio.run(
        within(
            seconds + MOST_BESIDE_S if unattended else None,
            examine(config, language, unattended=unattended, seconds=seconds, quiet=in_json),
        )
    )
    print_findings(findings, language, in_json=in_json)
    return exit_code(findings)


async def within(limit_s: float | None, examined: Awaitable[T]) -> T:
    """What was examined; where nobody is there, something that hangs holds up nothing for long.

    Raises:
        UnitError: it did not end in time.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await examined
    except TimeoutError as error:
        raise UnitError(
            f"the test did not end within {limit_s:.0f} s, and was given up: run it again with "
            "somebody there (sudo parvis-unit selftest)"
        ) from error


def _person(language: Language, says: TextIO) -> TerminalPerson:
    if not can_answer(sys.stdin):
        raise UsageError("nobody can answer here: add --unattended, or start it in a terminal")
    return TerminalPerson(language, says, sys.stdin)


def _refuse_running(config: UnitConfig) -> None:
    if _service_runs() or _state_is_taken(config):
        raise UsageError(
            "the unit runs, and has microphone and pins: end it first "
            f"(sudo systemctl stop {SERVICE}), and start it again afterwards"
        )


def _state_is_taken(config: UnitConfig) -> bool:
    folder = config.state or usual_folder()
    with contextlib.suppress(StateTrouble, OSError):  # a card that cannot be written is told later
        return not config.no_identity and (folder / LOCK).exists() and in_use(folder)
    return False


def _service_runs() -> bool:
    try:
        asked = subprocess.run(
            ["systemctl", "is-active", SERVICE],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        return False
    # The word and not the exit code: where no systemd runs, in a chroot, that is 0 all the same.
    return asked.stdout.strip() in ("active", "reloading")


def _parts(config: UnitConfig, says: TextIO, until_the_end: contextlib.ExitStack) -> Parts:
    microphone = make_microphone(config, SoundCards())
    light = _made(lambda: _light(config, says), LightTrouble)
    if light is not None and not isinstance(light, LightTrouble):
        until_the_end.enter_context(contextlib.closing(light))
    has_button = config.button_kind is not ButtonKind.NONE

    async def of_the_machine() -> list[Finding]:
        seen = await way_to_hub(_addresses(config), config.link, paired=_site(config) is not None)
        folder = config.state or usual_folder()
        storage = await asyncio.to_thread(machine.storage, folder)
        return [await machine.supply(), storage, judging.network(seen)]

    return Parts(
        listening=None if microphone is None else Listening(microphone),
        button=_made(lambda: make_button(config), ButtonTrouble) if has_button else None,
        mute=_made(lambda: _mute(config), ButtonTrouble),
        light=light,
        patterns=config.patterns,
        machine=of_the_machine,
        why_silent=lambda trouble: why_silent(config.microphone, microphone, trouble),
    )


def _made(make: Callable[[], T], trouble: type[Exception]) -> Any:
    """What was made, or why it cannot be."""
    try:
        return make()
    except trouble as error:
        return error


def _light(config: UnitConfig, says: TextIO) -> Light | None:
    if config.light_kind is LightKind.NONE:
        return None
    return TerminalLight(says) if config.light_kind is LightKind.TERMINAL else make_light(config)


def _mute(config: UnitConfig) -> MuteSwitch | None:
    if config.button_kind is not ButtonKind.GPIO:
        return None
    from parvis_device.buttons.mute import GpioMuteSwitch

    return GpioMuteSwitch()


def why_silent(wanted: str, microphone: Microphone | None, trouble: Exception | None) -> Finding:
    """What to say of a microphone that gave nothing."""
    if wanted.startswith(FILE_PREFIX):
        return found(Says.MICROPHONE_FAILED, why=str(trouble or wanted))
    cards = sound_cards.cards(Side.MICROPHONE)
    if not cards:
        return found(Says.MICROPHONE_UNPLUGGED)
    try:
        card = sound_cards.choose(cards, wanted)
    except (SoundCardTrouble, UsageError):
        names = ", ".join(f"{card.index} {card.name}" for card in cards)
        return found(Says.MICROPHONE_UNKNOWN, wanted=repr(wanted), found=names)
    return found(Says.MICROPHONE_FAILED, why=str(trouble or card.name))


def _addresses(config: UnitConfig) -> HubAddresses:
    if config.hub != AUTO:
        return GivenAddress(HubAddress.parse(config.hub))
    fallback = None if config.hub_fallback is None else HubAddress.parse(config.hub_fallback)
    return FoundAddress(Announcements(), _identity(config), fallback)


def _identity(config: UnitConfig) -> Identity | None:
    """The unit's, if it has one already: the test makes no key."""
    folder = config.state or usual_folder()
    with contextlib.suppress(StateTrouble, OSError):
        if not config.no_identity and (folder / UNIT_KEY).exists():
            return open_identity(folder)
    return None


def _site(config: UnitConfig) -> bytes | None:
    identity = _identity(config)
    return None if identity is None else identity.site
