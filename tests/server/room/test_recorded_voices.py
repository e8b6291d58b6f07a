"""Whose microphones are in a recording, what stands beside the sound, and withdrawing."""

import pytest

from fakes.consent_hall import LEAVE, TAKE, Recorded, recorded_hall
from fakes.gathering import DESK, LECTERN, far_microphone
from parvis_server.room.members import Member
from parvis_server.room.permissions import OPERATOR
from parvis_server.room.recording import for_the_record
from parvis_server.room.results import Voice, VoiceKind
from parvis_wire.commands import (
    Command,
    GiveFloor,
    LeaveSeat,
    RaiseHand,
    ReadOut,
    SilenceAll,
    TakeSeat,
)
from parvis_wire.floor import RoomHost, TurnState
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.recording import (
    RecordingTerms,
    SetRecordingTerms,
    StopRecording,
    Unattended,
    WithdrawVoice,
)
from parvis_wire.room_events import HostJoined
from parvis_wire.room_view import ANONYMOUS_NAME, for_public


@pytest.fixture
def hall() -> Recorded:
    return recorded_hall()


# Units


@pytest.mark.parametrize(
    ("rule", "is_in", "is_published"),
    [
        (Unattended.LEFT_OUT, False, False),
        (Unattended.RECORDED, True, False),
        (Unattended.PUBLISHED, True, True),
    ],
)
def test_a_seat_without_a_person_follows_the_announced_rule(
    rule: Unattended, is_in: bool, is_published: bool, hall: Recorded
) -> None:
    hall.record(unattended=rule)
    hall.speaks_at("t1")
    assert hall.recorded == [1] * is_in
    if is_in:
        assert hall.voice == Voice(1, VoiceKind.UNIT, "t1", "Table 1", is_published)


def test_a_person_who_is_attached_to_a_seat_answers_on_their_phone(hall: Recorded) -> None:
    hall.do("cleo", TakeSeat(id="x", code="code-1", name="Cleo"))
    hall.record(unattended=Unattended.PUBLISHED)
    hall.speaks_at("t1")
    assert hall.floor == [("cleo", "live")]
    assert hall.recorded == [], "nobody has asked her"
    hall.yes("cleo")
    assert hall.voice == Voice(1, VoiceKind.UNIT, "cleo", "Cleo", is_published=False)
    hall.no("cleo")
    assert hall.recorded == []


def test_who_refuses_and_goes_on_stage_through_a_shared_unit_is_not_recorded(
    hall: Recorded,
) -> None:
    hall.record(unattended=Unattended.RECORDED)
    hall.no("cleo")
    hall.raise_hands("cleo")
    hall.do("host", GiveFloor(id="x", participant="cleo"))
    hall.speaks_at("t1")
    assert hall.floor == [("cleo", "live")], "the press took her turn"
    assert hall.recorded == []


def test_a_unit_where_somebody_sits_who_refused_is_not_in_it_whoever_presses(
    hall: Recorded,
) -> None:
    hall.do("cleo", TakeSeat(id="x", code="code-1", name="Cleo"))
    hall.record(unattended=Unattended.RECORDED)
    hall.no("cleo")
    assert hall.do("cleo", RaiseHand(id="x", text="Why?", written=True)) is None
    hall.do("t1", RaiseHand(id="x", another=True))
    hall.do("host", GiveFloor(id="x", participant="t1"))
    assert hall.press("t1") is None
    assert ("t1", "live") in hall.floor
    assert hall.recorded == []
    hall.yes("cleo")
    assert hall.recorded == [1]


def test_who_leaves_the_seat_leaves_it_to_the_rule(hall: Recorded) -> None:
    hall.do("cleo", TakeSeat(id="x", code="code-1", name="Cleo"))
    hall.record(unattended=Unattended.RECORDED)
    hall.no("cleo")
    hall.do("cleo", LeaveSeat(id="x"))
    hall.speaks_at("t1")
    assert hall.recorded == [1]


def test_a_tables_own_microphone_says_who_answered_for_it(hall: Recorded) -> None:
    hall.come(LECTERN)
    hall.record(unattended=Unattended.PUBLISHED)
    hall.do("host", GiveFloor(id="x", participant="t1"))
    assert hall.press("t1") is None
    assert {voice.answered_by for voice in hall.room.recorded_voices} == {()}
    hall.yes("cleo", published=True)
    hall.do("cleo", TakeSeat(id="x", code="code-1", name="Cleo"))
    [table] = [voice for voice in hall.room.recorded_voices if voice.participant == "t1"]
    assert (table.answered_by, table.is_published) == ((("cleo", "Cleo"),), True)
    assert table in hall.recorded_voices_told, "the recorder begins another track"
    hall.do("cleo", WithdrawVoice(id="x"))
    assert [voice.participant for voice in hall.room.recorded_voices] == [LECTERN.participant]


def test_a_unit_keeps_out_who_refused_where_nobody_speaks_unrecorded(hall: Recorded) -> None:
    hall.do("cleo", TakeSeat(id="x", code="code-1", name="Cleo"))
    hall.record(unrecorded_may_speak=False)
    assert hall.press("t1") is RefusalCode.CONSENT_NEEDED
    hall.no("cleo")
    assert hall.press("t1") is RefusalCode.NOT_RECORDED
    assert hall.press("t2") is None, "nobody sits there"
    hall.yes("cleo")
    assert hall.press("t1") is None


def test_microphones_that_are_always_open_follow_the_rule(hall: Recorded) -> None:
    hall.come(LECTERN)
    hall.come(DESK)
    hall.record(unattended=Unattended.RECORDED)
    assert hall.recorded == [4, 5]
    assert [voice.kind for voice in hall.room.recorded_voices] == [VoiceKind.UNIT, VoiceKind.DESK]
    hall.do("host", SetRecordingTerms(id="x", terms=RecordingTerms()))
    assert hall.recorded == []


def test_somebody_far_away_who_sends_from_the_start_answers_for_themselves(
    hall: Recorded,
) -> None:
    hall.come(Member("far", Role.SPEAKER, name="Far", ssrc=7, output_ssrc=8, always_open=True))
    hall.record(unattended=Unattended.PUBLISHED)
    assert 7 in hall.room.open_ssrcs
    assert hall.recorded == []
    hall.yes("far")
    assert hall.voice == Voice(7, VoiceKind.SPEAKER, "far", "Far", is_published=False)


def test_a_unit_that_restarts_under_another_source_is_in_it_again(hall: Recorded) -> None:
    hall.record(unattended=Unattended.RECORDED)
    hall.speaks_at("t1")
    hall.come(Member("t1", Role.UNIT, name="Table 1", ssrc=91))
    assert hall.recorded == [91]


def test_silence_and_mute_hold_in_the_recording(hall: Recorded) -> None:
    hall.record(unattended=Unattended.RECORDED)
    hall.speaks_at("t1")
    hall.do("host", SilenceAll(id="x", on=True))
    assert hall.recorded == []


# The hub's voice, and names


def test_a_question_that_is_read_out_is_in_it_when_its_writer_said_yes() -> None:
    hall = Recorded(has_voice=True)
    hall.record()
    for who in ("ada", "ben"):
        assert hall.do(who, RaiseHand(id="x", text="Why?", written=True)) is None
    hall.yes("ada")
    for who, is_in in (("ada", True), ("ben", False)):
        hall.do("host", GiveFloor(id="x", participant=who))
        hall.do("host", ReadOut(id="x", participant=who))
        hall._take(hall.room.read_started(who, 99, hall.now_ns))
        assert hall.recorded == [99] * is_in
        if is_in:
            assert hall.voice.kind is VoiceKind.READ
        hall._take(hall.room.read_ended(who, hall.now_ns))


def test_an_anonymous_voice_has_no_name(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hand = RaiseHand(id="x", text="Why?", anonymous=True, speaks=True)
    assert hall.do("ada", hand) is None
    hall.come(far_microphone("ada"))
    assert hall.do("ada-mic", TAKE) is None
    assert hall.voice.name == ANONYMOUS_NAME


def kept(hall: Recorded) -> str:
    """What stands beside the sound."""
    view, told = hall.room.view, []
    for stored in hall.log:
        told.append(for_the_record(view, stored.event(), hall.room.sounding).model_dump_json())
    return "\n".join(told)


def test_beside_the_sound_is_no_name_and_no_word_of_who_did_not_say_yes(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    hall.no("ben")
    for who, text in (("ada", "Hers"), ("ben", "His"), ("cleo", "Unasked")):
        hand = RaiseHand(id="x", text=text, written=True)
        assert hall.do(who, hand) is None
    hall.speaks_at("t1")
    text = kept(hall)
    assert "Hers" in text
    assert '"Ada"' in text
    assert "Table 1" in text
    for secret in ("His", "Ben", "Unasked", "Cleo", "Hera"):
        assert secret not in text


def test_who_sends_from_far_away_is_named_beside_the_sound_after_their_yes_alone(
    hall: Recorded,
) -> None:
    far = Member("far", Role.SPEAKER, name="Farah", ssrc=7, output_ssrc=8, always_open=True)
    hall.record()
    hall.come(LECTERN)
    hall.come(far)
    assert "Farah" not in kept(hall)
    assert "Lectern" in kept(hall), "a unit is no person"
    hall.yes("far")
    assert "Farah" in kept(hall)


def test_a_host_who_said_yes_is_named_beside_the_sound(hall: Recorded) -> None:
    hall.record()
    hall.yes("host")
    joined = HostJoined(host=RoomHost(participant="host", name="Hera", rank="host"))
    assert for_the_record(hall.room.view, joined, ()) == joined


# Who sees the answers, and withdrawing


def test_hosts_alone_see_who_answered_what(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    [consent] = hall.room.view.consents
    assert (consent.participant, consent.name, consent.recorded) == ("ada", "Ada", True)
    assert hall.room.view.recording is not None
    assert consent.text_version == hall.room.view.recording.notice.version
    assert for_public(hall.room.view).consents == ()


@pytest.mark.parametrize("by", ["ada", "host", OPERATOR])
def test_a_voice_is_withdrawn_by_its_owner_or_a_host(by: str, hall: Recorded) -> None:
    hall.record()
    hall.yes("ada", published=True)
    hall.speaks_far()
    whose = None if by == "ada" else "ada"
    assert hall.do(by, WithdrawVoice(id="x", participant=whose)) is None
    assert hall.recorded == []
    assert hall.said[-2:] == ["withdrew", "sources_recorded"]


def test_nobody_withdraws_somebody_elses_voice(hall: Recorded) -> None:
    hall.record()
    hall.yes("ada")
    withdraw = WithdrawVoice(id="x", participant="ada")
    assert hall.do("ben", withdraw) is RefusalCode.NOT_ALLOWED
    assert hall.do("ben", WithdrawVoice(id="x")) is RefusalCode.NO_RECORDING, "it has none of his"


def test_a_voice_is_withdrawn_long_after_the_recording(hall: Recorded) -> None:
    hall.record()
    assert hall.room.view.recording is not None
    which = hall.room.view.recording.recording
    hall.yes("ada")
    hall.do("host", StopRecording(id="x"))
    hall.record()
    withdraw = WithdrawVoice(id="x", recording=which)
    assert hall.do("ada", withdraw) is None
    assert (which, "ada") in hall.room.state.memory.withdrawn
    before = len(hall.said)
    assert hall.do("ada", withdraw) is None
    assert len(hall.said) == before, "twice is once"
    unknown = WithdrawVoice(id="x", recording="19990101T000000Z-1")
    assert hall.do("host", unknown.model_copy(update={"participant": "ada"})) is (
        RefusalCode.NO_RECORDING
    )


def test_who_says_yes_again_can_withdraw_again(hall: Recorded) -> None:
    hall.record()
    for _ in range(2):
        hall.yes("ada")
        assert hall.do("ada", WithdrawVoice(id="x")) is None
        assert hall.room.view.consents[0].recorded is False


def test_a_yes_while_it_goes_on_takes_a_withdrawal_back_and_nothing_does_afterwards(
    hall: Recorded,
) -> None:
    hall.record()
    assert hall.room.view.recording is not None
    theirs = (hall.room.view.recording.recording, "ada")
    hall.yes("ada")
    assert hall.do("ada", WithdrawVoice(id="x")) is None
    hall.yes("ada")
    assert theirs not in hall.room.state.memory.withdrawn, "as the page has told her"
    assert hall.do("ada", WithdrawVoice(id="x")) is None
    hall.do("host", StopRecording(id="x"))
    assert hall.answer("ada", recorded=True) is RefusalCode.NO_RECORDING
    hall.record()
    hall.yes("ada")
    assert theirs in hall.room.state.memory.withdrawn, "a yes is to one recording"


# From the log


def test_the_room_that_is_built_from_its_log_records_the_same(hall: Recorded) -> None:
    hall.record(unattended=Unattended.RECORDED)
    hall.yes("ada", published=True)
    hall.no("ben")
    hall.speaks_far()
    hall.speaks_at("t1")
    again = hall.replayed()
    assert again.state == hall.room.state
    assert again.recorded_voices == hall.room.recorded_voices
    assert len(again.recorded_voices) == 2


def test_the_log_says_at_each_moment_what_is_in_the_recording(hall: Recorded) -> None:
    commands: list[tuple[str, Command]] = [("t1", TAKE), ("t2", TAKE), ("t1", LEAVE), ("t3", TAKE)]
    hall.record(unattended=Unattended.RECORDED)
    for who, command in commands:
        assert hall.do(who, command) is None
        live = [turn for turn in hall.room.view.floor if turn.state is TurnState.LIVE]
        assert hall.room.view.recording is not None
        assert set(hall.room.view.recording.sources) == {turn.ssrc for turn in live}
