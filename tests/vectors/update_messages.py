"""The messages of a unit's update, for ``make_messages``."""

from collections.abc import Sequence

from parvis_wire.base import Wire
from parvis_wire.messages import Join, Role
from parvis_wire.stage import UnitTraits
from parvis_wire.update import (
    UnitSoftware,
    UpdateFault,
    UpdateOffer,
    UpdateReport,
    UpdateState,
    UpdateStep,
)


def of_an_update() -> Sequence[Wire]:
    """What a unit says of its program."""
    undone = UpdateState(step=UpdateStep.UNDONE, version="1.3.0", fault=UpdateFault.SILENT)
    software = UnitSoftware(
        version="1.2.0",
        machine="aarch64",
        python="cpython-313",
        takes_updates=True,
        update=undone,
    )
    return [
        Join(version=1, role=Role.UNIT, unit=UnitTraits(software=software)),
        UpdateReport(
            update=UpdateState(step=UpdateStep.FETCHING, version="1.3.0", percent=62),
        ),
    ]


def told_of_an_update() -> Wire:
    """What the hub says of one."""
    return UpdateOffer(
        version="1.3.0", size_bytes=60_000_000, sha256="0f" * 32, path="/update/abc.d-_4"
    )
