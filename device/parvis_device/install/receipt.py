"""What an installation did, kept beside the program: only by it can it be undone. Pure."""

from pydantic import BaseModel, ConfigDict, Field


class PutDown(BaseModel):
    """A file that was put in its place."""

    model_config = ConfigDict(extra="forbid")

    sha256: str
    keeps_former: bool = False


class Receipt(BaseModel):
    """Of one system, with all its roles: they share files."""

    model_config = ConfigDict(extra="forbid")

    roles: tuple[str, ...] = ()
    """Those that are whole."""
    files: dict[str, PutDown] = Field(default_factory=dict)
    folders: tuple[str, ...] = ()
    """Those that were not there."""
    users: tuple[str, ...] = ()
    """Those that were made."""
    enabled: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing was installed."""
        return self == Receipt()
