"""What the light shows of an update. Pure."""

from enum import StrEnum

from parvis_wire.update import UpdateState, UpdateStep


class UpdateShown(StrEnum):
    """Of the program's update."""

    NOTHING = "nothing"
    COMING = "coming"
    """It is fetched and looked at: whatever else there is to say comes first."""
    INSTALLING = "installing"
    """The unit is started anew, and proves itself: do not unplug it."""
    KEPT = "kept"
    UNDONE = "undone"


_SHOWN = {
    UpdateStep.FETCHING: UpdateShown.COMING,
    UpdateStep.CHECKING: UpdateShown.COMING,
    UpdateStep.WAITING: UpdateShown.NOTHING,
    UpdateStep.INSTALLING: UpdateShown.INSTALLING,
    UpdateStep.TRYING: UpdateShown.INSTALLING,
    UpdateStep.DONE: UpdateShown.KEPT,
    UpdateStep.UNDONE: UpdateShown.UNDONE,
    UpdateStep.REFUSED: UpdateShown.UNDONE,
}

RESULT_NS = 10_000_000_000
"""How long a result is shown: long enough to be seen by whoever waited for it."""


def shown_of(update: UpdateState | None, since_ns: int | None, now_ns: int) -> UpdateShown:
    """What to show of an update that is so since ``since_ns``; None: since before the start."""
    if update is None:
        return UpdateShown.NOTHING
    shown = _SHOWN[update.step]
    is_result = shown in (UpdateShown.KEPT, UpdateShown.UNDONE)
    if is_result and (since_ns is None or now_ns - since_ns > RESULT_NS):
        return UpdateShown.NOTHING
    return shown
