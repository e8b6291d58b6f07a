"""What people and units ask the room to do: acts on the floor, the line and the room itself.

Every command carries an ``id`` made by the client and is answered with ``ack`` after it took
effect; a repeated id gets the same answer and is not applied again. Imported by ``messages``,
which knows every type that may cross.
"""

from typing import Annotated, Literal

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.fields import CommandId, Line, Name, ParticipantId
from parvis_wire.floor import About, FloorRules, InviteRole, LowerReason, Mute, Phase, Rank
from parvis_wire.recording import AnyRecordingCommand


class RaiseHand(Wire):
    """Join the end of the line."""

    type: Literal["raise_hand"] = "raise_hand"
    id: CommandId
    name: Name | None = None
    """A phone gives the name to be called by; a unit's is known."""
    text: Line | None = None
    """A written line: a spoken hand may carry one."""
    written: bool = False
    """Only the text: it is read out when its turn comes."""
    anonymous: bool = False
    """The public sees no name; needs a text."""
    reply: bool = False
    """Right of reply: before the others, a few at most."""
    speaks: bool = False
    """A phone far away that can send sound."""
    another: bool = False
    """A shared unit: one more person, although a hand is raised here already."""


class LowerHand(Wire):
    """Leave the line, or turn down a floor that was granted."""

    type: Literal["lower_hand"] = "lower_hand"
    id: CommandId
    participant: ParticipantId | None = None
    """Whose hand; a host may name anybody, everyone else only themselves (or nobody). A shared
    unit that names nobody lowers the last hand that was raised at it."""
    reason: LowerReason | None = None
    """A host's word to its owner."""


class TakeFloor(Wire):
    """A press after a grant: open this microphone, a unit's or the phone's own."""

    type: Literal["take_floor"] = "take_floor"
    id: CommandId


class LeaveFloor(Wire):
    """Step down."""

    type: Literal["leave_floor"] = "leave_floor"
    id: CommandId
    cut_off: bool = False
    """Units: nobody stepped down, the hub or the unit was away for long; the turn's owner gets the
    first place in the line."""


class SetMuted(Wire):
    """A remote speaker: nothing of me is heard for now, and why; None: it is again."""

    type: Literal["set_muted"] = "set_muted"
    id: CommandId
    muted: Mute | None


class Next(Wire):
    """Host: end the running turn, if any, and give the floor to the first in the line."""

    type: Literal["next"] = "next"
    id: CommandId


class GiveFloor(Wire):
    """Host: end the running turn, if any, and give the floor to this hand out of order."""

    type: Literal["give_floor"] = "give_floor"
    id: CommandId
    participant: ParticipantId


class EndTurn(Wire):
    """Host: this turn is over."""

    type: Literal["end_turn"] = "end_turn"
    id: CommandId
    participant: ParticipantId
    reason: LowerReason | None = None
    """A host's word to its owner."""


class MoveHand(Wire):
    """Host: this hand to another place of the line."""

    type: Literal["move_hand"] = "move_hand"
    id: CommandId
    participant: ParticipantId
    place: int = Field(ge=1, le=1000)


class SetRules(Wire):
    """Host: other rules of the floor."""

    type: Literal["set_rules"] = "set_rules"
    id: CommandId
    rules: FloorRules


class SilenceAll(Wire):
    """Host, or a host's unit: every microphone but the hosts' is silent while it is on."""

    type: Literal["silence_all"] = "silence_all"
    id: CommandId
    on: bool


class CloseAll(Wire):
    """Host: end every turn at once."""

    type: Literal["close_all"] = "close_all"
    id: CommandId


class SetPhase(Wire):
    """Host: backstage, live, or the end; a co-host may not end the room."""

    type: Literal["set_phase"] = "set_phase"
    id: CommandId
    phase: Phase


class Describe(Wire):
    """Host: what the room is."""

    type: Literal["describe"] = "describe"
    id: CommandId
    about: About
    show_out: bool = False
    """Where ``about.access`` is not open: who listens and was not invited has to leave now. Unless
    said, who is inside stays until their connection ends."""


class Undo(Wire):
    """Host: take back the last act of a host on the line, the floor or the rules."""

    type: Literal["undo"] = "undo"
    id: CommandId


class Block(Wire):
    """Host: this person raises no hand any more; hand and turn end."""

    type: Literal["block"] = "block"
    id: CommandId
    participant: ParticipantId
    out: bool = False
    """And leaves the room, until they are unblocked."""


class Unblock(Wire):
    """Host: and may again."""

    type: Literal["unblock"] = "unblock"
    id: CommandId
    participant: ParticipantId


class SetRank(Wire):
    """Host: make a participant host or co-host; None: an ordinary participant again.

    Naming oneself steps down, which needs somebody else who runs the room.
    """

    type: Literal["set_rank"] = "set_rank"
    id: CommandId
    participant: ParticipantId
    rank: Rank | None


class MakeInvite(Wire):
    """Host: an invitation; the link comes in ``ack.link``."""

    type: Literal["make_invite"] = "make_invite"
    id: CommandId
    role: InviteRole
    name: Name | None = None


class RevokeInvite(Wire):
    """Host: this invitation is void."""

    type: Literal["revoke_invite"] = "revoke_invite"
    id: CommandId
    number: int = Field(ge=1)


class SetHostUnit(Wire):
    """Host: this unit is the hosts' from now on, or no longer."""

    type: Literal["set_host_unit"] = "set_host_unit"
    id: CommandId
    unit: ParticipantId
    on: bool


class KeepInView(Wire):
    """Host: this person is shown behind the stage, beside the invited; or no longer."""

    type: Literal["keep_in_view"] = "keep_in_view"
    id: CommandId
    participant: ParticipantId
    on: bool


class TakeSeat(Wire):
    """Attach oneself to a unit: its presses are mine. ``code`` is that of the unit's QR."""

    type: Literal["take_seat"] = "take_seat"
    id: CommandId
    code: str = Field(pattern=r"^[A-Za-z0-9_-]{4,64}$")
    name: Name


class LeaveSeat(Wire):
    """Leave it; a host may name anybody."""

    type: Literal["leave_seat"] = "leave_seat"
    id: CommandId
    participant: ParticipantId | None = None


class ReadOut(Wire):
    """Host: the hub speaks the written question whose turn it is."""

    type: Literal["read_out"] = "read_out"
    id: CommandId
    participant: ParticipantId


class OpenAsk(Wire):
    """Host: a show of hands; one at a time."""

    type: Literal["open_ask"] = "open_ask"
    id: CommandId
    question: Line


class AnswerAsk(Wire):
    """Yes to the open question; a unit's press is one too while it is open."""

    type: Literal["answer_ask"] = "answer_ask"
    id: CommandId
    yes: bool = True


class CloseAsk(Wire):
    """Host: count it."""

    type: Literal["close_ask"] = "close_ask"
    id: CommandId


class Identify(Wire):
    """Host: let a unit blink white for ten seconds, to find it."""

    type: Literal["identify"] = "identify"
    id: CommandId
    unit: ParticipantId


AnyCommand = (
    RaiseHand
    | LowerHand
    | TakeFloor
    | LeaveFloor
    | SetMuted
    | Next
    | GiveFloor
    | EndTurn
    | MoveHand
    | SetRules
    | SilenceAll
    | CloseAll
    | SetPhase
    | Describe
    | Undo
    | Block
    | Unblock
    | SetRank
    | MakeInvite
    | RevokeInvite
    | SetHostUnit
    | KeepInView
    | TakeSeat
    | LeaveSeat
    | ReadOut
    | OpenAsk
    | AnswerAsk
    | CloseAsk
    | Identify
    | AnyRecordingCommand
)

Command = Annotated[AnyCommand, Field(discriminator="type")]
"""Acts on the room: the room decides."""
