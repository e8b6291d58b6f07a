"""Whatever people do, in whatever order: who refused, or was not asked, is in no recording.

Hosts, people far away and at tables, a lectern, a speaker who sends from the start and the hub's
voice act at random while recordings begin, end and change their text. A bookkeeper of its own, who
knows only which answers were accepted to which text, says at each step who may be in the record
bus; the promises of the line and the floor are held against the same evenings.
"""

from dataclasses import dataclass, replace

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from fakes.gathering import WRITE_NOTICE, far_microphone
from fakes.promises import MEMBERS, VOICE_SSRC, Promises
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member
from parvis_server.room.recording import for_the_record
from parvis_server.room.results import RecordVoices, Result, Voice
from parvis_server.room.room import Room
from parvis_wire import commands as c
from parvis_wire import recording as r
from parvis_wire.commands import Command
from parvis_wire.floor import About, FloorMode, FloorRules, Phase, microphone_of
from parvis_wire.messages import RefusalCode, Role

FAR = Member("far", Role.SPEAKER, name="Farah", ssrc=61, output_ssrc=62, always_open=True)
CAST = {**MEMBERS, FAR.participant: FAR}
UNITS = ("table-1", "table-2", "chair")
ALWAYS_OPEN = ("lectern", "desk")
PHONES = ("ada", "ben", "cleo")
PEOPLE = (*PHONES, "far", "host", "helper")
SEATS = {"code-1": "table-1", "code-2": "table-2", "code-9": "lectern"}
CONTACTS = ("ada@example.org", "ben@example.org")

people = st.sampled_from(PEOPLE)
phones = st.sampled_from(PHONES)
units = st.sampled_from(UNITS)
flags = st.booleans()
terms = st.builds(
    r.RecordingTerms,
    retention_days=st.sampled_from([1, 30]),
    unattended=st.sampled_from(r.Unattended),
    unrecorded_may_speak=flags,
    contact=st.sampled_from(CONTACTS),
)


@dataclass
class Books:
    """What the bookkeeper knows."""

    text: str | None = None
    """The text that counts; None: nothing is recorded."""
    rule: r.Unattended = r.Unattended.LEFT_OUT
    yes: dict[str, bool] | None = None
    """Who said yes to this text in this recording, and whether to publishing, too."""


class ARecordedEvening(Promises):
    """People come, answer, press, go."""

    cast = CAST

    @initialize(mode=st.sampled_from(FloorMode), cap=st.integers(1, 4), has_voice=flags)
    def open_the_room(self, mode: FloorMode, cap: int, has_voice: bool) -> None:
        self.now_ns, self.count, self.has_voice = 3600 * NS_PER_S, 0, has_voice
        self.books = Books(yes={})
        self.bus: tuple[Voice, ...] = ()
        self.seats: dict[str, str] = {}
        self.begin(
            Room(
                "main", RoomClock(origin_ns=0), about=About(title="Town hall"),
                has_voice=has_voice, seat_of=SEATS.get, write_notice=WRITE_NOTICE,
                now_ns=self.now_ns,
            )
        )  # fmt: skip
        for participant in CAST:
            if CAST[participant].speaks_for is None:
                self.join(participant)
        self._do("host", c.SetRules(id="x", rules=FloorRules(mode=mode, cap=cap)))

    def take(self, result: Result, *, own_press: bool = False) -> None:
        super().take(result, own_press=own_press)
        for effect in result.effects:
            if isinstance(effect, RecordVoices):
                self.bus = effect.voices
        for change in result.events:
            match change.event:
                case r.RecordingStarted(recording=begun):
                    self.books = Books(begun.notice.version, begun.terms.unattended, {})
                case r.RecordingChanged(terms=changed, notice=notice):
                    self.books = Books(notice.version, changed.unattended, {})
                case r.RecordingStopped():
                    self.books = Books(yes={})

    # The recording

    @rule(who=st.sampled_from(("host", "host", "helper", "ada")), how=terms)
    def start(self, who: str, how: r.RecordingTerms) -> None:
        self._do(who, r.StartRecording(id="x", terms=how))

    @rule(who=st.sampled_from(("host", "helper", "ada")))
    def stop(self, who: str) -> None:
        self._do(who, r.StopRecording(id="x"))

    @rule(how=terms)
    def edit_the_text(self, how: r.RecordingTerms) -> None:
        before = dict(self.books.yes or {})
        text = self.books.text
        self._do("host", r.SetRecordingTerms(id="x", terms=how))
        if self.books.text == text:  # nothing was said otherwise
            self.books.yes = before

    @rule(who=people, recorded=flags, published=flags, old=st.sampled_from([False] * 4 + [True]))
    def answer(self, who: str, recorded: bool, published: bool, old: bool) -> None:
        text = "0" * 16 if old or self.books.text is None else self.books.text
        command = r.AnswerRecording(
            id="x", recorded=recorded, published=published, text_version=text
        )
        if self._do(who, command) is None:
            assert text == self.books.text, "an answer is to the text that counts"
            assert self.books.yes is not None
            self.books.yes.pop(who, None)
            if recorded:
                self.books.yes[who] = published

    @rule(
        who=st.sampled_from(("ada", "ben", "far", "host")), whose=st.sampled_from((None, *PHONES))
    )
    def withdraw(self, who: str, whose: str | None) -> None:
        withdrawn = self._do(who, r.WithdrawVoice(id="x", participant=whose)) is None
        if withdrawn and self.books.yes is not None:
            self.books.yes.pop(whose or who, None)

    # The floor

    @rule(who=st.sampled_from(tuple(CAST)))
    def join(self, who: str) -> None:
        if CAST[who].speaks_for is None:
            self.take(self.room.joined(CAST[who], self.now_ns))

    @rule(who=st.sampled_from((*PHONES, *UNITS, *ALWAYS_OPEN, "host", "far")))
    def leave(self, who: str) -> None:
        self.take(self.room.left(who, self.now_ns))

    @rule(unit=st.sampled_from((*UNITS, *ALWAYS_OPEN)))
    def a_unit_restarts(self, unit: str) -> None:
        self.count += 1
        renewed = replace(CAST[unit], ssrc=100 + self.count)
        self.take(self.room.joined(renewed, self.now_ns))

    @rule(who=phones, code=st.sampled_from((None, *SEATS)))
    def sit_down_or_leave(self, who: str, code: str | None) -> None:
        name = str(CAST[who].name or who).title()
        sit = c.TakeSeat(id="x", code=code, name=name) if code else c.LeaveSeat(id="x")
        self._do(who, sit)

    @rule(who=phones, written=flags, anonymous=flags)
    def raise_hand(self, who: str, written: bool, anonymous: bool) -> None:
        command = c.RaiseHand(
            id="x", name=who.title(), text=f"{who} asks", written=written, anonymous=anonymous,
            speaks=True,
        )  # fmt: skip
        refused = self._do(who, command)
        yes = self.books.yes or {}
        if self.books.text is not None and refused is None and not written:
            asked = {consent.participant for consent in self.room.view.consents}
            assert who in yes or who in asked, "who raises a spoken hand was asked first"

    @rule(unit=units, another=flags)
    def press_to_raise(self, unit: str, another: bool) -> None:
        self._do(unit, c.RaiseHand(id="x", another=another))

    @rule(unit=units)
    def press_to_talk(self, unit: str) -> None:
        self._do(unit, c.TakeFloor(id="x"))

    @rule(who=st.sampled_from(("ada", "ben")), ssrc=st.sampled_from((21, 31)))
    def speak_by_phone(self, who: str, ssrc: int) -> None:
        self._do("host", c.GiveFloor(id="x", participant=who))
        if self.room.may_speak(who, self.now_ns):
            self.take(self.room.joined(far_microphone(who, ssrc + ord(who[0])), self.now_ns))
            refused = self._do(microphone_of(who), c.TakeFloor(id="x"))
            if self.books.text is not None and refused is None:
                known = {consent.participant for consent in self.room.view.consents}
                assert who in known, "who goes on stage by phone was asked first"

    @rule(which=st.integers(0, 9))
    def give_floor(self, which: int) -> None:
        assume(self.order)
        self._do("host", c.GiveFloor(id="x", participant=self.order[which % len(self.order)]))

    @rule(who=st.sampled_from((*PHONES, *UNITS)))
    def step_down(self, who: str) -> None:
        self._do(who, c.LeaveFloor(id="x"))

    @rule(ends=flags)
    def the_voice_reads(self, ends: bool) -> None:
        for turn in self.room.view.floor:
            self._do("host", c.ReadOut(id="x", participant=turn.participant))
        assume(self.reading)
        who = sorted(self.reading)[0]
        if ends:
            self.take(self.room.read_ended(who, self.now_ns))
            self.reading.discard(who)
        else:
            self.take(self.room.read_started(who, VOICE_SSRC, self.now_ns))

    @rule(on=flags)
    def silence(self, on: bool) -> None:
        self._do("host", c.SilenceAll(id="x", on=on))

    @rule(phase=st.sampled_from((Phase.BACKSTAGE, Phase.LIVE, Phase.LIVE)))
    def set_phase(self, phase: Phase) -> None:
        self._do("host", c.SetPhase(id="x", phase=phase))

    @rule(seconds=st.sampled_from((0.5, 10, 60, 1000)))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)
        self.take(self.room.expire(self.now_ns))

    def _do(self, who: str, command: Command) -> RefusalCode | None:
        if self.room.member(who) is None:
            if who.endswith("-mic"):
                return RefusalCode.NOT_HERE
            self.take(self.room.joined(CAST[who], self.now_ns))
        self.count += 1
        command = command.model_copy(update={"id": f"c{self.count}"})
        result = self.room.handle(command, who, self.now_ns, utc_ms=self.count)
        self.take(result, own_press=command.type == "take_floor")
        assert result.ack is not None
        return result.ack.refused

    # What always holds

    def _may_be_in(self) -> dict[int, tuple[str, bool]]:
        """By the books: each source that may be in the bus, who speaks, and whether to publish."""
        allowed: dict[int, tuple[str, bool]] = {}
        if self.books.text is None:
            return allowed
        view = self.room.view
        roles = {member.participant: member.role for member in self.room.sounding}
        for turn in view.floor:
            if turn.state == "live" and turn.ssrc is not None:
                unit = turn.unit if turn.participant.split("~")[0] in UNITS else None
                self._allow(allowed, turn.ssrc, turn.participant, unit)
        for microphone in view.microphones:
            is_unit = roles.get(microphone.unit) is Role.UNIT
            self._allow(
                allowed, microphone.ssrc, microphone.unit, microphone.unit if is_unit else None
            )
        return allowed

    def _allow(
        self, allowed: dict[int, tuple[str, bool]], ssrc: int, who: str, unit: str | None
    ) -> None:
        """``unit``: nobody is known to speak there, so those who sit there count, or the rule."""
        yes = self.books.yes or {}
        speakers = [who]
        if unit is not None:
            speakers = [seat.participant for seat in self.room.view.seats if seat.unit == unit]
            if not speakers:
                if self.books.rule is not r.Unattended.LEFT_OUT:
                    allowed[ssrc] = (who, self.books.rule is r.Unattended.PUBLISHED)
                return
        if all(one in yes for one in speakers):
            allowed[ssrc] = (who, all(yes[one] for one in speakers))

    @invariant()
    def nobody_is_recorded_who_refused_or_was_not_asked(self) -> None:
        allowed, open_now = self._may_be_in(), self.room.open_ssrcs
        in_bus = {voice.ssrc: (voice.participant, voice.is_published) for voice in self.bus}
        wanted = {ssrc: said for ssrc, said in allowed.items() if ssrc in open_now}
        assert in_bus == wanted, "exactly those who said yes, and are heard"
        assert self.bus == self.room.recorded_voices, "the hub was told"

    @invariant()
    def everybody_is_told_what_is_recorded(self) -> None:
        recording = self.public.recording
        assert (recording is not None) == (self.books.text is not None)
        if recording is not None:
            assert recording.notice.version == self.books.text
            assert {voice.ssrc for voice in self.bus} <= set(recording.sources)
            assert set(recording.sources) == set(self._may_be_in())
            assert self.room.view.phase is Phase.LIVE
        assert self.public.consents == ()

    @invariant()
    def no_name_of_theirs_stands_beside_the_sound(self) -> None:
        yes, view = self.books.yes or {}, self.room.view
        if not self.log:
            return
        newest = self.log[-1].event()
        kept = for_the_record(view, newest, self.room.sounding).model_dump_json()
        if newest.type == "microphone_opened" and "far" not in yes:
            assert "Farah" not in kept
        if newest.type in ("hand_raised", "floor_taken", "seat_taken"):
            for who in PHONES:
                if who not in yes:
                    assert f'"{who.title()}"' not in kept
                    assert f"{who} asks" not in kept


ARecordedEvening.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None
)
TestARecordedEvening = ARecordedEvening.TestCase
