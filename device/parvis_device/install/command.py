"""``parvis-unit install`` and ``uninstall``: look, plan, say, do."""

import os
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from parvis_device.errors import UsageError
from parvis_device.install.button import button_of, button_settings
from parvis_device.install.doing import Doer
from parvis_device.install.keys import find_keys
from parvis_device.install.look import Looker, board, read_receipt, refuse_other_systems
from parvis_device.install.manifest import Board, Frontend, Manifest, Role
from parvis_device.install.overlay import Overlay, checkout, open_overlay
from parvis_device.install.plan import (
    Wish,
    included,
    plan_install,
    plan_uninstall,
)
from parvis_device.install.receipt import Receipt
from parvis_device.install.steps import Note, Step, works
from parvis_device.update.disk import Disk
from parvis_device.update.pinning import public_key

T = TypeVar("T")

RECEIPT = "install.json"
NOTHING = "nothing to do: all is in its place"
GONE = "nothing to do: it is not installed"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for."""

    role: str
    root: Path
    source: Path | None = None
    """Folder of the manifest."""
    wheel: Path | None = None
    board: str | None = None
    frontend: str | None = None
    key_device: Path | None = None
    update_key: str | None = None
    dry_run: bool = False
    purge: bool = False


class Installation:
    """One role on one system."""

    def __init__(self, choice: Choice) -> None:
        """Look at what is wanted and where.

        Raises:
            UsageError: it cannot be.
        """
        if not choice.root.is_dir():
            raise UsageError(f"--root {choice.root}: there is no such folder")
        refuse_other_systems(choice.root)
        if choice.root == Path("/") and os.geteuid() != 0 and not choice.dry_run:
            raise UsageError("this changes the system: start it with sudo, or look with --dry-run")
        self._choice = choice
        self._overlay: Overlay = open_overlay(choice.source)
        self._looker = Looker(choice.root)
        self._role: Role = _named("role", self._manifest.roles, choice.role)

    @property
    def _manifest(self) -> Manifest:
        return self._overlay.manifest

    def install(self) -> None:
        """Put everything in its place.

        Raises:
            UnitError: it cannot be, or a step failed.
        """
        wish = self._wish()
        receipt = read_receipt(self._receipt_path)
        present = self._looker.present(self._manifest, self._role, wish.files, receipt)
        steps = plan_install(self._manifest, wish, present, receipt)
        self._carry_out(steps, receipt, NOTHING, is_whole=True)

    def uninstall(self) -> None:
        """Take everything away again.

        Raises:
            UnitError: it cannot be, or a step failed.
        """
        receipt = read_receipt(self._receipt_path)
        present = self._looker.present(self._manifest, self._role, (), receipt)
        steps = plan_uninstall(
            self._manifest,
            self._role,
            present,
            receipt,
            self._of_other_roles(receipt),
            purge=self._choice.purge,
        )
        self._carry_out(steps, receipt, GONE, is_whole=False)

    def _carry_out(
        self, steps: list[Step], receipt: Receipt, nothing: str, *, is_whole: bool
    ) -> None:
        doer = Doer(self._choice.root, receipt, self._receipt_path, Disk())
        for step in steps:
            _tell(f"note: {step.line}" if isinstance(step, Note) else step.line)
            if not self._choice.dry_run:
                doer.do(step)
        if not self._choice.dry_run and works(steps):
            doer.ends(self._choice.role, is_whole=is_whole)
        if not works(steps):
            _tell(nothing)
        elif self._choice.dry_run:
            _tell("(nothing was done: --dry-run)")
        elif self._choice.root == Path("/"):
            _tell("done: restart the machine once (sudo systemctl reboot)")

    def _wish(self) -> Wish:
        choice, role = self._choice, self._role
        name = choice.board or board(choice.root)
        boot = self._manifest.boot
        known: Board | None = None if name is None else _named("board", boot.boards, name)
        is_unit = "unit" in role.extras
        program, source = self._program()
        has_pins = known is not None or not is_unit or choice.root != Path("/")
        button, note = self._button(has_pins=has_pins)
        return Wish(
            role=role,
            files=self._overlay.files(role),
            fragments=self._overlay.fragments(self._fragments(name)) if is_unit else {},
            board_settings=known.settings if known and is_unit else {},
            update_key=None if choice.update_key is None else public_key(choice.update_key),
            button=button,
            button_note=note,
            sets_button=choice.key_device is not None,
            program=program,
            source=source,
        )

    def _button(self, *, has_pins: bool) -> tuple[dict[str, str], str]:
        """On a machine without pins: the settings of what acts as keys, and what to say."""
        given = self._choice.key_device
        if given is not None:
            return button_settings(given), ""
        return ({}, "") if has_pins else button_of(find_keys(), self._role.settings)

    def _fragments(self, board_name: str | None) -> tuple[str, ...]:
        boot, name = self._manifest.boot, self._choice.frontend
        if name is None:
            known_fragments = {each for one in boot.frontends.values() for each in one.fragments}
            there = included(self._looker.config_text(), boot.folder)
            return (*boot.always, *(each for each in there if each in known_fragments))
        frontend: Frontend = _named("frontend", boot.frontends, name)
        if board_name is not None and board_name not in frontend.boards:
            fitting = ", ".join(frontend.boards)
            raise UsageError(f"--frontend {name} is for {fitting}, not for {board_name}")
        return (*boot.always, *frontend.fragments)

    def _program(self) -> tuple[str | None, str | None]:
        """The folder of the version that is to run, and what to make it of."""
        program, choice = self._manifest.program, self._choice
        versions = self._looker.at(program.versions)
        own = Path(sys.prefix)
        if choice.wheel is None and own.parent == versions:
            return f"{program.versions}/{own.name}", None
        if choice.root != Path("/"):
            there = [each.name for each in versions.iterdir()] if versions.is_dir() else []
            return (f"{program.versions}/{there[0]}", None) if len(there) == 1 else (None, None)
        if choice.wheel is not None:
            if not choice.wheel.is_file() or choice.wheel.suffix != ".whl":
                raise UsageError(f"--wheel {choice.wheel}: give a wheel, as scripts/build makes it")
            version = choice.wheel.name.split("-")[1]
            return f"{program.versions}/{version}", str(choice.wheel.resolve())
        source = checkout()
        if source is None:
            raise UsageError("which program? Give its wheel with --wheel parvis-….whl")
        return f"{program.versions}/{metadata.version('parvis')}", str(source)

    @property
    def _receipt_path(self) -> Path:
        return self._looker.at(f"{self._manifest.program.folder}/{RECEIPT}")

    def _of_other_roles(self, receipt: Receipt) -> frozenset[str]:
        """All that the roles that stay need: paths, units, accounts."""
        needed: set[str] = set()
        for name in receipt.roles:
            role = self._manifest.roles.get(name)
            if role is None or name == self._choice.role:
                continue
            needed |= {*self._overlay.files(role), *role.services, role.user}
            needed |= {folder.path for folder in role.folders}
            if "unit" in role.extras:  # config.txt is a unit's
                needed |= {path for path in receipt.files if path.startswith("/boot/")}
        return frozenset(needed)


def _named(kind: str, known: dict[str, T], name: str) -> T:
    if name not in known:
        raise UsageError(f"--{kind} {name}: known are {', '.join(known)}")
    return known[name]


def _tell(words: str) -> None:
    print(words, flush=True)
