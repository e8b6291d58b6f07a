"""Where the manifest and the files of the overlay come from, and which of them a role takes."""

import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from parvis_device.errors import UsageError
from parvis_device.install.manifest import Manifest, Role
from parvis_device.install.steps import Laid

MANIFEST = "manifest.toml"
ROOTFS = "rootfs"
FRAGMENTS = "boot/config.txt.d"
PACKAGED = Path(__file__).parents[2] / "parvis_overlay"
"""Beside the package in an installed program."""
CHECKOUT = Path(__file__).parents[3]
"""Above it in a checkout, where ``firmware/`` is."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A manifest with its files."""

    folder: Path
    manifest: Manifest

    def files(self, role: Role) -> dict[str, Laid]:
        """Absolute path and content of all that the role takes from the overlay.

        Raises:
            UsageError: the manifest names a file that is not there.
        """
        root = self.folder / ROOTFS
        taken: dict[str, Laid] = {}
        for pattern in role.files:
            found = sorted(path for path in _matching(root, pattern) if path.is_file())
            if not found:
                raise UsageError(f"{self.folder / MANIFEST}: nothing in {ROOTFS}/ is {pattern}")
            for path in found:
                runs = path.stat().st_mode & stat.S_IXUSR
                name = "/" + path.relative_to(root).as_posix()
                taken[name] = Laid(path.read_bytes(), 0o755 if runs else 0o644)
        return taken

    def fragments(self, names: tuple[str, ...]) -> dict[str, Laid]:
        """Name and content of these fragments of config.txt.

        Raises:
            UsageError: the manifest names one that is not there.
        """
        folder = self.folder / FRAGMENTS
        for name in names:
            if not (folder / name).is_file():
                raise UsageError(f"{self.folder / MANIFEST}: there is no {FRAGMENTS}/{name}")
        return {name: Laid((folder / name).read_bytes(), None) for name in names}


def _matching(root: Path, pattern: str) -> list[Path]:
    if pattern.endswith("/**"):
        return list((root / pattern.removesuffix("/**")).rglob("*"))
    return list(root.glob(pattern))


def open_overlay(given: Path | None) -> Overlay:
    """The one of this folder; None: that of this program.

    Raises:
        UsageError: there is none.
    """
    own = (PACKAGED, CHECKOUT / "firmware")
    for place in own if given is None else (given, given / "firmware"):
        if (place / MANIFEST).is_file():
            return Overlay(place, read_manifest(place / MANIFEST))
    wanted = "this program has" if given is None else f"--from {given}: it has"
    raise UsageError(f"{wanted} no {MANIFEST}: name the folder firmware/ of Parvis with --from")


def checkout() -> Path | None:
    """The checkout that this program runs from; None: it was installed."""
    return CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else None


def read_manifest(path: Path) -> Manifest:
    """The list in this file.

    Raises:
        UsageError: it is not there, or not whole.
    """
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}, {place}: {first['msg'].lower()}") from error
