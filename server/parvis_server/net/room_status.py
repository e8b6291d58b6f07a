"""What hosts are told of their room twice a second."""

from typing import TYPE_CHECKING

from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import Status

if TYPE_CHECKING:
    from parvis_server.net.live_room import LiveRoom


def room_status(live: "LiveRoom") -> Status:
    """Everything that sounds, at a glance."""
    settings = live.stage.settings
    return Status(
        units=live.stage.unit_statuses(),
        listeners=live.listeners,
        sharing=settings.sharing,
        lifted=settings.lifts.zones,
        alarms=(*live.stage.shown_alarms(), *live.house_alarms()),
        checks=settings.checks.results,
        in_hall=live.audience.in_hall_count,
        shares=live.room.shares(live.now_ns()).model_copy(update={"stage_ms": live.talk.ms}),
        longest_wait_ms=_longest_wait_ms(live),
        waiting=live.waiting_units(),
        can_record=live.room.can_record,
    )


def _longest_wait_ms(live: "LiveRoom") -> int:
    """How long the foremost hand is up."""
    line = live.room.view.line
    if not line:
        return 0
    waited = live.room.clock.samples(live.now_ns()) - line[0].raised_at
    return waited * 1000 // CLOCK_RATE_HZ
