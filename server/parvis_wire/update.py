"""How a unit's program is replaced by a newer one: messages between a unit and its hub.

A unit says in its traits which program it runs. A hub that has a bundle for it says so with
``update_offer``, again at each connection and when another bundle is laid there; the unit fetches
it over HTTP, looks at its signature (``bundle``), installs it when the hub is quiet, and says with
``update_report`` how far it is. The hub only carries bundles: units trust whoever signs.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from parvis_wire.base import Wire
from parvis_wire.bundle import MAX_BUNDLE_BYTES, Digest, Version

Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]


class UpdateStep(StrEnum):
    """How far an update has come."""

    FETCHING = "fetching"
    CHECKING = "checking"
    """Signature, digests, architecture, room on the card; unpacked beside what runs."""
    WAITING = "waiting"
    """Ready: it is installed when no room is in use."""
    INSTALLING = "installing"
    TRYING = "trying"
    """It runs, and is kept once sound flows and the hub is reached."""
    DONE = "done"
    UNDONE = "undone"
    """It was tried and taken back: the version before runs."""
    REFUSED = "refused"
    """It was not tried at all."""


class UpdateFault(StrEnum):
    """Why an update was refused or taken back."""

    TAMPERED = "tampered"
    """The signature is not the pinned key's, or a file is not the one that was signed."""
    UNREADABLE = "unreadable"
    """It is no bundle, or one of a later kind."""
    CUT_OFF = "cut_off"
    """It ends too soon."""
    OTHER_MACHINE = "other_machine"
    """It is for another architecture or another Python."""
    TOO_OLD = "too_old"
    """It lies below the floor: a version that must not come back."""
    SUPPORT_ENDED = "support_ended"
    """Nobody mends this version any more."""
    CARD_FULL = "card_full"
    NO_KEY = "no_key"
    """The unit has no key of a maker: it takes no updates."""
    DOES_NOT_START = "does_not_start"
    """Its program does not run on this unit."""
    SILENT = "silent"
    """It ran, and no sound flowed or no hub was reached in time."""
    CUT_SHORT = "cut_short"
    """The unit lost its power again and again while it was tried."""
    DISK = "disk"
    """The card could not be written."""


class UpdateState(Wire):
    """An update on one unit."""

    step: UpdateStep
    version: Version
    percent: int | None = Field(default=None, ge=0, le=100)
    """Of the way, while it is fetched."""
    fault: UpdateFault | None = None
    """With ``undone`` and ``refused``."""


class UnitSoftware(Wire):
    """In the traits of a unit: the program that it runs."""

    version: str = Field(min_length=1, max_length=40)
    machine: Tag
    """Architecture, such as aarch64."""
    python: Tag
    """Tag of its Python, such as cpython-313."""
    takes_updates: bool = False
    """It is looked after by an updater that has a maker's key."""
    update: UpdateState | None = None
    """What it does now, or the last thing that it did."""


class UpdateOffer(Wire):
    """To a unit: the hub has this bundle for it, also where the unit runs that version already."""

    type: Literal["update_offer"] = "update_offer"
    version: Version
    size_bytes: int = Field(gt=0, le=MAX_BUNDLE_BYTES)
    sha256: Digest
    """Of the whole bundle."""
    path: str = Field(pattern=r"^/update/[A-Za-z0-9_.-]{1,200}$")
    """Where this unit, and nobody else, gets it on this hub."""


class UpdateReport(Wire):
    """A unit that was offered a bundle says how far it is."""

    type: Literal["update_report"] = "update_report"
    update: UpdateState
