"""What waits for the log and what must not: closings are at once, the rest in order."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from parvis_server.net.consequences import Consequences
from parvis_server.room.members import Member
from parvis_server.room.results import (
    AttendTo,
    Evict,
    OpenSources,
    RecordVoices,
    Result,
    Voice,
    VoiceKind,
    Why,
)
from parvis_wire.messages import Ack, Attention, Change, Role
from parvis_wire.room_events import RoomEvent, Silenced

TABLE, LECTERN = (
    Member(name.lower(), Role.UNIT, name=name, ssrc=ssrc)
    for name, ssrc in (("Table", 1), ("Lectern", 2))
)


ADA, BEN = (
    Voice(ssrc, VoiceKind.PHONE, name.lower(), name, is_published=True)
    for ssrc, name in ((1, "Ada"), (2, "Ben"))
)


@dataclass
class HeldOutbox:
    """A log that is written when the test says so."""

    held: list[Callable[[], None]] = field(default_factory=list)

    def hold(self, result: Result, release: Callable[[], None]) -> None:
        self.held.append(release)

    def write_one(self) -> None:
        self.held.pop(0)()


@dataclass
class FakeHouse:
    """Notes what happens, in order."""

    said: list[Any] = field(default_factory=list)
    open: frozenset[int] = frozenset()
    event_taps: set[Callable[[RoomEvent], None]] = field(default_factory=set)
    room: Any = None
    engine: Any = None
    stage: Any = None
    bulletin: Any = None

    def __post_init__(self) -> None:
        self.engine = self.stage = self.bulletin = self

    def send_packet(self, rtp: bytes, arrival_ns: int) -> None:
        raise AssertionError("nothing is read here")

    def open_sources(self, sources: tuple[Member, ...]) -> None:
        self.open = frozenset(member.ssrc for member in sources if member.ssrc is not None)
        self.said.append(("open", sorted(self.open)))

    def change(self, change: Change) -> None:
        self.said.append(("told", change.seq))

    def attend(self, participant: str, what: Attention) -> None:
        self.said.append((what.value, participant))

    def evict(self, participant: str, why: Why) -> None:
        self.said.append(("evicted", participant))


class Evening:
    """A house with a log that waits."""

    def __init__(self) -> None:
        self.house = FakeHouse()
        self.outbox = HeldOutbox()
        self._seq = 0
        self.consequences = Consequences(self.house, self.outbox, None, lambda: 0)
        self.consequences.on_voices = lambda voices: self.house.said.append(
            ("recorded", [voice.name for voice in voices])
        )

    def happen(self, *effects: Any, answer: str | None = None) -> None:
        self._seq += 1
        change = Change(seq=self._seq, room_clock=0, event=Silenced(on=False))
        result = Result(ack=answer and Ack(id=answer), events=(change,), effects=effects)  # type: ignore[arg-type]
        self.consequences.follow(result, lambda: self.house.said.append(("then", answer)))

    def recorded(self) -> list[list[str]]:
        """Who is in the recording, each time that it changed."""
        return [said[1] for said in self.house.said if said[0] == "recorded"]


def test_nothing_is_told_or_opened_before_it_is_written() -> None:
    evening = Evening()
    evening.happen(OpenSources((TABLE,)), AttendTo("p1", Attention.CHIME), answer="c1")
    assert evening.house.said == []
    evening.outbox.write_one()
    assert evening.house.said == [("told", 1), ("open", [1]), ("chime", "p1"), ("then", "c1")]


def test_a_closing_is_at_once_and_told_when_it_is_written() -> None:
    evening = Evening()
    evening.happen(OpenSources((TABLE, LECTERN)))
    evening.outbox.write_one()
    evening.house.said.clear()
    evening.happen(OpenSources((LECTERN,)))
    assert evening.house.said == [("open", [2])]
    evening.outbox.write_one()
    assert evening.house.open == {2}


def test_what_opens_and_closes_in_one_closes_at_once_and_opens_later() -> None:
    evening = Evening()
    evening.happen(OpenSources((TABLE,)))
    evening.outbox.write_one()
    evening.happen(OpenSources((LECTERN,)))
    assert evening.house.open == frozenset()
    evening.outbox.write_one()
    assert evening.house.open == {2}


def test_an_opening_that_was_taken_back_meanwhile_opens_nothing() -> None:
    evening = Evening()
    evening.happen(OpenSources((TABLE,)))
    evening.happen(OpenSources(()))
    evening.outbox.write_one()
    assert evening.house.open == frozenset()
    evening.outbox.write_one()
    assert evening.house.open == frozenset()
    assert [said for said in evening.house.said if said[0] == "told"] == [("told", 1), ("told", 2)]


def test_who_came_by_a_void_invitation_leaves() -> None:
    evening = Evening()
    evening.happen(Evict(("p1", "p2")))
    evening.outbox.write_one()
    assert ("evicted", "p1") in evening.house.said
    assert ("evicted", "p2") in evening.house.said


def test_whoever_listens_in_this_process_gets_each_event_once_it_is_told() -> None:
    evening = Evening()
    heard: list[RoomEvent] = []
    evening.house.event_taps.add(heard.append)
    evening.happen()
    assert heard == []
    evening.outbox.write_one()
    assert heard == [Silenced(on=False)]


def test_a_result_of_nothing_is_not_written() -> None:
    evening = Evening()
    Consequences(evening.house, evening.outbox, None, lambda: 0).follow(Result(), lambda: None)
    assert evening.outbox.held == []


def test_a_voice_that_is_not_to_be_recorded_leaves_before_that_is_written() -> None:
    evening = Evening()
    evening.happen(RecordVoices((ADA,)))
    assert evening.house.said == [], "nobody is recorded before it is written that they said yes"
    evening.outbox.write_one()
    assert evening.recorded() == [["Ada"]]
    evening.happen(RecordVoices((BEN,)))
    assert evening.recorded() == [["Ada"], []]
    evening.outbox.write_one()
    assert evening.recorded() == [["Ada"], [], ["Ben"]]


def test_a_yes_that_was_taken_back_meanwhile_records_nobody() -> None:
    evening = Evening()
    evening.happen(RecordVoices((ADA,)))
    evening.happen(RecordVoices(()))
    evening.outbox.write_one()
    evening.outbox.write_one()
    assert evening.recorded() == []


def test_a_voice_goes_on_while_another_answer_to_publishing_is_written() -> None:
    evening = Evening()
    evening.happen(RecordVoices((ADA,)))
    evening.outbox.write_one()
    evening.house.said.clear()
    evening.happen(RecordVoices((replace(ADA, is_published=False),)))
    assert evening.house.said == [("recorded", ["Ada"])], "it is known at once, and no gap"
