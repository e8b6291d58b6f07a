"""Events for a room's log: one of each type, and as many hands as a test wants."""

from parvis_server.store.events import StoredEvent
from parvis_wire.floor import (
    About,
    Ask,
    FloorRules,
    Hand,
    Invite,
    InviteRole,
    Microphone,
    Mute,
    Person,
    Phase,
    Rank,
    RoomHost,
    Seated,
    Surface,
    Tally,
)
from parvis_wire.recording import (
    Consent,
    Consented,
    Notice,
    NoticeWords,
    Recording,
    RecordingChanged,
    RecordingEnd,
    RecordingStarted,
    RecordingStopped,
    RecordingTerms,
    SourcesRecorded,
    Withdrew,
)
from parvis_wire.room_events import (
    AskClosed,
    Asked,
    AutopilotSet,
    Blocked,
    Described,
    FloorGranted,
    FloorReleased,
    FloorReminded,
    FloorReturned,
    FloorTaken,
    HandLowered,
    HandMoved,
    HandRaised,
    HeirActs,
    Hidden,
    HostJoined,
    HostLeft,
    HostUnitSet,
    InviteMade,
    InviteRevoked,
    KeptInView,
    MicrophoneClosed,
    MicrophoneOpened,
    PhaseSet,
    RoomEvent,
    RulesSet,
    SeatLeft,
    SeatTaken,
    Silenced,
    TurnInterrupted,
    TurnMuted,
    TurnResumed,
    Unblocked,
    UndoOffered,
)

HAND = Hand(
    participant="phone-1",
    name="Anna",
    surface=Surface.UNIT,
    unit="unit-4",
    unit_name="Table 4",
    text="Why?",
)

WORDS = NoticeWords(
    hearing="Recorded.", to_record="May it be?", to_publish="And published?", aloud="From now on."
)
NOTICE = Notice(version="0123456789abcdef", fr=WORDS, en=WORDS)
RECORDING = Recording(
    recording="20261123T190000Z-1",
    begun_at=800,
    begun_utc_ms=1_800_000_000_000,
    terms=RecordingTerms(),
    notice=NOTICE,
)

SAMPLES: tuple[RoomEvent, ...] = (
    HandRaised(hand=HAND),
    HandLowered(participant="phone-1"),
    HandMoved(participant="phone-1", place=2),
    FloorGranted(participant="phone-1", at=4, place="unit-4", place_name="Table 4"),
    FloorTaken(participant="phone-1", unit="unit-4", ssrc=7, hand=HAND, unit_name="Table 4"),
    FloorReminded(participant="phone-1"),
    FloorReturned(participant="phone-1", place=1, passed=True),
    TurnMuted(participant="phone-1", muted=Mute.HIDDEN),
    TurnInterrupted(participant="phone-1"),
    TurnResumed(participant="phone-1"),
    FloorReleased(participant="phone-1"),
    MicrophoneOpened(microphone=Microphone(unit="unit-4", name="Table 4", ssrc=7)),
    MicrophoneClosed(unit="unit-4"),
    RulesSet(rules=FloorRules(cap=3)),
    Silenced(on=True),
    PhaseSet(phase=Phase.LIVE, utc_ms=5),
    Described(about=About(title="Town hall", description="Come all")),
    SeatTaken(
        seated=Seated(participant="phone-1", name="Anna", unit="unit-4", unit_name="Table 4")
    ),
    SeatLeft(participant="phone-1"),
    HostUnitSet(unit="unit-4", on=True),
    KeptInView(participant="phone-1", on=True),
    HostJoined(host=RoomHost(participant="phone-2", name="Bernard", rank=Rank.HOST)),
    HostLeft(participant="phone-2"),
    HeirActs(participant=None),
    AutopilotSet(on=True),
    Asked(ask=Ask(number=1, question="Who agrees?", at=9)),
    AskClosed(tally=Tally(question="Who agrees?", yes_hall=1, yes_far=2, asked=9)),
    InviteMade(invite=Invite(number=1, role=InviteRole.SPEAKER, name="Anna")),
    InviteRevoked(number=1),
    Blocked(person=Person(participant="phone-1", name="Anna")),
    Unblocked(participant="phone-1"),
    UndoOffered(command="next"),
    Hidden(),
    RecordingStarted(recording=RECORDING),
    RecordingChanged(terms=RecordingTerms(retention_days=90), notice=NOTICE),
    RecordingStopped(recording=RECORDING.recording, reason=RecordingEnd.FAILED),
    SourcesRecorded(sources=(1, 9)),
    Consented(
        consent=Consent(
            participant="phone-1",
            name="Anna",
            recorded=True,
            published=False,
            text_version=NOTICE.version,
            at=810,
        )
    ),
    Withdrew(participant="phone-1", recording=RECORDING.recording),
)


def stored(
    event: RoomEvent,
    seq: int = 1,
    *,
    room: str = "main",
    utc_ms: int = 1_000,
    actor: str | None = None,
    command_id: str | None = None,
) -> StoredEvent:
    """The event as the log keeps it."""
    return StoredEvent.of(
        event,
        room=room,
        seq=seq,
        room_clock=seq * 48,
        utc_ms=utc_ms,
        actor=actor,
        command_id=command_id,
    )


def hands(first: int, last: int, room: str = "main") -> list[StoredEvent]:
    """One hand after the other, each by a command of its own."""
    return [
        stored(
            HandRaised(hand=HAND.model_copy(update={"participant": f"phone-{seq}"})),
            seq,
            room=room,
            actor=f"phone-{seq}",
            command_id=f"command-{seq}",
        )
        for seq in range(first, last + 1)
    ]
