"""What the room's view means for one unit, and so what a press there means. Pure."""

from dataclasses import dataclass

from parvis_device.talk import TalkEvent, TalkState
from parvis_wire.floor import FloorMode, Phase, Surface
from parvis_wire.room_view import RoomView
from parvis_wire.standing import Standing, standing, unit_place

OPEN_FLOOR = (FloorMode.OPEN, FloorMode.OVERRIDE, FloorMode.VOICE, FloorMode.PUSH_TO_TALK)
"""A press opens the microphone without a grant."""

_PAST_THE_LINE = (FloorMode.OVERRIDE, FloorMode.PUSH_TO_TALK)
"""Also with a hand in the line."""

_HAND_UP = (TalkState.QUEUED, TalkState.NEXT)


@dataclass(frozen=True, slots=True)
class Place:
    """One unit in the room."""

    view: RoomView
    unit: str

    @property
    def standing(self) -> Standing:
        """Where the foremost of the people at it stands."""
        return standing(self.view, self.unit, Surface.UNIT)

    @property
    def has_hand(self) -> bool:
        """Somebody at it is in the line."""
        return unit_place(self.view, self.unit) is not None

    @property
    def attached(self) -> bool:
        """Its presses are somebody's own; else it is shared by those who sit there."""
        return any(seated.unit == self.unit for seated in self.view.seats)

    @property
    def is_hosts(self) -> bool:
        """Its button is the hosts'."""
        return self.unit in self.view.host_units

    @property
    def somebody_waits(self) -> bool:
        """A hand is in the line, anywhere."""
        return bool(self.view.line)

    @property
    def is_recorded(self) -> bool:
        """What is heard of this unit now is in the recording."""
        if self.view.recording is None:
            return False
        turns = {turn.ssrc for turn in self.view.floor if turn.unit == self.unit}
        always = {one.ssrc for one in self.view.microphones if one.unit == self.unit}
        return not (turns | always).isdisjoint(self.view.recording.sources)

    @property
    def room_is_recorded(self) -> bool:
        """A recording runs, of whomever."""
        return self.view.recording is not None

    @property
    def ask(self) -> int | None:
        """The number of the open show of hands."""
        return None if self.view.ask is None else self.view.ask.number

    @property
    def why_closed(self) -> str:
        """Why nothing is to be had by a press; empty in a room that is live or backstage."""
        if self.view.phase is Phase.SCHEDULED:
            return "the room has not begun"
        return "the room is over" if self.view.phase is Phase.ENDED else ""

    @property
    def talks_while_held(self) -> bool:
        """Push to talk."""
        return self.view.rules.mode is FloorMode.PUSH_TO_TALK

    @property
    def line_when_full(self) -> bool:
        """Who finds no place free stands in line, since it moves by itself."""
        return self.view.rules.mode in (FloorMode.OPEN, FloorMode.VOICE)

    def press(self, state: TalkState) -> TalkEvent:
        """What a press means that goes down in ``state``, at a unit that is not the hosts'."""
        idle = state is TalkState.IDLE
        if idle and self.why_closed:
            return TalkEvent.REFUSED
        if idle and self.view.ask is not None:
            return TalkEvent.ANSWER
        mode = self.view.rules.mode
        if (idle and mode in OPEN_FLOOR) or (state in _HAND_UP and mode in _PAST_THE_LINE):
            return TalkEvent.OPEN
        return TalkEvent.PRESS
