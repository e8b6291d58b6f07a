"""A show of hands: one question, and who says yes."""

from parvis_server.room.births import came_late
from parvis_server.room.draft import Draft, Refused
from parvis_server.room.members import Member
from parvis_server.room.places import seated_at
from parvis_wire.commands import OpenAsk
from parvis_wire.floor import Ask, Tally
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.room_events import AskClosed, Asked
from parvis_wire.rtp import CLOCK_RATE_HZ


def open_ask(draft: Draft, command: OpenAsk) -> None:
    """A show of hands begins."""
    if draft.view.ask is not None:
        raise Refused(RefusalCode.NO_ASK, "a show of hands is open already")
    number = draft.state.memory.last_ask + 1
    draft.house.answers.clear()
    draft.emit(Asked(ask=Ask(number=number, question=command.question, at=draft.at)))


def answer_ask(draft: Draft, actor: Member, *, yes: bool) -> None:
    """One answer, which may be taken back while the question is open; no event."""
    ask = draft.view.ask
    if ask is None:
        raise Refused(RefusalCode.NO_ASK, "no show of hands is open")
    if _came_late(draft, actor, ask):
        raise Refused(RefusalCode.CAME_LATE, "the question was put before you came in")
    who = actor.participant
    seated = seated_at(draft.view, who) if actor.role is Role.UNIT else []
    if seated:  # a press is the person's own answer, not a second one
        who = seated[0].participant
    if yes:
        draft.house.answers[who] = actor.role is Role.UNIT or actor.in_hall
    else:
        draft.house.answers.pop(who, None)


def _came_late(draft: Draft, member: Member, ask: Ask) -> bool:
    """Whether this may be somebody who answered before, and came back as somebody new."""
    if member.role is Role.UNIT:
        return False
    now_utc_s = draft.utc_ms // 1000
    asked_utc_s = now_utc_s - (draft.at - ask.at) // CLOCK_RATE_HZ
    return came_late(member.participant, asked_utc_s, now_utc_s)


def close_ask(draft: Draft) -> None:
    """The show of hands is counted."""
    ask = draft.view.ask
    if ask is None:
        raise Refused(RefusalCode.NO_ASK, "no show of hands is open")
    answers = draft.house.answers
    in_hall, yes = sum(answers.values()), len(answers)
    here = (m for m in draft.house.members if m.connected and _may_answer(m))
    asked = sum(not _came_late(draft, member, ask) for member in here)
    # Who listens at an edge and says nothing is not known here.
    asked = max(asked, yes)
    answers.clear()
    tally = Tally(question=ask.question, yes_hall=in_hall, yes_far=yes - in_hall, asked=asked)
    draft.emit(AskClosed(tally=tally))


def _may_answer(member: Member) -> bool:
    has_button = member.role is Role.UNIT and member.ssrc is not None and not member.always_open
    is_microphone = member.speaks_for is not None
    return has_button or (member.role in (Role.LISTENER, Role.SPEAKER) and not is_microphone)
