"""The rules of the floor: taking, leaving, giving and ending turns."""

from parvis_server.room.draft import Draft, Refused
from parvis_server.room.hands import check_can_open, person_at, refuse_blocked, unit_hand
from parvis_server.room.members import Member
from parvis_server.room.permissions import OPEN_MICROPHONE, named, parts_of, permitted
from parvis_server.room.places import (
    choose,
    counted,
    grant,
    hand_of,
    has_free_place,
    longest,
    moves_by_itself,
    turns_at,
    unit_of_person,
    where,
)
from parvis_server.room.recording import check_may_speak
from parvis_server.room.results import ReadOutText
from parvis_server.room.speaking import check_may_take, go_live, step_down
from parvis_server.room.state import turn_of
from parvis_wire.commands import EndTurn, LeaveFloor
from parvis_wire.floor import FloorMode, Hand, LowerReason, Overtaking, Surface, Turn, TurnState
from parvis_wire.messages import RefusalCode
from parvis_wire.room_events import FloorReleased, FloorReturned, FloorTaken, HandRaised
from parvis_wire.room_view import place_in_line
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import KeptOut
from parvis_wire.standing import unit_place

TWO_HOSTS_S = 1.0
"""Two hosts who press *Next* within this time mean the same person."""

WAITING_MODES = frozenset({FloorMode.OPEN, FloorMode.VOICE})
"""Where a press that finds no free place joins the line."""

KEPT_OUT_WORDS = {
    KeptOut.NOT_WIRED: "the room ticks at 5 ms and takes wired microphones only",
    KeptOut.TOO_MANY: "as many microphones are open as the room can mix",
}


def take_floor(draft: Draft, unit: Member) -> None:
    """A unit's press: it takes the turn that waits here, or opens by the right of the mode.

    A phone's microphone takes its person's turn and no other.
    """
    if unit.speaks_for is not None:
        own = check_may_take(draft, unit)
        check_may_speak(draft, own.participant, can_answer=True)
        _refuse_kept_out(draft, unit)
        go_live(draft, unit, own)
        return
    check_can_open(unit)
    refuse_blocked(draft.view, unit.participant)
    if any(turn.unit == unit.participant for turn in draft.view.floor):
        raise Refused(RefusalCode.NO_TURN, "this microphone is open already")
    turn = _turn_to_take(draft, unit)
    hand = None if turn is not None else _hand_without_grant(draft, unit)
    _refuse_kept_out(draft, unit)
    for one in (turn, hand):
        if one is not None and unit_of_person(one.participant) != unit.participant:
            check_may_speak(draft, one.participant, can_answer=False)
    if turn is not None:
        _go_live(draft, unit, turn.participant)
    elif hand is not None:
        _open(draft, unit, hand)


def _refuse_kept_out(draft: Draft, unit: Member) -> None:
    kept_out = draft.kept_out(unit)
    if kept_out is not None:
        raise Refused(RefusalCode.NOT_ALLOWED, KEPT_OUT_WORDS[kept_out])


def _go_live(draft: Draft, unit: Member, participant: str, hand: Hand | None = None) -> None:
    draft.emit(
        FloorTaken(
            participant=participant,
            unit=unit.participant,
            unit_name=unit.name,
            ssrc=unit.ssrc or 0,
            at=draft.at,
            hand=hand,
        )
    )


def _turn_to_take(draft: Draft, unit: Member) -> Turn | None:
    """What a press at this unit takes: a turn of its people, then one that names it, then any."""
    who, view = unit.participant, draft.view
    waiting = [turn for turn in view.floor if turn.state is TurnState.GRANTED and not turn.written]
    for turn in waiting:
        if turn.surface is Surface.UNIT and turn.place == who:
            return turn
    for turn in waiting:
        if turn.surface is Surface.PHONE and turn.place == who:
            return turn
    if unit_place(view, who) is not None or who in view.host_units:
        return None
    return next((turn for turn in waiting if _anywhere(draft, turn)), None)


def _anywhere(draft: Draft, turn: Turn) -> bool:
    """Whether any unit may take a phone's turn: it names none, or one that is away.

    Who speaks into their phone far away needs none.
    """
    anywhere = turn.place is None or not draft.house.here(turn.place)
    person = draft.house.members.get(turn.participant)
    in_hall = turn.in_hall or (person is not None and person.in_hall)
    own_microphone = turn.speaks and not in_hall
    return turn.surface is Surface.PHONE and anywhere and not own_microphone


def _hand_without_grant(draft: Draft, unit: Member) -> Hand:
    """The person of a press that no turn waits for, where the mode gives a press this right."""
    parts = parts_of(draft.view, unit)
    if not named(parts, OPEN_MICROPHONE) or not permitted(
        parts, OPEN_MICROPHONE, draft.view.rules.mode
    ):
        raise Refused(RefusalCode.NO_TURN, "no turn waits for this unit's press")
    person = person_at(draft.view, unit)
    if person is None:
        queued = [hand for hand in draft.view.line if where(hand) == unit.participant]
        if not queued or draft.view.rules.mode in WAITING_MODES:
            raise Refused(RefusalCode.ALREADY_RAISED, "a hand is raised here already")
        return queued[0]
    hand = unit_hand(draft, unit, person)
    refuse_blocked(draft.view, hand.participant)
    return hand


def _open(draft: Draft, unit: Member, hand: Hand) -> None:
    """Open without a grant, as the mode allows it."""
    mode = draft.view.rules.mode
    outside_cap = unit.participant in draft.view.host_units
    if not outside_cap and not has_free_place(draft.view):
        if mode in WAITING_MODES:
            _join_line(draft, hand)
            return
        if mode is not FloorMode.OVERRIDE:
            raise Refused(RefusalCode.CAP_REACHED, "as many microphones are open as may be")
        make_room(draft, LowerReason.OVERRIDDEN)
    if mode in WAITING_MODES and draft.view.line:
        # Those who wait are away: they are told why somebody came before them.
        _join_line(draft, hand)
        grant(draft, hand, Overtaking.ABSENT)
        _go_live(draft, unit, hand.participant)
        return
    _go_live(draft, unit, hand.participant, hand)


def _join_line(draft: Draft, hand: Hand) -> None:
    if not draft.view.rules.takes_hands:
        raise Refused(RefusalCode.CAP_REACHED, "as many microphones are open as may be")
    if place_in_line(draft.view, hand.participant) is None:
        draft.emit(HandRaised(hand=hand))


def make_room(draft: Draft, reason: LowerReason | None = None) -> None:
    """End the turns that run longest until a place is free."""
    while not has_free_place(draft.view):
        turn = longest(counted(draft.view))
        if turn is None:
            return
        draft.emit(FloorReleased(participant=turn.participant, reason=reason))


def leave_floor(draft: Draft, actor: Member, command: LeaveFloor) -> None:
    """Step down: its owner, or whoever is at the unit; or go back to the line after a loss."""
    if actor.speaks_for is not None:
        step_down(draft, actor)
        return
    turn = _turn_with(draft, actor.participant)
    if turn is None:
        raise Refused(RefusalCode.NO_TURN, "this participant has no turn")
    if command.cut_off and turn.unit == actor.participant:
        draft.emit(FloorReturned(participant=turn.participant, place=1, passed=False))
    else:
        draft.emit(FloorReleased(participant=turn.participant))


def _turn_with(draft: Draft, participant: str) -> Turn | None:
    """The turn that is live at this unit, was given to this participant, or waits here."""
    floor = draft.view.floor
    own = [turn for turn in floor if participant in (turn.unit, turn.participant)]
    here = [turn for turn in turns_at(draft.view, participant) if turn.surface is Surface.UNIT]
    return next(iter((*own, *here)), None)


def next_hand(draft: Draft, actor: str) -> None:
    """Give the floor to the hand whose turn it is; the longest turn makes room for it."""
    if _given_just_now(draft, actor):
        return
    if not draft.view.line:
        raise Refused(RefusalCode.LINE_EMPTY, "nobody is in the line")
    make_room(draft)
    chosen = choose(draft)
    hand, rule = chosen if chosen is not None else (draft.view.line[0], None)
    _free_unit(draft, hand)
    grant(draft, hand, rule)


def _given_just_now(draft: Draft, actor: str) -> bool:
    """Whether another host gave the floor in this very moment: both meant the same person."""
    given = draft.state.memory.given
    if given is None or given[0] == actor:
        return False
    return draft.at - given[1] < TWO_HOSTS_S * CLOCK_RATE_HZ


def give_floor(draft: Draft, participant: str) -> None:
    """Give the floor to this hand, whoever came before it."""
    hand = hand_of(draft.view, participant)
    if hand is None:
        raise Refused(RefusalCode.NO_HAND, "this hand is not raised")
    make_room(draft)
    _free_unit(draft, hand)
    first = draft.view.line[0].participant == participant
    grant(draft, hand, None if first else Overtaking.HOST)


def _free_unit(draft: Draft, hand: Hand) -> None:
    """End what runs at the unit where this hand speaks: one microphone, one person."""
    if hand.surface is Surface.UNIT and not hand.written:
        for turn in turns_at(draft.view, where(hand)):
            draft.emit(FloorReleased(participant=turn.participant))


def end_turn(draft: Draft, command: EndTurn) -> None:
    """A host: this turn is over."""
    if turn_of(draft.view, command.participant) is None:
        raise Refused(RefusalCode.NO_TURN, "this participant has no turn")
    draft.emit(FloorReleased(participant=command.participant, reason=command.reason))


def close_all(draft: Draft) -> None:
    """Every turn ends at once."""
    for turn in draft.view.floor:
        draft.emit(FloorReleased(participant=turn.participant, reason=LowerReason.CLOSED))


def read_out(draft: Draft, participant: str) -> None:
    """The hub's voice reads the question whose turn it is."""
    turn = turn_of(draft.view, participant)
    if turn is None or not turn.written or turn.state is not TurnState.GRANTED:
        raise Refused(RefusalCode.NO_TURN, "no written question of this participant has the floor")
    if not draft.house.has_voice:
        raise Refused(RefusalCode.NO_VOICE, "the hub has no voice: install espeak-ng")
    begin_reading(draft, turn)


def begin_reading(draft: Draft, turn: Turn) -> None:
    """Ask the hub's voice, once for each turn."""
    if turn.participant in draft.house.reading:
        return
    about = draft.view.about
    language = about.language if about is not None else "en"
    draft.house.reading[turn.participant] = draft.now_ns
    draft.effects.append(ReadOutText(turn.participant, turn.text or "", language))


def advance(draft: Draft) -> None:
    """Give every free place to the line, where it moves by itself."""
    while moves_by_itself(draft.view) and has_free_place(draft.view):
        chosen = choose(draft)
        if chosen is None:
            return
        grant(draft, *chosen)
