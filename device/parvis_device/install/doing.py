"""Does the steps of a plan, one after the other, and keeps the receipt after each."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from parvis_device.errors import UnitError
from parvis_device.install import steps as s
from parvis_device.install.look import number_of
from parvis_device.install.plan import ROOT, digest
from parvis_device.install.receipt import PutDown, Receipt
from parvis_device.update.command import pin_key
from parvis_device.update.disk import Disk
from parvis_device.update.places import USUAL_PREFIX, Places

PREFIX = str(USUAL_PREFIX)
NO_SHELL = "/usr/sbin/nologin"
_FILE_MODE = 0o644
BOOTED = Path("/run/systemd/system")
"""There where systemd runs (sd_booted(3))."""


class InstallFailed(UnitError):
    """A step could not be done; those before it are."""


class Doer:
    """On one system."""

    def __init__(self, root: Path, receipt: Receipt, receipt_path: Path, disk: Disk) -> None:
        """``receipt``: what was done by earlier installations."""
        self._root = root
        self._live = root == Path("/")
        self._disk = disk
        self._path = receipt_path
        self.receipt = receipt
        self._verbs: Mapping[type, Callable[..., None]] = {
            s.Packages: self._packages,
            s.MakeGroup: self._make_group,
            s.MakeUser: self._make_user,
            s.Join: self._join,
            s.MakeFolder: self._make_folder,
            s.PutFile: self._put_file,
            s.MakeProgram: self._make_program,
            s.Lead: self._lead,
            s.PinKey: self._pin,
            s.Enable: self._enable,
            s.Mask: self._mask,
            s.Reload: self._reload,
            s.Disable: self._disable,
            s.Unmask: self._unmask,
            s.TakeAway: self._take_away,
            s.TakeUser: self._take_user,
            s.Note: lambda note: None,
        }

    def ends(self, role: str, *, is_whole: bool) -> None:
        """All steps are done: the role is there, or gone.

        Raises:
            OSError: the disk cannot be written.
        """
        roles = self.receipt.roles
        self.receipt.roles = _with(roles, (role,)) if is_whole else _without(roles, (role,))
        write_receipt(self._path, self.receipt, self._disk)

    def do(self, step: s.Step) -> None:
        """Do it, and keep that it was done.

        Raises:
            InstallFailed: it cannot be done; names the step and what the system said.
        """
        before = self.receipt.model_copy(deep=True)
        try:
            self._verbs[type(step)](step)
            if self.receipt != before:
                write_receipt(self._path, self.receipt, self._disk)
        except OSError as error:
            why = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
            raise InstallFailed(f"could not {step.line} ({why})") from error
        except subprocess.CalledProcessError as error:
            said = [line for line in (error.stderr or "").splitlines() if line.strip()]
            why = said[-1].strip() if said else f"exit code {error.returncode}"
            raise InstallFailed(f"could not {step.line} ({error.cmd[0]}: {why})") from error

    @property
    def _runs_systemd(self) -> bool:
        return self._live and BOOTED.is_dir()

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _run(self, *command: str, **environment: str) -> str:
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", **environment},
        )
        return done.stdout

    def _accounts(self, *command: str) -> None:
        """A command of shadow-utils, for this root."""
        name, *arguments = command
        where = [] if self._live else ["--prefix", str(self._root)]
        self._run(name, *where, *arguments)

    def _systemctl(self, *arguments: str) -> None:
        where = [] if self._live else [f"--root={self._root}"]
        self._run("systemctl", *where, *arguments)

    def _packages(self, step: s.Packages) -> None:
        apt = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
        self._run(*apt, "update")
        known = [name for name in step.where_known if self._is_known(name)]
        names = [*step.names, *known]
        if names:
            options = ("install", "--yes", "--no-install-recommends", "--no-remove")
            self._run(*apt, *options, *names, DEBIAN_FRONTEND="noninteractive")

    def _is_known(self, package: str) -> bool:
        return bool(self._run("apt-cache", "--quiet=2", "pkgnames", package).split())

    def _make_group(self, step: s.MakeGroup) -> None:
        self._accounts("groupadd", "--system", step.name)

    def _make_user(self, step: s.MakeUser) -> None:
        options = ("--system", "--user-group", "--no-create-home", "--shell", NO_SHELL)
        self._accounts("useradd", *options, "--home-dir", step.home, step.name)
        self.receipt.users = _with(self.receipt.users, (step.name,))

    def _join(self, step: s.Join) -> None:
        self._accounts("usermod", "--append", "--groups", ",".join(step.groups), step.user)

    def _make_folder(self, step: s.MakeFolder) -> None:
        place = self._at(step.path)
        place.mkdir(parents=True, exist_ok=True)
        self._own(place, step.owner)
        place.chmod(step.mode)
        if step.is_new:
            self.receipt.folders = _with(self.receipt.folders, (step.path,))

    def _own(self, place: Path, owner: str) -> None:
        """Somebody who is not root makes a folder that will be a system: all of it is theirs."""
        if os.geteuid() == 0:
            os.chown(place, *((0, 0) if owner == ROOT else number_of(self._root, owner)))

    def _put_file(self, step: s.PutFile) -> None:
        place = self._at(step.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if step.keeps_former:
            shutil.copy2(place, self._at(s.former(step.path)))
        self._disk.write(place, step.content, _FILE_MODE if step.mode is None else step.mode)
        if not step.path.endswith("/config.txt"):  # the system's own: its lines are taken back
            kept = self.receipt.files.get(step.path)
            former = step.keeps_former or (kept is not None and kept.keeps_former)
            put = PutDown(sha256=digest(step.content), keeps_former=former)
            self.receipt.files = {**self.receipt.files, step.path: put}

    def _make_program(self, step: s.MakeProgram) -> None:
        folder = self._at(step.folder)
        self._run(
            "/usr/bin/python3", "-m", "venv", "--clear", "--system-site-packages", str(folder)
        )
        source = f"{step.source}[{','.join(step.extras)}]"
        constraints = Path(step.source) / "constraints.txt"
        held = ["--constraint", str(constraints)] if constraints.is_file() else []
        pip = (str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--no-input")
        self._run(*pip, "--disable-pip-version-check", *held, source)
        self._disk.sync_all()  # pip does not wait for the card, and a program that is there stays
        self.receipt.programs = _with(self.receipt.programs, (step.folder,))

    def _lead(self, step: s.Lead) -> None:
        link = self._at(step.link)
        link.parent.mkdir(parents=True, exist_ok=True)
        self._disk.link(link, step.target)
        self.receipt.links = _with(self.receipt.links, (step.link,))

    def _pin(self, step: s.PinKey) -> None:
        pin_key(Places(self._at(PREFIX)), step.key, replace=False)

    def _enable(self, step: s.Enable) -> None:
        self._systemctl("enable", *step.units)
        if step.are_ours:
            self.receipt.enabled = _with(self.receipt.enabled, step.units)

    def _mask(self, step: s.Mask) -> None:
        self._systemctl("mask", *step.units)
        self.receipt.masked = _with(self.receipt.masked, step.units)

    def _reload(self, step: s.Reload) -> None:
        if not self._runs_systemd:  # a container, or an image that is being made
            return
        self._run("systemctl", "daemon-reload")
        if shutil.which("udevadm"):
            self._run("udevadm", "control", "--reload")

    def _disable(self, step: s.Disable) -> None:
        self._systemctl("disable", *(["--now"] if self._runs_systemd else []), *step.units)
        self.receipt.enabled = _without(self.receipt.enabled, step.units)

    def _unmask(self, step: s.Unmask) -> None:
        self._systemctl("unmask", *step.units)
        self.receipt.masked = _without(self.receipt.masked, step.units)

    def _take_away(self, step: s.TakeAway) -> None:
        place = self._at(step.path)
        if step.only_empty:
            if place.is_dir():
                if any(place.iterdir()):
                    return
                place.rmdir()
        else:
            self._disk.remove(place)
        if step.restores:
            self._at(s.former(step.path)).replace(place)
        self._forget(step.path)

    def _forget(self, path: str) -> None:
        receipt = self.receipt
        receipt.files = {name: put for name, put in receipt.files.items() if name != path}
        receipt.folders = _without(receipt.folders, (path,))
        receipt.links = _without(receipt.links, (path,))
        receipt.programs = _without(receipt.programs, (path,))

    def _take_user(self, step: s.TakeUser) -> None:
        self._accounts("userdel", step.name)
        groups = self._at("/etc/group").read_text(encoding="utf-8", errors="replace")
        if f"\n{step.name}:" in groups:  # userdel takes it along where login.defs says so
            self._accounts("groupdel", step.name)
        self.receipt.users = _without(self.receipt.users, (step.name,))


def _with(known: tuple[str, ...], further: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *further)))


def _without(known: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in known if name not in gone)


def write_receipt(path: Path, receipt: Receipt, disk: Disk) -> None:
    """Keep it, whole; an empty one leaves neither file nor folder.

    Raises:
        OSError: the disk cannot be written.
    """
    if receipt.is_empty:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something else lies there
            path.parent.rmdir()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write(path, receipt.model_dump_json(indent=1).encode() + b"\n")
