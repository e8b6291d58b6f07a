"""Sees what a system has: nothing is changed, and nothing outside its root is read."""

import grp
import os
import pwd
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from parvis_device.errors import UsageError
from parvis_device.install.manifest import Manifest, Role
from parvis_device.install.plan import ROOT, Present, command_links
from parvis_device.install.receipt import Receipt
from parvis_device.install.steps import Laid
from parvis_device.update.disk import read_some
from parvis_device.update.errors import UpdaterTrouble
from parvis_device.update.places import Places
from parvis_device.update.record import MAX_RECORD_BYTES, read_record

CONFIG_TXT = ("/boot/firmware/config.txt", "/boot/config.txt")
"""On Raspberry Pi OS since Bookworm, and before."""
MODEL = Path("/proc/device-tree/model")
MODELS = {
    "Raspberry Pi 4": "pi4",
    "Raspberry Pi 5": "pi5",
    "Raspberry Pi Zero 2": "zero2w",
}
_INSTALLED = "Status: install ok installed"


def refuse_other_systems(root: Path) -> None:
    """Only Debian and what is made of it: names of packages and places are theirs.

    Raises:
        UsageError: it is another one.
    """
    facts: dict[str, str] = {}
    for name in ("etc/os-release", "usr/lib/os-release"):
        try:
            lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        facts = {
            key: value.strip("\"'") for key, _, value in (line.partition("=") for line in lines)
        }
        break
    kin = [facts.get("ID", ""), *facts.get("ID_LIKE", "").split()]
    if "debian" not in kin and "raspbian" not in kin:
        name = facts.get("PRETTY_NAME") or facts.get("ID") or "no system"
        where = "this" if root == Path("/") else str(root)
        raise UsageError(
            f"{where} is {name}: parvis-unit install knows Debian, Ubuntu and Raspberry Pi OS"
        )


def board(root: Path, model: Path = MODEL) -> str | None:
    """Which Raspberry Pi this is; None: none, or a folder that will run elsewhere."""
    if root != Path("/"):
        return None
    try:
        words = model.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return next((name for start, name in MODELS.items() if words.startswith(start)), None)


class Looker:
    """At one system."""

    def __init__(self, root: Path) -> None:
        """``root``: ``/``, or the folder that will be one."""
        self._root = root
        self._live = root == Path("/")

    def at(self, path: str) -> Path:
        """Where an absolute path of the system is."""
        return self._root / path.lstrip("/")

    def present(
        self, manifest: Manifest, role: Role, paths: Iterable[str], receipt: Receipt
    ) -> Present:
        """What it has of all that an installation could touch."""
        config = self._config_txt()
        wanted = {*paths, *receipt.files, *((config,) if config else ())}
        if config is not None:
            boot = config.rpartition("/")[0]
            wanted |= {
                f"{boot}/{manifest.boot.folder}/{name}" for name in self._fragments(manifest)
            }
        owners = {folder.path: folder.owner for folder in role.folders}
        folders = owners.keys() | set(receipt.folders)
        commands = command_links(manifest, role)
        wanted |= commands.keys()
        links = {manifest.program.current, *commands, *receipt.links}
        return Present(
            packages=frozenset(self._packages()),
            groups=frozenset(self._table("etc/group")),
            memberships=self._memberships(role.user),
            files={path: laid for path in wanted if (laid := self._file(path)) is not None},
            folders={
                path: seen
                for path in folders
                if (seen := self._folder(path, owners.get(path))) is not None
            },
            links={
                path: str(os.readlink(at)) for path in links if (at := self.at(path)).is_symlink()
            },
            programs=frozenset(self._programs(manifest)),
            units=self._units((*role.services, *role.services_system, *role.mask)),
            config_txt=config,
            pinned=self._pinned(manifest),
            live=self._live,
        )

    def _pinned(self, manifest: Manifest) -> str | None:
        record = Places(self.at(manifest.program.folder)).record
        try:
            return read_record(read_some(record, MAX_RECORD_BYTES)).key
        except UpdaterTrouble:
            return None  # pinning tells what is wrong with it

    def config_text(self) -> str:
        """A Raspberry Pi's config.txt; empty where there is none."""
        path = self._config_txt()
        laid = None if path is None else self._file(path)
        return "" if laid is None else laid.content.decode("utf-8", "surrogateescape")

    def _config_txt(self) -> str | None:
        return next((path for path in CONFIG_TXT if self.at(path).is_file()), None)

    def _fragments(self, manifest: Manifest) -> set[str]:
        boot = manifest.boot
        return {*boot.always, *(name for one in boot.frontends.values() for name in one.fragments)}

    def _packages(self) -> Iterable[str]:
        try:
            status = self.at("/var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        for entry in status.split("\n\n"):
            if _INSTALLED in entry:
                yield entry.partition("Package: ")[2].partition("\n")[0]

    def _table(self, name: str) -> dict[str, list[str]]:
        """Of passwd or group: the first field, and all of them."""
        try:
            lines = self.at(name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        return {line.partition(":")[0]: line.split(":") for line in lines if ":" in line}

    def _memberships(self, user: str) -> dict[str, frozenset[str]]:
        if user not in self._table("etc/passwd"):
            return {}
        groups = self._table("etc/group").items()
        return {user: frozenset(name for name, part in groups if user in part[-1].split(","))}

    def _file(self, path: str) -> Laid | None:
        place = self.at(path)
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
            return Laid(place.read_bytes(), mode)
        except FileNotFoundError:
            return None
        except OSError:
            return Laid(b"", None)  # it is there, and not ours to read: it counts as changed

    def _folder(self, path: str, owner: str | None) -> tuple[int, str] | None:
        try:
            seen = self.at(path).stat()
        except OSError:
            return None
        # Who is not root can give nothing away: whoever packs the image knows the owners.
        may_own = self._live or os.geteuid() == 0
        return stat.S_IMODE(seen.st_mode), (may_own and self._owner(seen.st_uid)) or owner or ROOT

    def _owner(self, number: int) -> str:
        for name, part in self._table("etc/passwd").items():
            if len(part) > 2 and part[2] == str(number):
                return name
        return str(number)

    def _programs(self, manifest: Manifest) -> Iterable[str]:
        versions = self.at(manifest.program.versions)
        for folder in versions.iterdir() if versions.is_dir() else ():
            if any((folder / "bin" / name).is_file() for name in ("parvis-unit", "parvis")):
                yield f"{manifest.program.versions}/{folder.name}"

    def _units(self, names: tuple[str, ...]) -> dict[str, str]:
        """What systemd says of each; the same tool for what runs and for what will."""
        where = [] if self._live else [f"--root={self._root}"]
        said: dict[str, str] = {}
        for name in names:
            try:
                asked = subprocess.run(
                    ["systemctl", *where, "is-enabled", name],
                    capture_output=True,
                    text=True,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            except OSError as error:
                raise UsageError("systemctl is missing: Parvis is started by systemd") from error
            word = asked.stdout.strip()
            if word and word != "not-found":
                said[name] = word
        return said


def number_of(root: Path, user: str) -> tuple[int, int]:
    """The account's number and its group's, by the system's own tables.

    Raises:
        UsageError: there is no such account.
    """
    if root == Path("/"):
        try:
            known = pwd.getpwnam(user)
            return known.pw_uid, grp.getgrgid(known.pw_gid).gr_gid
        except KeyError as error:
            raise UsageError(f"there is no account {user}") from error
    for line in (root / "etc/passwd").read_text(encoding="utf-8").splitlines():
        name, _, uid, gid, *_ = [*line.split(":"), "", "", ""]
        if name == user and uid.isdecimal() and gid.isdecimal():
            return int(uid), int(gid)
    raise UsageError(f"there is no account {user} in {root}")


def read_receipt(path: Path) -> Receipt:
    """What was done; an empty one where nothing was.

    Raises:
        UsageError: it is damaged.
    """
    try:
        return Receipt.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Receipt()
    except (OSError, ValidationError) as error:
        raise UsageError(f"{path} cannot be read: what was installed is not known") from error
