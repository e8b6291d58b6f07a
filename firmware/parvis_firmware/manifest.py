"""What ``manifest.toml`` says, validated: roles, boot fragments, front-ends. Pure."""

import tomllib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_firmware.errors import SourceError

NAME = "manifest.toml"

RoleName = Literal["unit", "hub"]
Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]
Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9@-]+\.(service|timer|path|target)$")]
Account = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Absolute = Annotated[str, Field(pattern=r"^/[^*]*[^*/]$")]


class Part(BaseModel):
    """Of the manifest: what is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Folder(Part):
    """One that must be there before anything starts."""

    path: Absolute
    mode: Annotated[str, Field(pattern=r"^0[0-7]{3}$")]
    owner: Account


class Role(Part):
    """What a machine is: a unit or a hub."""

    title: str
    extras: tuple[str, ...]
    user: Account
    groups: tuple[Account, ...]
    packages: tuple[Package, ...]
    packages_raspberry: tuple[Package, ...]
    services: tuple[Unit, ...]
    services_not_enabled: tuple[Unit, ...]
    services_system: tuple[Unit, ...]
    mask: tuple[Unit, ...]
    settings: Absolute
    files: tuple[str, ...]
    folders: tuple[Folder, ...]


class Board(Part):
    """A Raspberry Pi, and what it asks of the unit's settings."""

    title: str
    settings: dict[str, Any]


class FrontEnd(Part):
    """What a microphone is connected by."""

    title: str
    boards: tuple[str, ...]
    fragments: tuple[str, ...]
    reserved: tuple[str, ...]
    gpio: tuple[int, ...]
    not_with: tuple[str, ...]


class Boot(Part):
    """What config.txt is given."""

    folder: str
    always: tuple[str, ...]
    boards: dict[str, Board]
    frontends: dict[str, FrontEnd]

    @property
    def fragments(self) -> frozenset[str]:
        """Every fragment that is used somewhere."""
        ours = (name for end in self.frontends.values() for name in end.fragments)
        return frozenset((*self.always, *ours))


class Program(Part):
    """Where the program lies on the machine."""

    folder: Absolute
    versions: Absolute
    current: Absolute
    """Leads to the version that runs."""
    good: Absolute
    """Leads to the one that was kept last: what the updater runs from."""


class Manifest(Part):
    """The whole."""

    version: Literal[1] = Field(alias="schema")
    program: Program
    roles: dict[RoleName, Role]
    boot: Boot


def parse(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        SourceError: the first thing that is wrong with it.
    """
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceError(NAME, "the file", f"no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        entry = ".".join(map(str, first["loc"]))
        raise SourceError(NAME, entry, f"{first['msg']} ({first['input']!r})") from error


def takes(role: Role, path: str) -> bool:
    """Whether the role takes this file of the overlay (a path below its root)."""
    return any(means(listed, path) for listed in role.files)


def means(listed: str, path: str) -> bool:
    """Whether one line of a role's ``files`` means this path."""
    if listed.endswith("/**"):
        return path.startswith(listed.removesuffix("**"))
    return listed == path
