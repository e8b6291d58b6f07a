"""From the manifest and what is there to the steps that are missing. Pure.

A file that somebody changed since it was installed stays as it is, at every later installation and
at the end. One that was there before is kept beside ours and comes back at the end. Settings, the
unit's key and what a hub recorded go only when that is asked for.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from parvis_device.errors import UsageError
from parvis_device.install.manifest import Manifest, Role
from parvis_device.install.receipt import Receipt
from parvis_device.install.steps import (
    Disable,
    Enable,
    Join,
    Laid,
    Lead,
    MakeFolder,
    MakeGroup,
    MakeProgram,
    MakeUser,
    Mask,
    Note,
    Packages,
    PinKey,
    PutFile,
    Reload,
    Step,
    TakeAway,
    TakeUser,
    Unmask,
    works,
)
from parvis_device.provisioning.settings_text import with_values

ROOT = "root"
INCLUDE = "include"
COMMANDS = "/usr/local/bin"
HEADING = "# Parvis, by parvis-unit install"


@dataclass(frozen=True, slots=True)
class Present:
    """What a system has, as far as an installation cares."""

    packages: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    memberships: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The accounts that there are, and the groups that each joined."""
    files: Mapping[str, Laid] = field(default_factory=dict)
    """Those of the paths that were asked for that are there."""
    folders: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Mode and owner."""
    links: Mapping[str, str] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    """Folders of versions that are whole."""
    units: Mapping[str, str] = field(default_factory=dict)
    """What systemd says of each; one that is missing is not there."""
    config_txt: str | None = None
    """Path of a Raspberry Pi's config.txt; its content is among the files."""
    pinned: str | None = None
    """The maker's key that is pinned already."""
    live: bool = True
    """The system that runs, not a folder that will be one."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be installed."""

    role: Role
    files: Mapping[str, Laid]
    """Of the overlay, the settings among them."""
    fragments: Mapping[str, Laid] = field(default_factory=dict)
    """Of config.txt, by name; used only where there is one."""
    board_settings: Mapping[str, str | int | bool] = field(default_factory=dict)
    button: Mapping[str, str] = field(default_factory=dict)
    """Settings of the one that acts as keys, on a unit without pins."""
    button_note: str = ""
    """What a person should know of it."""
    update_key: str | None = None
    """Of the maker; None: none was named."""
    sets_button: bool = False
    """It was asked for by name: also in settings that are there already."""
    program: str | None = None
    """Folder of the version to lead to; None: it is not ours to put there."""
    source: str | None = None
    """What to make it of; None: it has to be there."""


def plan_install(manifest: Manifest, wish: Wish, present: Present, receipt: Receipt) -> list[Step]:
    """The steps that are missing; none when all is as it should be."""
    steps = [
        *_packages(wish.role, present),
        *_account(wish.role, present),
        *_folders(wish.role, present),
        *_files(wish, present, receipt),
        *_boot(manifest, wish, present, receipt),
        *_program(manifest, wish, present),
        *_key(wish, present),
        *_units(wish, present),
    ]
    if present.live and works(steps):
        steps.append(Reload())
    return steps


def _packages(role: Role, present: Present) -> Iterator[Step]:
    names = tuple(name for name in role.packages if name not in present.packages)
    further = tuple(name for name in role.packages_raspberry if name not in present.packages)
    if present.live and names:
        yield Packages(names, further)
    elif present.live and further and present.config_txt:
        yield Packages((), further)
    elif names and not present.live:
        yield Note(f"who makes this image puts in: {' '.join(names + further)}")


def _account(role: Role, present: Present) -> Iterator[Step]:
    yield from (MakeGroup(name) for name in role.groups if name not in present.groups)
    if role.user not in present.memberships:
        yield MakeUser(role.user, _home(role))
    joined = present.memberships.get(role.user, frozenset())
    missing = tuple(name for name in role.groups if name not in joined)
    if missing:
        yield Join(role.user, missing)


def _home(role: Role) -> str:
    """The account's home is its state folder."""
    own = [folder.path for folder in role.folders if folder.owner == role.user]
    return own[0] if own else "/nonexistent"


def _folders(role: Role, present: Present) -> Iterator[Step]:
    for folder in role.folders:
        if present.folders.get(folder.path) != (folder.bits, folder.owner):
            is_new = folder.path not in present.folders
            yield MakeFolder(folder.path, folder.bits, folder.owner, is_new)


def _files(wish: Wish, present: Present, receipt: Receipt) -> Iterator[Step]:
    for path, laid in wish.files.items():
        there = present.files.get(path)
        if path == wish.role.settings:
            yield from _settings(path, laid, there, wish)
        elif there is None:
            yield PutFile(path, laid.content, laid.mode)
        elif there != laid:
            yield _over(path, laid, there, receipt)


def _settings(path: str, laid: Laid, there: Laid | None, wish: Wish) -> Iterator[Step]:
    """The host's own, but for what was asked for by name."""
    if there is None:
        content = _for_board(laid.content, {**wish.board_settings, **wish.button})
        yield PutFile(path, content, laid.mode)
        if wish.button_note:
            yield Note(wish.button_note)
    elif wish.sets_button:
        content = with_values(there.content.decode(), wish.button).encode()
        if content != there.content:
            yield PutFile(path, content, there.mode)


def _over(path: str, laid: Laid, there: Laid, receipt: Receipt) -> Step:
    ours = receipt.files.get(path)
    if ours is None:
        foreign = there.content != laid.content
        return PutFile(path, laid.content, laid.mode, keeps_former=foreign)
    if ours.sha256 == digest(there.content) or there.content == laid.content:
        return PutFile(path, laid.content, laid.mode)
    return Note(f"{path} was changed by hand: it stays as it is")


def _for_board(content: bytes, settings: Mapping[str, str | int | bool]) -> bytes:
    lines = [f"{key} = {_toml(value)}\n" for key, value in settings.items()]
    return content + "".join(lines).encode()


def _toml(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _boot(manifest: Manifest, wish: Wish, present: Present, receipt: Receipt) -> Iterator[Step]:
    if present.config_txt is None or not wish.fragments:
        return
    boot, folder = present.config_txt.rpartition("/")[0], manifest.boot.folder
    for name, laid in wish.fragments.items():
        path = f"{boot}/{folder}/{name}"
        there = present.files.get(path)
        if there is None or there.content != laid.content:
            yield PutFile(path, laid.content, None)
    before = present.files[present.config_txt].content.decode("utf-8", "surrogateescape")
    after = with_includes(before, folder, wish.fragments)
    if after != before:
        yield PutFile(present.config_txt, after.encode("utf-8", "surrogateescape"), None)


def with_includes(config: str, folder: str, names: Iterable[str]) -> str:
    """A config.txt with a line for each of these fragments, and for no other of this folder."""
    wanted = [f"{INCLUDE} {folder}/{name}" for name in names]
    lines = config.splitlines()
    if [line.strip() for line in lines if _is_ours(line, folder)] == wanted:
        return config
    kept = list(_without(lines, folder))
    # A filter such as [pi4] further up would hold for what follows it.
    added = [HEADING, "[all]", *wanted] if wanted else []
    return "".join(f"{line}\n" for line in (*kept, *added))


def included(config: str, folder: str) -> list[str]:
    """The names of this folder's fragments that a config.txt includes."""
    start = f"{INCLUDE} {folder}/"
    ours = (line.strip() for line in config.splitlines() if _is_ours(line, folder))
    return [line.removeprefix(start) for line in ours]


def _without(lines: list[str], folder: str) -> Iterator[str]:
    below_heading = False
    for line in lines:
        ours = line == HEADING or _is_ours(line, folder)
        if not ours and not (below_heading and line == "[all]"):
            yield line
        below_heading = line == HEADING


def _is_ours(line: str, folder: str) -> bool:
    return line.strip().startswith(f"{INCLUDE} {folder}/")


def _program(manifest: Manifest, wish: Wish, present: Present) -> Iterator[Step]:
    if wish.program is None:
        if manifest.program.current not in present.links:
            yield Note(f"who makes this image puts the program into {manifest.program.versions}")
        return
    if wish.program not in present.programs and wish.source is not None:
        yield MakeProgram(wish.program, wish.source, wish.role.extras)
    if present.links.get(manifest.program.current) != wish.program:
        yield Lead(manifest.program.current, wish.program)
    for link, target in command_links(manifest, wish.role).items():
        if link in present.files and link not in present.links:
            yield Note(f"{link} is somebody else's: it stays")
        elif present.links.get(link) != target:
            yield Lead(link, target)


def _key(wish: Wish, present: Present) -> Iterator[Step]:
    if wish.update_key in (None, present.pinned):
        return
    if present.pinned is not None:
        words = f"--update-key: another, {present.pinned}, is pinned here: `update pin --replace`"
        raise UsageError(f"{words} puts a new one in its place; nothing was changed")
    yield PinKey(wish.update_key or "")


def command_links(manifest: Manifest, role: Role) -> dict[str, str]:
    """Where a person finds the program: in every PATH, sudo's too."""
    names = ("parvis-unit", "parvis") if "hub" in role.extras else ("parvis-unit",)
    return {f"{COMMANDS}/{name}": f"{manifest.program.current}/bin/{name}" for name in names}


def _units(wish: Wish, present: Present) -> Iterator[Step]:
    masked = tuple(name for name in wish.role.mask if present.units.get(name) != "masked")
    if masked:
        yield Mask(masked)
    of_the_system = []
    for name in wish.role.services_system:
        if not present.live and name not in present.units:
            yield Note(f"{name} is not there yet: it comes enabled with its package")
        elif present.units.get(name) not in ("enabled", "static", "alias", "indirect"):
            of_the_system.append(name)
    if of_the_system:
        yield Enable(tuple(of_the_system), are_ours=False)
    ours = tuple(name for name in wish.role.services if present.units.get(name) != "enabled")
    if ours:
        yield Enable(ours)


def plan_uninstall(
    manifest: Manifest,
    role: Role,
    present: Present,
    receipt: Receipt,
    others: frozenset[str],
    *,
    purge: bool,
) -> list[Step]:
    """The steps back.

    Args:
        manifest: says where the program lies.
        role: what is taken away.
        present: what is there.
        receipt: what its installation did.
        others: paths, units and accounts that another installed role needs.
        purge: settings, key, recordings and account, too.
    """
    steps: list[Step] = []
    enabled = tuple(name for name in receipt.enabled if name not in others)
    if enabled:
        steps.append(Disable(enabled))
    if receipt.masked and not others:
        steps.append(Unmask(receipt.masked))
    steps += _files_back(role, present, receipt, others, purge=purge)
    steps += _boot_back(manifest, present, receipt, others)
    if not others:
        steps += [TakeAway(path) for path in receipt.links if path in present.links]
        steps += [TakeAway(path) for path in receipt.programs if path in present.programs]
    steps += _folders_back(role, present, receipt, others, purge=purge)
    if purge and role.user in receipt.users and role.user in present.memberships:
        steps.append(TakeUser(role.user))
    if present.live and works(steps):
        steps.append(Reload())
    return steps


def _files_back(
    role: Role, present: Present, receipt: Receipt, others: frozenset[str], *, purge: bool
) -> Iterator[Step]:
    for path, put in receipt.files.items():
        there = present.files.get(path)
        if there is None or path in others:
            continue
        if path == role.settings:
            if purge:
                yield TakeAway(path)
            else:
                yield Note(f"{path} stays: --purge takes it away, too")
        elif digest(there.content) != put.sha256:
            yield Note(f"{path} was changed by hand: it stays as it is")
        else:
            yield TakeAway(path, restores=put.keeps_former)


def _boot_back(
    manifest: Manifest, present: Present, receipt: Receipt, others: frozenset[str]
) -> Iterator[Step]:
    boot = (present.config_txt or "").rpartition("/")[0]
    start = f"{boot}/{manifest.boot.folder}/"
    fragments = {path for path in receipt.files if path.startswith(start)}
    if present.config_txt is None or not fragments - others:
        return
    before = present.files[present.config_txt].content.decode("utf-8", "surrogateescape")
    after = with_includes(before, manifest.boot.folder, ())
    if after != before:
        yield PutFile(present.config_txt, after.encode("utf-8", "surrogateescape"), None)
        yield TakeAway(start.rstrip("/"), only_empty=True)


def _folders_back(
    role: Role, present: Present, receipt: Receipt, others: frozenset[str], *, purge: bool
) -> Iterator[Step]:
    owned = {folder.path for folder in role.folders if folder.owner != ROOT}
    kept = None if purge else role.settings.rpartition("/")[0]
    for path in sorted(receipt.folders, reverse=True):
        if path not in present.folders or path in others:
            continue
        if path not in owned:
            if path != kept or role.settings not in present.files:
                yield TakeAway(path, only_empty=True)
        elif purge:
            yield TakeAway(path)
        else:
            yield Note(f"{path} stays, with what is in it: --purge takes it away, too")


def digest(content: bytes) -> str:
    """What a file is known by."""
    return hashlib.sha256(content).hexdigest()
