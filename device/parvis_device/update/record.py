"""How far the update is, as it lies on the card: one small file, written whole or not at all."""

import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parvis_device.update.errors import UpdaterTrouble
from parvis_device.update.lifecycle import State
from parvis_wire.bundle import Digest, Version
from parvis_wire.pairing import KeyText
from parvis_wire.update import UpdateState, UpdateStep

MAX_RECORD_BYTES = 20_000

_STEPS = {
    State.CHECKING: UpdateStep.CHECKING,
    State.STAGED: UpdateStep.WAITING,
    State.SWITCHING: UpdateStep.INSTALLING,
    State.TRIAL: UpdateStep.TRYING,
    State.COMMITTING: UpdateStep.TRYING,
    State.ROLLING_BACK: UpdateStep.INSTALLING,
}


class Record(BaseModel):
    """Everything that a power cut must not take."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: State = State.IDLE
    key: KeyText | None = None
    """Whose signature counts: the maker's public key."""
    floor: Version = "0.0"
    """The lowest version that may come."""
    built: datetime.date | None = None
    """When the program was built that was kept last: no clock before it is right."""
    folder: str | None = None
    """Of the program that is checked, waits or is tried."""
    before: str | None = None
    """Of the one that ran before it."""
    version: Version | None = None
    sha256: Digest | None = None
    """Of its bundle."""
    checked_by: KeyText | None = None
    """The key that vouched for it."""
    all_stay: bool = False
    """The links led nowhere once, and no program was kept since: none is removed."""
    starts: int = Field(default=0, ge=0)
    """Of the updater, since it is tried."""
    fault: UpdateState | None = None
    """What the trial ends with, once it is being undone."""
    last: UpdateState | None = None
    """How the last one ended."""
    last_sha256: Digest | None = None

    @property
    def shown(self) -> UpdateState | None:
        """What the hub and the light are told."""
        step = _STEPS.get(self.state)
        if step is None or self.version is None:
            return self.last
        return UpdateState(step=step, version=self.version)

    def written(self) -> bytes:
        """For the card."""
        return self.model_dump_json(indent=1).encode() + b"\n"


def read_record(content: bytes | None) -> Record:
    """What is on the card; None: nothing yet.

    Raises:
        UpdaterTrouble: it is damaged.
    """
    if content is None:
        return Record()
    try:
        return Record.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UpdaterTrouble(
            f"update.json is damaged ({where}: {first['msg']}): pin the maker's key again with "
            "`parvis-unit update pin --replace`"
        ) from error
