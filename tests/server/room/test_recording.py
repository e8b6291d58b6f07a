"""A recording: how it begins and ends, who is asked, and which text counts."""

import pytest

from fakes.consent_hall import ADA_FAR, TAKE, Recorded, recorded_hall
from fakes.gathering import PEOPLE, WRITE_NOTICE
from parvis_server.room.clock import RoomClock
from parvis_server.room.members import Member
from parvis_server.room.permissions import OPERATOR
from parvis_server.room.recording import MAX_CONSENTS, NO_HOST_NS, answer_of
from parvis_server.room.results import Announce, Voice, VoiceKind
from parvis_server.room.room import Room
from parvis_wire.commands import (
    RaiseHand,
    SetPhase,
)
from parvis_wire.floor import About, Phase
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.recording import (
    AnswerRecording,
    RecordingEnd,
    RecordingTerms,
    SetRecordingTerms,
    StartRecording,
    StopRecording,
    Unattended,
)
from parvis_wire.room_view import for_public


@pytest.fixture
def hall() -> Recorded:
    return recorded_hall()


# Start and end


def test_nothing_is_recorded_by_default(hall: Recorded) -> None:
    hall.speaks_at("t1")
    hall.speaks_far()
    assert hall.room.view.recording is None
    assert hall.recorded == []


def test_a_host_starts_and_everybody_is_told(hall: Recorded) -> None:
    hall.record()
    for view in (hall.room.view, for_public(hall.room.view)):
        assert view.recording is not None
        assert view.recording.recording == "19700101T000001Z-1"
        assert view.recording.terms.retention_days == 30
        assert "30 days" in view.recording.notice.en.hearing


def test_the_hub_says_it_aloud_in_the_language_of_the_room() -> None:
    hall = Recorded()
    hall.record()
    [announced] = [effect for effect in hall.effects if isinstance(effect, Announce)]
    assert announced.language == "en"
    assert announced.text.startswith("This room is being recorded from now on")


@pytest.mark.parametrize("who", ["ada", "t1"])
def test_only_a_host_starts_and_stops(who: str, hall: Recorded) -> None:
    assert hall.do(who, StartRecording(id="x", terms=RecordingTerms())) is RefusalCode.NOT_ALLOWED
    assert hall.do(who, StopRecording(id="x")) is RefusalCode.NOT_ALLOWED


def test_the_operator_may(hall: Recorded) -> None:
    assert hall.do(OPERATOR, StartRecording(id="x", terms=RecordingTerms())) is None
    assert hall.do(OPERATOR, StopRecording(id="x")) is None
    assert hall.room.view.recording is None


def test_a_hub_without_a_recorder_says_so() -> None:
    room = Room("hall", RoomClock(0), about=About(title="Hall"), now_ns=0)
    room.joined(PEOPLE["host"], 0)
    result = room.handle(StartRecording(id="x", terms=RecordingTerms()), "host", 0)
    assert result.ack is not None
    assert result.ack.refused is RefusalCode.NO_RECORDER
    assert not room.can_record


def test_without_a_contact_it_does_not_start(hall: Recorded) -> None:
    room = Room(
        "hall", RoomClock(0), about=About(title="Hall"), now_ns=0,
        write_notice=type(WRITE_NOTICE)(),
    )  # fmt: skip
    room.joined(PEOPLE["host"], 0)
    result = room.handle(StartRecording(id="x", terms=RecordingTerms()), "host", 0)
    assert result.ack is not None
    assert result.ack.refused is RefusalCode.NO_CONTACT
    assert "contact" in result.ack.text


def test_one_recording_at_a_time(hall: Recorded) -> None:
    hall.record()
    again = StartRecording(id="x", terms=RecordingTerms())
    assert hall.do("host", again) is RefusalCode.NO_RECORDING
    assert hall.do("host", StopRecording(id="x")) is None
    assert hall.do("host", StopRecording(id="x")) is RefusalCode.NO_RECORDING
    hall.record()
    assert hall.room.view.recording is not None
    assert hall.room.view.recording.recording.endswith("-2")


@pytest.mark.parametrize("phase", [Phase.BACKSTAGE, Phase.SCHEDULED, Phase.ENDED])
def test_it_ends_with_the_room(phase: Phase, hall: Recorded) -> None:
    hall.record(unattended=Unattended.RECORDED)
    hall.speaks_at("t1")
    if phase is Phase.SCHEDULED:
        assert hall.do("host", SetPhase(id="x", phase=Phase.BACKSTAGE)) is None
    assert hall.do("host", SetPhase(id="x", phase=phase)) is None
    assert hall.room.view.recording is None
    assert hall.recorded == []
    assert "recording_stopped" in hall.said


@pytest.mark.parametrize("phase", [Phase.BACKSTAGE, Phase.ENDED])
def test_it_starts_in_a_live_room_alone(phase: Phase, hall: Recorded) -> None:
    hall.do("host", SetPhase(id="x", phase=phase))
    start = StartRecording(id="x", terms=RecordingTerms())
    assert hall.do("host", start) is RefusalCode.NOT_LIVE


def test_a_host_who_leaves_without_ending_leaves_it_for_a_quarter_of_an_hour(
    hall: Recorded,
) -> None:
    hall.record()
    hall.go("host")
    hall.wait(60)
    assert hall.room.view.autopilot
    hall.wait(NO_HOST_NS / 1e9 - 1)
    assert hall.room.view.recording is not None
    said = hall.wait(2)
    assert hall.room.view.recording is None
    assert said == ["recording_stopped"]
    assert hall.log[-1].event().reason is RecordingEnd.NO_HOST


def test_a_host_who_is_back_in_time_goes_on_recording(hall: Recorded) -> None:
    hall.record()
    hall.go("host")
    hall.wait(600)
    hall.come("host")
    hall.wait(3600)
    assert hall.room.view.recording is not None


def test_a_recording_that_the_operator_starts_in_an_empty_room_has_its_quarter_of_an_hour(
    hall: Recorded,
) -> None:
    hall.go("host")
    hall.wait(7200)
    hall.do(OPERATOR, StartRecording(id="x", terms=RecordingTerms()))
    hall.wait(NO_HOST_NS / 1e9 - 60)
    assert hall.room.view.recording is not None


# Two questions before the stage


def test_who_was_not_asked_raises_no_spoken_hand_by_phone(hall: Recorded) -> None:
    hall.record()
    hand = RaiseHand(id="x", speaks=True)
    assert hall.do("ada", hand) is RefusalCode.CONSENT_NEEDED
    hall.yes("ada")
    assert hall.do("ada", hand) is None


def test_a_no_still_lets_one_listen_and_ask_in_writing(hall: Recorded) -> None:
    hall.record(unrecorded_may_speak=False)
    question = RaiseHand(id="x", text="Why?", written=True)
    assert hall.do("ben", question) is None, "nobody asks a writer"
    hall.no("ada")
    assert hall.do("ada", RaiseHand(id="x")) is RefusalCode.NOT_RECORDED
    assert hall.do("ada", question) is None


def test_where_the_host_allows_it_a_no_lets_one_speak_unrecorded(hall: Recorded) -> None:
    hall.record()
    hall.no("ada")
    hall.speaks_far()
    assert ADA_FAR in hall.room.open_ssrcs
    assert hall.recorded == []


def test_a_hand_that_was_up_keeps_its_place_and_is_asked_before_the_microphone_opens(
    hall: Recorded,
) -> None:
    microphone = hall.granted_far()
    hall.record()
    assert hall.do(microphone, TAKE) is RefusalCode.CONSENT_NEEDED
    assert hall.floor == [("ada", "granted")]
    hall.yes("ada")
    assert hall.do(microphone, TAKE) is None
    assert hall.recorded == [ADA_FAR]


def test_who_speaks_when_it_begins_goes_on_and_is_not_in_it_before_they_said_yes(
    hall: Recorded,
) -> None:
    hall.speaks_far()
    hall.record()
    assert ADA_FAR in hall.room.open_ssrcs
    assert hall.recorded == []
    hall.yes("ada", published=True)
    assert hall.recorded == [ADA_FAR]
    assert hall.voice == Voice(ADA_FAR, VoiceKind.PHONE, "ada", "Ada", is_published=True)


def test_to_be_published_is_another_question(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.speaks_far()
    assert not hall.voice.is_published
    hall.yes("ada", published=True)
    assert hall.voice.is_published


def test_only_who_may_be_recorded_can_be_published(hall: Recorded) -> None:
    hall.record()
    refused = hall.answer("ada", recorded=False, published=True)
    assert refused is RefusalCode.NOT_ALLOWED


def test_a_change_of_mind_holds_at_once_in_the_middle_of_a_turn(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.speaks_far()
    hall.no("ada")
    assert hall.recorded == []
    assert ADA_FAR in hall.room.open_ssrcs


def test_a_repeated_answer_makes_no_event(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    before = len(hall.said)
    hall.yes("ada")
    assert len(hall.said) == before


def test_an_answer_without_a_recording_is_refused(hall: Recorded) -> None:
    assert hall.answer("ada", recorded=True) is RefusalCode.NO_RECORDING


def test_a_unit_answers_for_nobody(hall: Recorded) -> None:
    hall.record()
    assert hall.answer("t1", recorded=True) is RefusalCode.NOT_ALLOWED


def test_answers_are_bounded(hall: Recorded) -> None:
    hall.record()
    for number in range(MAX_CONSENTS):
        who = f"p{number}"
        hall.room.joined(Member(who, Role.LISTENER), hall.now_ns)
        hall.no(who)
    assert hall.answer("ada", recorded=True) is RefusalCode.TOO_MANY
    hall.yes("p0")


# One text


def test_a_text_that_is_edited_in_the_middle_asks_again(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.speaks_far()
    assert hall.recorded == [ADA_FAR]
    changed = SetRecordingTerms(id="x", terms=RecordingTerms(retention_days=365))
    assert hall.do("host", changed) is None
    assert hall.recorded == [], "at once"
    assert ADA_FAR in hall.room.open_ssrcs, "they go on speaking"
    assert answer_of(hall.room.view, "ada") is None
    hall.yes("ada")
    assert hall.recorded == [ADA_FAR]


def test_an_answer_to_a_text_that_was_edited_meanwhile_does_not_count(hall: Recorded) -> None:
    hall.record()
    assert hall.room.view.recording is not None
    old = hall.room.view.recording.notice.version
    hall.do("host", SetRecordingTerms(id="x", terms=RecordingTerms(contact="ben@example.org")))
    late = AnswerRecording(id="x", recorded=True, published=True, text_version=old)
    assert hall.do("ada", late) is RefusalCode.TEXT_CHANGED
    assert hall.room.view.consents == ()


def test_catching_up_is_not_switched_on_while_it_goes_on(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada", published=True)
    late = SetRecordingTerms(id="x", terms=RecordingTerms(catch_up=True))
    assert hall.do("host", late) is RefusalCode.NOT_ALLOWED
    assert hall.room.view.recording is not None
    assert not hall.room.view.recording.terms.catch_up
    assert answer_of(hall.room.view, "ada") is not None, "nobody is asked again for it"


def test_catching_up_is_switched_off_for_good(hall: Recorded) -> None:
    hall.record(catch_up=True)
    kept = SetRecordingTerms(id="x", terms=RecordingTerms(catch_up=True, retention_days=7))
    assert hall.do("host", kept) is None
    assert hall.do("host", SetRecordingTerms(id="x", terms=RecordingTerms())) is None
    assert hall.do("host", kept) is RefusalCode.NOT_ALLOWED


def test_terms_that_say_the_same_change_nothing(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.do("host", SetRecordingTerms(id="x", terms=RecordingTerms()))
    assert answer_of(hall.room.view, "ada") is not None


def test_a_new_recording_asks_again(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.do("host", StopRecording(id="x"))
    hall.record()
    assert hall.do("ada", RaiseHand(id="x")) is RefusalCode.CONSENT_NEEDED
