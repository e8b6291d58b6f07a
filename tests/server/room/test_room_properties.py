"""Whatever people do, in whatever order: the promises of the line and the floor hold.

Hosts, co-hosts, listeners, people in the hall, units with one and with several people, blocked
people and the hub's voice act at random, in every mode; a host's and an ordinary client fold what
they are sent, and at the end the room is built again from its log.
"""

from dataclasses import replace

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from fakes.promises import MEMBERS, VOICE_SSRC, Promises
from parvis_server.room.clock import NS_PER_S, RoomClock
from parvis_server.room.members import Member
from parvis_server.room.room import Room
from parvis_wire import commands as c
from parvis_wire.commands import Command
from parvis_wire.floor import (
    About,
    FloorMode,
    FloorRules,
    InviteRole,
    LowerReason,
    Mute,
    Phase,
    Rank,
    microphone_of,
)
from parvis_wire.messages import Role
from parvis_wire.room_events import (
    FloorTaken,
)

UNITS = ("table-1", "table-2", "chair")
HOSTS = ("host", "host-2", "helper")
AN_HOUR_S = 3600

PHONES = ("ada", "ben", "cleo")
people = st.sampled_from(sorted(MEMBERS))
microphones = st.sampled_from([microphone_of("ada"), microphone_of("ben")])
mostly_hosts = st.sampled_from([*HOSTS, "host", "host", "chair", "ada", "table-1"])
mostly_hands = st.sampled_from([*PHONES, *PHONES, *UNITS, *sorted(MEMBERS)])
hands_of = st.sampled_from([*sorted(MEMBERS), "table-1~2", "table-2~2"])
flags = st.booleans()
lines = st.sampled_from([None, "Why?", "When?"])
rules = st.builds(
    FloorRules,
    mode=st.sampled_from(FloorMode),
    cap=st.integers(1, 3),
    turn_s=st.sampled_from([None, 10, 60]),
    fresh_first=flags,
    replies=flags,
    takes_hands=st.sampled_from([True, True, True, False]),
)


class AnEvening(Promises):
    """People come, press, go; clients fold what they are sent."""

    @initialize(mode=st.sampled_from(FloorMode), cap=st.integers(1, 2), has_voice=flags)
    def open_the_room(self, mode: FloorMode, cap: int, has_voice: bool) -> None:
        self.now_ns = AN_HOUR_S * NS_PER_S
        self.count = 0
        self.has_voice = has_voice
        self.begin(self._make(has_voice))
        for participant in MEMBERS:
            self.join(participant)
        self._do("host", c.SetRules(id="x", rules=FloorRules(mode=mode, cap=cap)))

    def _make(self, has_voice: bool) -> Room:
        return Room(
            "main", RoomClock(origin_ns=0), about=About(title="Town hall"), has_voice=has_voice,
            seat_of={"code": "table-2"}.get, now_ns=self.now_ns,
        )  # fmt: skip

    # Who is there

    @rule(who=people)
    def join(self, who: str) -> None:
        self.shown_out.discard(who)
        self.take(self.room.joined(MEMBERS[who], self.now_ns))

    @rule(who=people)
    def leave(self, who: str) -> None:
        self.take(self.room.left(who, self.now_ns))

    @rule()
    def nobody_runs_the_room(self) -> None:
        for who in HOSTS:
            self.leave(who)
        self.time_passes(60)

    @rule(cohost=flags)
    def a_host_goes_home(self, cohost: bool) -> None:
        for who in HOSTS[: 1 + cohost]:
            self.leave(who)
        self.time_passes(60)

    @rule(who=st.sampled_from(HOSTS))
    def those_who_run_the_room_come_back(self, who: str) -> None:
        self.join(who)

    @rule(unit=st.sampled_from(UNITS))
    def a_unit_restarts(self, unit: str) -> None:
        ssrc = 10 + self.count
        member = MEMBERS[unit]
        renewed = Member(unit, Role.UNIT, name=member.name, ssrc=ssrc)
        self.take(self.room.joined(renewed, self.now_ns))

    @rule(who=st.sampled_from(("ada", "ben")), ssrc=st.sampled_from([None, 31, 32]))
    def a_phone_comes_as_a_microphone(self, who: str, ssrc: int | None) -> None:
        if self.room.may_speak(who, self.now_ns):
            microphone = microphone_of(who)
            self.join(microphone)
            if ssrc is not None:  # the page was loaded anew, or the hub restarted
                renewed = replace(MEMBERS[microphone], ssrc=ssrc + ord(who[0]))
                self.take(self.room.joined(renewed, self.now_ns))

    @rule(who=st.sampled_from(("ada", "ben")), goes_live=flags, why=st.sampled_from([None, *Mute]))
    def somebody_far_away_is_given_the_floor(
        self, who: str, goes_live: bool, why: Mute | None
    ) -> None:
        self.join(who)
        self.join("host")
        self._do(who, c.RaiseHand(id="x", name=who, speaks=True))
        self._do("host", c.GiveFloor(id="x", participant=who))
        self.a_phone_comes_as_a_microphone(who, None)
        if goes_live and self.room.member(microphone_of(who)) is not None:
            self._do(microphone_of(who), c.TakeFloor(id="x"))
            self._do(microphone_of(who), c.SetMuted(id="x", muted=why))

    # What they do

    @rule(who=microphones)
    def press_on_a_phone(self, who: str) -> None:
        if self.room.member(who) is not None:
            self._do(who, c.TakeFloor(id="x"))

    @rule(who=microphones, why=st.sampled_from([None, *Mute]))
    def mute(self, who: str, why: Mute | None) -> None:
        if self.room.member(who) is not None:
            self._do(who, c.SetMuted(id="x", muted=why))

    @rule(who=mostly_hands, written=flags, anonymous=flags, text=lines, reply=flags, more=flags)
    def raise_hand(
        self, who: str, written: bool, anonymous: bool, text: str | None, reply: bool, more: bool
    ) -> None:
        command = c.RaiseHand(
            id="x", name="Ada" if who == "ada" else None, text=text, written=written and bool(text),
            anonymous=anonymous and bool(text), reply=reply, another=more, speaks=more,
        )  # fmt: skip
        self._do(who, command)

    @rule(unit=st.sampled_from(UNITS), another=flags)
    def press_to_raise(self, unit: str, another: bool) -> None:
        self._do(unit, c.RaiseHand(id="x", another=another))

    @rule(unit=st.sampled_from(UNITS))
    def press_to_talk(self, unit: str) -> None:
        self._do(unit, c.TakeFloor(id="x"))

    @rule(who=mostly_hands)
    def step_down(self, who: str) -> None:
        self._do(who, c.LeaveFloor(id="x"))

    @rule(who=people, whose=st.one_of(st.none(), hands_of))
    def lower_hand(self, who: str, whose: str | None) -> None:
        self._do(who, c.LowerHand(id="x", participant=whose))

    @rule(who=st.sampled_from(PHONES), seated=flags)
    def sit_down_or_leave(self, who: str, seated: bool) -> None:
        take = c.TakeSeat(id="x", code="code", name="Cleo")
        self._do(who, take if seated else c.LeaveSeat(id="x"))

    @rule()
    def everybody_raises(self) -> None:
        for who in (*PHONES, *UNITS):
            self._do(who, c.RaiseHand(id="x", name=None if who in UNITS else who))

    @rule()
    def everybody_presses(self) -> None:
        for unit in UNITS:
            self._do(unit, c.TakeFloor(id="x"))

    @rule(who=st.sampled_from([*HOSTS, "chair"]))
    def next_hand(self, who: str) -> None:
        self._do(who, c.Next(id="x"))

    @rule(who=mostly_hosts, which=st.integers(0, 9), place=st.integers(1, 4))
    def move_hand(self, who: str, which: int, place: int) -> None:
        self._do(who, c.MoveHand(id="x", participant=self._one_of(self.order, which), place=place))

    @rule(who=mostly_hosts, which=st.integers(0, 9))
    def give_floor(self, who: str, which: int) -> None:
        self._do(who, c.GiveFloor(id="x", participant=self._one_of(self.order, which)))

    @rule(which=st.integers(1, 5), away=flags)
    def somebody_comes_before_others(self, which: int, away: bool) -> None:
        self.join("host")
        self.everybody_raises()
        if away and self.order:
            self.leave(self.order[0].split("~")[0])
            self._do("host", c.Next(id="x"))
        else:
            self.give_floor("host", which)

    @rule(who=mostly_hosts, which=st.integers(0, 9), why=st.sampled_from([None, *LowerReason]))
    def end_turn(self, who: str, which: int, why: LowerReason | None) -> None:
        floor = [turn.participant for turn in self.client.floor]
        self._do(who, c.EndTurn(id="x", participant=self._one_of(floor, which), reason=why))

    def _one_of(self, some: list[str], which: int) -> str:
        return some[which % len(some)] if some else "nobody"

    @rule(who=mostly_hosts, whose=hands_of, on=flags, out=flags)
    def block(self, who: str, whose: str, on: bool, out: bool) -> None:
        blocked = c.Block(id="x", participant=whose, out=out)
        self._do(who, blocked if on else c.Unblock(id="x", participant=whose))

    @rule(who=st.sampled_from(HOSTS), rules=rules)
    def set_rules(self, who: str, rules: FloorRules) -> None:
        self._do(who, c.SetRules(id="x", rules=rules))

    @rule(who=mostly_hosts, on=flags)
    def silence(self, who: str, on: bool) -> None:
        self._do(who, c.SilenceAll(id="x", on=on))

    @rule(who=st.sampled_from(HOSTS))
    def undo(self, who: str) -> None:
        self._do(who, c.Undo(id="x"))

    @rule(who=mostly_hosts)
    def close_all(self, who: str) -> None:
        self._do(who, c.CloseAll(id="x"))

    @rule(who=mostly_hosts, whom=people, rank=st.sampled_from([None, *Rank]))
    def set_rank(self, who: str, whom: str, rank: Rank | None) -> None:
        self._do(who, c.SetRank(id="x", participant=whom, rank=rank))

    @rule(who=mostly_hosts, unit=people, on=flags)
    def set_host_unit(self, who: str, unit: str, on: bool) -> None:
        self._do(who, c.SetHostUnit(id="x", unit=unit, on=on))

    @rule(who=mostly_hosts, whom=people, on=flags)
    def keep_in_view(self, who: str, whom: str, on: bool) -> None:
        self._do(who, c.KeepInView(id="x", participant=whom, on=on))

    @rule(who=mostly_hosts, phase=st.sampled_from([Phase.SCHEDULED, Phase.BACKSTAGE, Phase.LIVE]))
    def set_phase(self, who: str, phase: Phase) -> None:
        self._do(who, c.SetPhase(id="x", phase=phase))

    @rule(who=mostly_hosts, begins=flags)
    def show_of_hands(self, who: str, begins: bool) -> None:
        self._do(who, c.OpenAsk(id="x", question="Yes?") if begins else c.CloseAsk(id="x"))
        self._do(who, c.AnswerAsk(id="x"))

    @rule(who=st.sampled_from(HOSTS), revoke=flags)
    def invite(self, who: str, revoke: bool) -> None:
        make = c.MakeInvite(id="x", role=InviteRole.AUDIENCE)
        self._do(who, c.RevokeInvite(id="x", number=1) if revoke else make)

    @rule(who=mostly_hosts, whose=hands_of)
    def read_out(self, who: str, whose: str) -> None:
        self._do(who, c.ReadOut(id="x", participant=whose))

    @rule(ends=flags)
    def the_voice_reads(self, ends: bool) -> None:
        assume(self.reading)
        who = sorted(self.reading)[0]
        if ends:
            self.take(self.room.read_ended(who, self.now_ns))
            self.reading.discard(who)
        else:
            self.take(self.room.read_started(who, VOICE_SSRC, self.now_ns))

    @rule(seconds=st.sampled_from([0.5, 2, 10, 20, 60, 300]))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)
        self.take(self.room.expire(self.now_ns))
        again = self.room.expire(self.now_ns)
        self.take(again)
        assert again.events == (), "everything that was due was done"

    def _do(self, who: str, command: Command) -> None:
        if self.room.member(who) is None:
            self.join(who)
        self.count += 1
        command = command.model_copy(update={"id": f"c{self.count}"})
        result = self.room.handle(command, who, self.now_ns, utc_ms=self.count)
        assert result.ack is not None
        assert result.ack.id == command.id
        assert not (result.ack.refused and (result.events or result.effects))
        if command.type in ("undo", "next", "give_floor", "set_rules"):
            assert not any(isinstance(change.event, FloorTaken) for change in result.events)
        self.take(result, own_press=command.type == "take_floor")
        again = self.room.handle(command, who, self.now_ns)
        assert (again.ack, again.events, again.effects) == (result.ack, (), ())


AnEvening.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnEvening = AnEvening.TestCase
