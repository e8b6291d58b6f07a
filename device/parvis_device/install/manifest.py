"""The one list of what a role needs: ``firmware/manifest.toml``. Pure.

Other tools read the same file for more than is wanted here, so what is not named here is let pass;
the checks of ``firmware/`` refuse unknown words.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Place = Annotated[str, Field(pattern=r"^/.")]
_Below = Annotated[str, Field(pattern=r"^[^/]")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Folder(_Part):
    """Made before anything starts."""

    path: _Place
    mode: Annotated[str, Field(pattern=r"^0[0-7]{3}$")]
    owner: str

    @property
    def bits(self) -> int:
        """The mode as a number."""
        return int(self.mode, 8)


class Role(_Part):
    """A unit or a hub."""

    title: str
    extras: tuple[str, ...]
    user: str
    groups: tuple[str, ...]
    packages: tuple[str, ...]
    packages_raspberry: tuple[str, ...] = ()
    """Of Raspberry Pi OS alone."""
    services: tuple[str, ...]
    services_system: tuple[str, ...] = ()
    """Those that come with a package."""
    mask: tuple[str, ...] = ()
    settings: _Place
    """Copied only where none is there yet."""
    files: tuple[_Below, ...]
    folders: tuple[Folder, ...]


class Program(_Part):
    """Where the program lies."""

    folder: _Place
    versions: _Place
    current: _Place


class Board(_Part):
    """A Raspberry Pi."""

    title: str
    settings: dict[str, str | int | bool] = {}
    """What it asks for in the settings."""


class Frontend(_Part):
    """How the microphone is connected."""

    title: str
    boards: tuple[str, ...]
    fragments: tuple[str, ...] = ()


class Boot(_Part):
    """What goes into a Raspberry Pi's config.txt."""

    folder: _Below
    always: tuple[str, ...]
    boards: dict[str, Board]
    frontends: dict[str, Frontend]


class Manifest(_Part):
    """The whole list."""

    program: Program
    roles: dict[str, Role]
    boot: Boot
