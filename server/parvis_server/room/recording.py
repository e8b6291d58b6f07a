"""A recording with consent: its start and end, the answers to its notice, and what may be in it.

Theory of operation. An answer is to one text of one recording: a new recording forgets the old
answers, a new text makes them void. A microphone is in the recording while a person who said yes
speaks into it; nobody is attached to it who could answer, and the host's announced rule says so;
or never. Which ones that are follows from the room as it is (``voices``), is written into the log
whenever it changes (``SourcesRecorded``), and is looked at afresh for every packet's source: who
refused, or was not asked, is in no recording by any order of events. ``for_the_record`` takes
their names and words out of the events that are kept beside the sound.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from parvis_server.errors import NoticeLacks
from parvis_server.room.clock import NS_PER_S
from parvis_server.room.draft import Draft, Refused
from parvis_server.room.members import Member
from parvis_server.room.places import seated_at, unit_of_person
from parvis_server.room.results import Announce, Voice, VoiceKind
from parvis_wire.floor import Hand, Microphone, Phase, Turn, TurnState
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.recording import (
    AnswerRecording,
    Consent,
    Consented,
    Notice,
    Recording,
    RecordingChanged,
    RecordingEnd,
    RecordingStarted,
    RecordingStopped,
    RecordingTerms,
    SetRecordingTerms,
    SourcesRecorded,
    StartRecording,
    Unattended,
    WithdrawVoice,
    Withdrew,
)
from parvis_wire.room_events import (
    FloorTaken,
    HandRaised,
    HostJoined,
    MicrophoneOpened,
    RoomEvent,
)
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView, public_event
from parvis_wire.stage import SourceKind

NO_HOST_NS = 900 * NS_PER_S
"""A recording for which nobody is responsible ends by itself, after a break's length."""

MAX_CONSENTS = 1000
"""Twice as many people as the line takes."""

# What may be in it


def answer_of(view: RoomView, person: str) -> Consent | None:
    """What somebody answered to the notice that counts now; None: they were not asked."""
    if view.recording is None:
        return None
    version = view.recording.notice.version
    for consent in view.consents:
        if consent.participant == person and consent.text_version == version:
            return consent
    return None


def voices(view: RoomView, sounding: Iterable[Member]) -> Iterator[Voice]:
    """Every microphone that is in the recording while it is open.

    Of a room that is not recorded: none. ``sounding`` are its units and speakers.
    """
    if view.recording is None or view.phase is not Phase.LIVE:
        return
    members = {member.participant: member for member in sounding}
    for turn in view.floor:
        if turn.state is TurnState.LIVE and turn.ssrc is not None:
            yield from _turn_voice(view, turn)
    for microphone in view.microphones:
        yield from _microphone_voice(view, microphone, members.get(microphone.unit))


def _turn_voice(view: RoomView, turn: Turn) -> Iterator[Voice]:
    is_attended = turn.unit is None or unit_of_person(turn.participant) != turn.unit
    unit = None if is_attended else turn.unit
    allowed = _said(view, [turn.participant]) if unit is None else _of_unit(view, unit)
    if turn.unit is None:
        kind = VoiceKind.READ
    else:
        kind = VoiceKind.PHONE if turn.is_from_phone else VoiceKind.UNIT
    name = ANONYMOUS_NAME if turn.anonymous else turn.name
    if allowed is not None:
        answered_by = () if unit is None else _answered_at(view, unit)
        yield Voice(turn.ssrc or 0, kind, turn.participant, name, allowed, answered_by)


def _microphone_voice(
    view: RoomView, microphone: Microphone, member: Member | None
) -> Iterator[Voice]:
    """An always-open microphone; somebody far away answers for themselves."""
    who, kind = microphone.unit, VoiceKind.UNIT
    answered_by: tuple[tuple[str, str], ...] = ()
    if member is None:  # who it is will be known when they are back
        return
    if member.role is Role.SPEAKER:
        allowed, kind = _said(view, [who]), VoiceKind.SPEAKER
    else:
        allowed, answered_by = _of_unit(view, who), _answered_at(view, who)
        kind = VoiceKind.DESK if member.source_kind is SourceKind.DESK else VoiceKind.UNIT
    if allowed is not None:
        yield Voice(microphone.ssrc, kind, who, microphone.name, allowed, answered_by)


def _of_unit(view: RoomView, unit: str) -> bool | None:
    """None: out of the recording; else whether it is published. Those who sit there answer for it,
    all of them; without any, the host's announced rule."""
    seated = [seat.participant for seat in seated_at(view, unit)]
    if seated:
        return _said(view, seated)
    rule = view.recording.terms.unattended if view.recording is not None else Unattended.LEFT_OUT
    return None if rule is Unattended.LEFT_OUT else rule is Unattended.PUBLISHED


def _answered_at(view: RoomView, unit: str) -> tuple[tuple[str, str], ...]:
    """Who sit at a unit and answered: the sound may be anybody's of them."""
    answers = (answer_of(view, seat.participant) for seat in seated_at(view, unit))
    return tuple((one.participant, one.name or "") for one in answers if one is not None)


def _said(view: RoomView, people: Iterable[str]) -> bool | None:
    """None: one of them did not say yes; else whether all said yes to publishing, too."""
    answers = [answer_of(view, person) for person in people]
    if any(answer is None or not answer.recorded for answer in answers):
        return None
    return all(answer is not None and answer.published for answer in answers)


def follow_sources(draft: Draft) -> None:
    """Write down which microphones are in the recording, when that has changed."""
    recording = draft.view.recording
    if recording is None:
        return
    now = tuple(sorted(voice.ssrc for voice in voices(draft.view, draft.house.members.sounding)))
    if now != recording.sources:
        draft.emit(SourcesRecorded(sources=now))


# Before one goes on stage


def check_may_speak(draft: Draft, person: str, *, can_answer: bool) -> None:
    """Refuse who has to answer first, and who may not speak unrecorded.

    ``can_answer``: it is their phone that asks. A press at a unit where somebody sits who was not
    asked is not refused while people may speak unrecorded: they are only not in the recording.

    Raises:
        Refused: and why.
    """
    recording = draft.view.recording
    if recording is None:
        return
    answer, may_unrecorded = answer_of(draft.view, person), recording.terms.unrecorded_may_speak
    if answer is None and (can_answer or not may_unrecorded):
        text = "this room is recorded: the two questions come first"
        raise Refused(RefusalCode.CONSENT_NEEDED, text)
    if answer is not None and not answer.recorded and not may_unrecorded:
        text = "in this recording nobody speaks who does not want to be recorded"
        raise Refused(RefusalCode.NOT_RECORDED, text)


# Commands


def start(draft: Draft, command: StartRecording) -> None:
    """A host: record from now on."""
    if draft.view.recording is not None:
        raise Refused(RefusalCode.NO_RECORDING, "the room is recorded already")
    if draft.view.phase is not Phase.LIVE:
        raise Refused(RefusalCode.NOT_LIVE, f"the room is {draft.view.phase.value}")
    terms, notice = _written(draft, command.terms)
    number = draft.state.memory.last_recording + 1
    begun = datetime.fromtimestamp(draft.utc_ms / 1000, UTC)
    recording = Recording(
        recording=f"{begun:%Y%m%dT%H%M%SZ}-{number}",
        begun_at=draft.at,
        begun_utc_ms=draft.utc_ms,
        terms=terms,
        notice=notice,
    )
    draft.emit(RecordingStarted(recording=recording))
    about = draft.view.about
    language = "fr" if about is not None and about.language == "fr" else "en"
    words = notice.fr if language == "fr" else notice.en
    draft.effects.append(Announce(words.aloud, language))


def _written(draft: Draft, terms: RecordingTerms) -> tuple[RecordingTerms, Notice]:
    write = draft.house.write_notice
    if write is None:
        raise Refused(RefusalCode.NO_RECORDER, "this hub has no recorder")
    try:
        return write(terms, draft.view.title)
    except NoticeLacks as error:
        raise Refused(RefusalCode(f"no_{error.what}"), str(error)) from error


def _running(draft: Draft) -> Recording:
    if draft.view.recording is None:
        raise Refused(RefusalCode.NO_RECORDING, "the room is not recorded")
    return draft.view.recording


def set_terms(draft: Draft, command: SetRecordingTerms) -> None:
    """A host: other terms, and so another text; everybody is asked again.

    Catching up begins with a recording or never: who said yes before was not asked about it, and
    what they said then would be heard.
    """
    running = _running(draft)
    if command.terms.catch_up and not running.terms.catch_up:
        text = "who comes late may hear it only if that was said when the recording began"
        raise Refused(RefusalCode.NOT_ALLOWED, text)
    terms, notice = _written(draft, command.terms)
    if (terms, notice) != (running.terms, running.notice):
        draft.emit(RecordingChanged(terms=terms, notice=notice))


def stop(draft: Draft, reason: RecordingEnd | None = None) -> None:
    """No more."""
    draft.emit(RecordingStopped(recording=_running(draft).recording, reason=reason))


def answer(draft: Draft, actor: Member, command: AnswerRecording) -> None:
    """Somebody answers the two questions, or changes their answer."""
    version = _running(draft).notice.version
    if command.text_version != version:
        raise Refused(RefusalCode.TEXT_CHANGED, f"the text that counts now is {version}")
    if command.published and not command.recorded:
        text = "published: only who may be recorded can be published"
        raise Refused(RefusalCode.NOT_ALLOWED, text)
    who = actor.participant
    known = any(consent.participant == who for consent in draft.view.consents)
    if not known and len(draft.view.consents) >= MAX_CONSENTS:
        raise Refused(RefusalCode.TOO_MANY, f"{MAX_CONSENTS} people have answered already")
    given = Consent(
        participant=who,
        name=actor.name,
        recorded=command.recorded,
        published=command.published,
        text_version=version,
        at=draft.at,
    )
    before = answer_of(draft.view, who)
    if before is None or given.model_copy(update={"at": before.at}) != before:
        draft.emit(Consented(consent=given))


def withdraw_voice(draft: Draft, who: str, command: WithdrawVoice, *, runs: bool) -> None:
    """Somebody's voice is to be taken out of a recording, also of what was said before."""
    whose = command.participant or who
    if whose != who and not runs:
        raise Refused(RefusalCode.NOT_ALLOWED, "only a host withdraws somebody else's voice")
    running = draft.view.recording
    which = (command.recording or (running and running.recording)) or ""
    agreed = draft.state.memory.agreed.get(which)
    if agreed is None or not (runs or whose in agreed):
        raise Refused(RefusalCode.NO_RECORDING, "no recording has this person's voice")
    if (which, whose) not in draft.state.memory.withdrawn:
        draft.emit(Withdrew(participant=whose, recording=which))


# Beside the sound


def for_the_record(view: RoomView, event: RoomEvent, sounding: Iterable[Member]) -> RoomEvent:
    """An event as it may be kept beside the sound: of those who did not say yes to being recorded
    neither name nor words. ``view`` is the room after it, ``sounding`` its units and speakers: only
    a unit is named without having been asked."""
    public = public_event(event)
    match public:
        case HandRaised(hand=hand):
            return public.model_copy(update={"hand": _kept_hand(view, hand)})
        case FloorTaken(hand=hand) if hand is not None:
            return public.model_copy(update={"hand": _kept_hand(view, hand)})
        case HostJoined(host=host) if not _agreed(view, host.participant):
            return public.model_copy(update={"host": host.model_copy(update={"name": None})})
        case MicrophoneOpened(microphone=microphone):
            units = {member.participant for member in sounding if member.role is Role.UNIT}
            if microphone.unit in units or _agreed(view, microphone.unit):
                return public
            nameless = microphone.model_copy(update={"name": ANONYMOUS_NAME})
            return public.model_copy(update={"microphone": nameless})
        case _:
            return public


def _agreed(view: RoomView, person: str) -> bool:
    answer = answer_of(view, person)
    return answer is not None and answer.recorded


def _kept_hand(view: RoomView, hand: Hand) -> Hand:
    is_of_unit = hand.unit is not None and unit_of_person(hand.participant) == hand.unit
    if is_of_unit or _agreed(view, hand.participant):
        return hand
    return hand.model_copy(update={"name": ANONYMOUS_NAME, "text": None})


# Time, and the end of the room


def follow_room(draft: Draft) -> None:
    """No recording goes on in a room that is not live, and its sources are written down."""
    if draft.view.recording is not None and draft.view.phase is not Phase.LIVE:
        stop(draft, RecordingEnd.CLOSED)
    follow_sources(draft)


def end_alone(draft: Draft) -> None:
    """Nobody has run the room for long."""
    if draft.view.recording is not None and draft.view.autopilot:
        stop(draft, RecordingEnd.NO_HOST)


def end_failed(draft: Draft, recording: str) -> None:
    """The recorder cannot go on with this recording."""
    running = draft.view.recording
    if running is not None and running.recording == recording:
        stop(draft, RecordingEnd.FAILED)
