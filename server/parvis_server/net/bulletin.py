"""What a room has told, to hosts and to everybody else, under the same numbers.

The room itself is ahead of it while the log is written: a newcomer's snapshot is what was *told*,
so that the changes which come next fit.
"""

from collections.abc import Callable

from parvis_server.net.fanout import Fanout
from parvis_server.net.framing import text_frame
from parvis_server.room.forgetting import without_words
from parvis_wire.base import Wire
from parvis_wire.messages import Change, Snapshot, serialize
from parvis_wire.room_view import RoomView, fold, for_public, public_event


class Bulletin:
    """The changes of one room, each framed once for hosts and once for the public."""

    def __init__(self, view: RoomView, public: Fanout, hosts: Fanout) -> None:
        """``view`` is the room as it is before anybody came."""
        self.view = view
        """The room as hosts were told."""
        self.public_taps: set[Callable[[str], None]] = set()
        """Others who pass on what everybody is told: messages, serialised."""
        self._public = public
        self._hosts = hosts
        self._snapshots: dict[bool, tuple[int, bytes]] = {}

    def change(self, change: Change) -> None:
        """Tell everybody one change."""
        self.view = fold(self.view, change.seq, change.event)
        frame = text_frame(change)
        self._hosts.publish_control(frame)
        event = public_event(change.event)
        if event is not change.event:
            change = change.model_copy(update={"event": event})
            frame = text_frame(change)
        self._public.publish_control(frame)
        self._tap(change)

    def forget(self, participant: str | None) -> None:
        """Show newcomers nothing of what this person, or with None anybody, was called and
        wrote."""
        self.view = without_words(self.view, participant)
        self._snapshots.clear()

    def everybody(self, message: Wire) -> None:
        """Tell everybody the same, for which nobody waits."""
        frame = text_frame(message)
        self._hosts.publish_control(frame, at_leisure=True)
        self._public.publish_control(frame, at_leisure=True)
        self._tap(message)

    def _tap(self, message: Wire) -> None:
        if self.public_taps:
            text = serialize(message)
            for tap in tuple(self.public_taps):
                tap(text)

    def snapshot(self, *, is_host: bool) -> bytes:
        """The room as it was told, as a frame; made once for each number."""
        made = self._snapshots.get(is_host)
        if made is None or made[0] != self.view.seq:
            view = self.view if is_host else for_public(self.view)
            made = (view.seq, text_frame(Snapshot(view=view)))
            self._snapshots[is_host] = made
        return made[1]
