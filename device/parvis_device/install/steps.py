"""What an installation can do, each as one value that says itself in one line. Pure."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Laid:
    """A file as it is, or is to be."""

    content: bytes
    mode: int | None
    """None: the file system knows no modes (FAT)."""


class Step(Protocol):
    """Something to do."""

    @property
    def line(self) -> str:
        """What it does, for a person."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Let apt install these."""

    names: tuple[str, ...]
    where_known: tuple[str, ...] = ()
    """Only where apt knows them."""

    @property
    def line(self) -> str:
        """What it does."""
        return f"install {', '.join(self.names + self.where_known)} with apt"


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """A system group."""

    name: str

    @property
    def line(self) -> str:
        """What it does."""
        return f"make the group {self.name}"


@dataclass(frozen=True, slots=True)
class MakeUser:
    """A system account that nobody can log in to."""

    name: str
    home: str

    @property
    def line(self) -> str:
        """What it does."""
        return f"make the account {self.name}"


@dataclass(frozen=True, slots=True)
class Join:
    """An account joins groups."""

    user: str
    groups: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it does."""
        return f"let {self.user} join {', '.join(self.groups)}"


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder with its owner and mode."""

    path: str
    mode: int
    owner: str
    is_new: bool

    @property
    def line(self) -> str:
        """What it does."""
        verb = "make" if self.is_new else "set"
        return f"{verb} {self.path} (mode {self.mode:04o}, of {self.owner})"


@dataclass(frozen=True, slots=True)
class PutFile:
    """A file with its content."""

    path: str
    content: bytes = field(repr=False)
    mode: int | None
    keeps_former: bool = False
    """What is there is somebody else's: it stays beside, under another name."""

    @property
    def line(self) -> str:
        """What it does."""
        kept = f", and keep what is there as {former(self.path)}" if self.keeps_former else ""
        return f"write {self.path}{kept}"


@dataclass(frozen=True, slots=True)
class MakeProgram:
    """A virtual environment with the program in it."""

    folder: str
    source: str
    extras: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it does."""
        return f"put the program of {self.source} into {self.folder}"


@dataclass(frozen=True, slots=True)
class Lead:
    """A link that leads to the program."""

    link: str
    target: str

    @property
    def line(self) -> str:
        """What it does."""
        return f"let {self.link} lead to {self.target}"


@dataclass(frozen=True, slots=True)
class PinKey:
    """Updates are taken from whoever has this key."""

    key: str

    @property
    def line(self) -> str:
        """What it does."""
        return f"pin the maker's key {self.key}: updates are taken from whoever has it"


@dataclass(frozen=True, slots=True)
class Enable:
    """Units that start with the machine."""

    units: tuple[str, ...]
    are_ours: bool = True
    """Those of the system stay enabled when Parvis goes: the network hangs on them."""

    @property
    def line(self) -> str:
        """What it does."""
        return f"enable {', '.join(self.units)}"


@dataclass(frozen=True, slots=True)
class Mask:
    """Units that would be in the way."""

    units: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it does."""
        return f"mask {', '.join(self.units)}"


@dataclass(frozen=True, slots=True)
class Reload:
    """What runs takes notice of new units and rules."""

    @property
    def line(self) -> str:
        """What it does."""
        return "let systemd and udev read their files anew"


@dataclass(frozen=True, slots=True)
class Disable:
    """Units end, and do not start any more."""

    units: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it does."""
        return f"end and disable {', '.join(self.units)}"


@dataclass(frozen=True, slots=True)
class Unmask:
    """Units may start again."""

    units: tuple[str, ...]

    @property
    def line(self) -> str:
        """What it does."""
        return f"unmask {', '.join(self.units)}"


@dataclass(frozen=True, slots=True)
class TakeAway:
    """A file, a link or a whole folder goes; ``restores``: what was there before comes back."""

    path: str
    restores: bool = False
    only_empty: bool = False

    @property
    def line(self) -> str:
        """What it does."""
        if self.only_empty:
            return f"take {self.path} away, if it is empty"
        back = f", and put {former(self.path)} back" if self.restores else ""
        return f"take {self.path} away{back}"


@dataclass(frozen=True, slots=True)
class TakeUser:
    """An account goes."""

    name: str

    @property
    def line(self) -> str:
        """What it does."""
        return f"take the account {self.name} away"


@dataclass(frozen=True, slots=True)
class Note:
    """Nothing is done, and somebody should know."""

    words: str

    @property
    def line(self) -> str:
        """What it says."""
        return self.words


def former(path: str) -> str:
    """The name under which somebody else's file is kept: no program reads files that end so."""
    return f"{path}.before-parvis"


def works(steps: list[Step]) -> bool:
    """Whether anything is to be done."""
    return any(not isinstance(step, Note) for step in steps)
