"""What the unit does next about the bundle that its hub offers. Pure."""

from enum import StrEnum

from parvis_device.update.judgement import NS_PER_S
from parvis_device.update.lifecycle import State
from parvis_device.update.record import Record
from parvis_wire.update import UpdateFault, UpdateOffer, UpdateStep

SOON_NS = 600 * NS_PER_S
LATER_NS = 24 * 3600 * NS_PER_S

AGAIN_NS = {
    UpdateFault.CARD_FULL: SOON_NS,
    UpdateFault.CUT_OFF: SOON_NS,
    UpdateFault.DISK: SOON_NS,
    UpdateFault.SILENT: LATER_NS,
    UpdateFault.CUT_SHORT: LATER_NS,
}
"""After these the same bundle is tried again: it may not have been its fault."""


class Plan(StrEnum):
    """The next thing to do."""

    NOTHING = "nothing"
    FETCH = "fetch"
    ASK = "ask"
    """It is ready: ask the hub whether it may be installed now."""


def plan(
    offer: UpdateOffer, program: str, version: str, record: Record, since_ns: int, now_ns: int
) -> Plan:
    """What to do.

    Args:
        offer: of the hub.
        program: the folder of what runs.
        version: what runs.
        record: how far the updater is.
        since_ns: when this unit saw the record's last result first.
        now_ns: the same clock.
    """
    if record.state is State.STAGED and record.sha256 == offer.sha256:
        return Plan.ASK
    if record.state not in (State.IDLE, State.STAGED) or record.key is None:
        return Plan.NOTHING
    if offer.version == version or program.endswith(f"-{offer.sha256[:8]}"):
        return Plan.NOTHING
    if record.last is None or record.last_sha256 != offer.sha256:
        return Plan.FETCH
    if record.last.step is UpdateStep.DONE or record.last.fault is None:
        return Plan.FETCH  # it was left since, by another
    again_ns = AGAIN_NS.get(record.last.fault)
    return Plan.FETCH if again_ns is not None and now_ns - since_ns >= again_ns else Plan.NOTHING
