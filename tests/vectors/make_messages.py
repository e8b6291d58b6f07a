"""Writes the vectors of messages beside it, one of each and more.

``python tests/vectors/make_messages.py`` writes; the page's tests and ``tests/wire`` read. A change
of a vector is a change of the protocol: it belongs into ``PROTOCOL.md`` in the same commit.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from edge_messages import of_an_edge
from recording_messages import of_a_recording, told_of_a_recording
from update_messages import of_an_update, told_of_an_update

from parvis_wire.audience import Avatar, Here, Pulse, React, Reaction, TokenKept
from parvis_wire.base import Wire
from parvis_wire.commands import (
    AnswerAsk,
    Block,
    CloseAll,
    CloseAsk,
    Describe,
    EndTurn,
    GiveFloor,
    Identify,
    KeepInView,
    LeaveFloor,
    LeaveSeat,
    LowerHand,
    MakeInvite,
    MoveHand,
    Next,
    OpenAsk,
    RaiseHand,
    ReadOut,
    RevokeInvite,
    SetHostUnit,
    SetMuted,
    SetPhase,
    SetRank,
    SetRules,
    SilenceAll,
    TakeFloor,
    TakeSeat,
    Unblock,
    Undo,
)
from parvis_wire.floor import (
    About,
    Access,
    FloorMode,
    FloorRules,
    Hand,
    InviteRole,
    LowerReason,
    Mute,
    Overtaking,
    Phase,
    Rank,
    Surface,
)
from parvis_wire.messages import (
    Ack,
    Attend,
    Attention,
    Change,
    Failure,
    HostCredential,
    InviteCredential,
    Join,
    Level,
    RefusalCode,
    Report,
    ResumeCredential,
    Role,
    Rung,
    Snapshot,
    Time,
    Welcome,
    serialize,
)
from parvis_wire.pairing import (
    Challenge,
    PairByCode,
    PairByPress,
    PairConfirm,
    PairPressed,
    PairRefusal,
    PairRefused,
    PairShare,
    Proof,
    UnitKey,
    Unpaired,
    WaitingUnit,
)
from parvis_wire.room_events import HandRaised, Hidden, TurnMuted
from parvis_wire.room_view import RoomView
from parvis_wire.stage import (
    Alarm,
    AlarmKind,
    Bus,
    CaptureTime,
    CheckResult,
    CheckSound,
    CheckState,
    Duplex,
    LinkKind,
    OutputKind,
    OutputReport,
    OutputStatus,
    OutputTraits,
    SetLift,
    SetSharing,
    SetSource,
    Shares,
    SourceKind,
    SourceStatus,
    SpeakerTraits,
    Status,
    TimeReply,
    TimeRequest,
    UnitStatus,
    UnitTraits,
)

HERE = Path(__file__).parent


def to_the_hub() -> Sequence[Wire]:
    """What units, listeners and hosts say."""
    return [
        Join(version=1, role=Role.LISTENER),
        Join(version=1, role=Role.HOST, credential=HostCredential(secret="s3cret")),
        Join(
            version=1,
            role=Role.UNIT,
            credential=ResumeCredential(token="p1.abc"),
            stream="st1",
            name="Table 2",
            unit=UnitTraits(always_open=True, link=LinkKind.WIFI),
        ),
        Join(
            version=1,
            role=Role.SCREEN,
            room="salon",
            credential=ResumeCredential(token="p2.abc"),
            invite=InviteCredential(token="Zm9vYmFyYmF6cXV4"),
        ),
        Join(version=1, role=Role.LISTENER, room="salon", grant="e30.c2ln"),
        RaiseHand(id="c1", name="Zoé"),
        RaiseHand(id="c2"),
        LowerHand(id="c3"),
        LowerHand(id="c4", participant="p9"),
        TakeFloor(id="c5"),
        LeaveFloor(id="c6"),
        Next(id="c7"),
        GiveFloor(id="c8", participant="p9"),
        EndTurn(id="c9", participant="p9"),
        Level(level_dbfs=-42.5),
        Level(level_dbfs=-127.0, muted=True),
        Report(rung=Rung.WORKLET, buffer_ms=118.5, played_ms=10_000, underruns=0),
        Here(in_hall=True, name="Zoé", avatar=Avatar.OWL),
        React(reaction=Reaction.CLAP),
        TokenKept(resume="p2.raised-abc"),
        *of_the_room(),
        *of_the_stage(),
        *of_a_stranger(),
        *of_a_recording(),
    ]


KEY, SHARE, SIGNATURE = "k" * 42 + "A", "s" * 44, "g" * 85 + "A"


def of_a_stranger() -> Sequence[Wire]:
    """A unit proves itself, or is paired."""
    return [
        Join(
            version=1,
            role=Role.UNIT,
            name="Table 2",
            unit=UnitTraits(),
            unit_key=UnitKey(key=KEY, nonce=KEY),
        ),
        Proof(signature=SIGNATURE),
        PairShare(share=SHARE, confirmation=KEY),
        PairPressed(signature=SIGNATURE),
        PairRefused(why=PairRefusal.PAUSED),
    ]


def to_a_stranger() -> Sequence[Wire]:
    """And what the hub says to it."""
    return [
        Challenge(site_key=KEY, nonce=KEY, signature=SIGNATURE),
        Challenge(site_key=KEY, nonce=KEY, certificate=KEY, signature=SIGNATURE),
        Unpaired(),
        PairByCode(share=SHARE),
        PairConfirm(confirmation=KEY),
        PairByPress(),
    ]


def of_the_room() -> Sequence[Wire]:
    """What the floor, the line and the room are asked."""
    about = About(
        title="Soirée",
        language="fr",
        description="Une ligne.\nUne autre.",
        topics=("Le toit", "Le jardin"),
        access=Access.PRIVATE,
        begins_utc_ms=1_800_000_000_000,
    )
    rules = FloorRules(mode=FloorMode.PUSH_TO_TALK, cap=25, turn_s=120, fresh_first=True)
    return [
        RaiseHand(id="r1", name="Zoé", text="Qui paie ?", written=True, anonymous=True),
        RaiseHand(id="r2", reply=True, another=True),
        LowerHand(id="r3", participant="u1~2", reason=LowerReason.OFF_TOPIC),
        MoveHand(id="r4", participant="p9", place=1),
        ReadOut(id="r5", participant="p9"),
        SetRules(id="r6", rules=rules),
        SilenceAll(id="r7", on=True),
        CloseAll(id="r8"),
        SetPhase(id="r9", phase=Phase.BACKSTAGE),
        Describe(id="r10", about=about),
        Undo(id="r11"),
        Block(id="r12", participant="p9"),
        Block(id="r26", participant="p9", out=True),
        SetMuted(id="r27", muted=Mute.HIDDEN),
        SetMuted(id="r28", muted=None),
        RaiseHand(id="r29", name="Zoé", speaks=True),
        LeaveFloor(id="r30", cut_off=True),
        Unblock(id="r13", participant="p9"),
        SetRank(id="r14", participant="p9", rank=Rank.COHOST),
        SetRank(id="r15", participant="p9", rank=None),
        MakeInvite(id="r16", role=InviteRole.SPEAKER, name="Ana"),
        RevokeInvite(id="r17", number=1),
        SetHostUnit(id="r18", unit="u1", on=True),
        KeepInView(id="r31", participant="p9", on=True),
        TakeSeat(id="r19", code="a-_4", name="Zoé"),
        LeaveSeat(id="r20"),
        LeaveSeat(id="r21", participant="p9"),
        OpenAsk(id="r22", question="Encore une heure ?"),
        AnswerAsk(id="r23"),
        CloseAsk(id="r24"),
        Identify(id="r25", unit="u1"),
    ]


def of_the_stage() -> Sequence[Wire]:
    """Outputs, remote speakers, clocks, and the host's hand on the mix."""
    return [
        Join(
            version=1,
            role=Role.UNIT,
            name="Balcony",
            unit=UnitTraits(
                zone="balcony",
                source=None,
                output=OutputTraits(kind=OutputKind.ASSISTIVE, duplex=Duplex.FULL),
            ),
        ),
        Join(version=1, role=Role.SPEAKER, name="Zoé", speaker=SpeakerTraits(sends=True)),
        Join(version=1, role=Role.SPEAKER, speaker=SpeakerTraits(person="p1.abc")),
        SetSource(id="s1", participant="u1", gain_db=-3.5, priority_db=6, shared=False, muted=True),
        SetSource(id="s2", participant="u1"),
        SetSharing(id="s3", on=False),
        SetLift(id="s4", zone="hall", on=True, loudspeakers_far=True),
        CheckSound(id="s5", participant="u1"),
        TimeRequest(client_ns=1_000_000_000),
        CaptureTime(timestamp=4294967295, hub_ns=5_000_000_000, rtt_ms=0.8),
        OutputReport(
            delay_ms=21.5, buffer_ms=10, underruns=1, concealed=2, drift_ppm=-37.5, playing=True
        ),
        *of_an_update(),
    ]


def from_the_hub() -> Sequence[Wire]:
    """What the hub says."""
    return [
        Welcome(participant="p1", resume="p1.abc", reconnect_spread_ms=500),
        Welcome(participant="u1", resume="u1.abc", stream="st1", ssrc=4294967295),
        Welcome(
            participant="s1",
            resume="s1.abc",
            stream="st2",
            ssrc=7,
            ptime_ms=20,
            bus=Bus(ssrc=8, kind=OutputKind.RETURN, ptime_ms=20),
        ),
        TimeReply(client_ns=1_000_000_000, received_ns=5_000_000_000, sent_ns=5_000_010_000),
        told_of_an_update(),
        Snapshot(view=RoomView(room="main", title="Soirée", seq=0)),
        Change(
            seq=1,
            room_clock=480,
            event=HandRaised(hand=Hand(participant="p1", name="Zoé", surface=Surface.PHONE)),
        ),
        Time(room_clock=48_000, hub_ns=5_000_000_000, utc_ms=1_800_000_000_000),
        Ack(id="c1"),
        Ack(id="c2", refused=RefusalCode.NAME_NEEDED, text="give a name"),
        Ack(
            id="c3",
            refused=RefusalCode.LIFT_UNSAFE,
            text="the path is 47.5 ms; it must be at most 30 ms",
            figure_ms=47.5,
        ),
        Ack(id="c4", link="/r/salon#k=Zm9vYmFyYmF6cXV4"),
        Failure(code=4000, text="type: not known"),
        Welcome(participant="p2", resume="p2.raised-abc", confirm=True, rank=Rank.COHOST),
        Welcome(participant="p3", resume="p3.abc", speaker=True),
        *of_an_edge(),
        Change(
            seq=2,
            room_clock=960,
            event=HandRaised(
                hand=Hand(
                    participant="u1~2",
                    name="Table 1 (2)",
                    surface=Surface.UNIT,
                    unit="u1",
                    unit_name="Table 1",
                    raised_at=960,
                ),
                place=1,
                rule=Overtaking.REPLY,
            ),
        ),
        Change(seq=3, room_clock=1440, event=Hidden()),
        Change(seq=4, room_clock=1920, event=TurnMuted(participant="p1", muted=Mute.SELF)),
        *(Attend(what=what) for what in Attention),
        Pulse(listeners=40, in_hall=12, reactions={Reaction.CLAP: 7, Reaction.HEART: 1}, yes=3),
        Pulse(),
        *statuses(),
        *to_a_stranger(),
        *told_of_a_recording(),
    ]


def statuses() -> Sequence[Wire]:
    """What only hosts are told."""
    return [
        Status(
            units=(
                UnitStatus(
                    unit="u1", name="Table 1", connected=True, on_air=False, level_dbfs=-40.0
                ),
            ),
            listeners=12,
        ),
        Status(
            units=(
                UnitStatus(
                    unit="u1",
                    name="Table 1",
                    connected=True,
                    on_air=True,
                    level_dbfs=-21.0,
                    zone="hall",
                    source=SourceStatus(
                        kind=SourceKind.MICROPHONE, gain_db=4.5, delay_ms=21.5, drift_ppm=-12.0
                    ),
                    output=OutputStatus(
                        kind=OutputKind.LOUDSPEAKER, playing=True, delay_ms=38.5, buffer_ms=10
                    ),
                ),
            ),
            sharing=False,
            lifted=("balcony",),
            alarms=(Alarm(kind=AlarmKind.HOWL, participant="u1", hertz=812.5, value=-3),),
            checks=(
                CheckResult(
                    output="u1", state=CheckState.RETURNS, desk="u9", gain_db=-12, delay_ms=61.5
                ),
            ),
            in_hall=3,
            shares=Shares(stage_ms=60_000, hall_ms=1500, phones_ms=0),
            longest_wait_ms=31_000,
            waiting=(
                WaitingUnit(unit="abcdefghijklmnop", name="Table 2"),
                WaitingUnit(unit="ponmlkjihgfedcba", has_code=True),
            ),
        ),
    ]


def main() -> None:
    """Write the file."""
    valid = [
        {"direction": direction, "message": json.loads(serialize(message))}
        for direction, messages in (("client", to_the_hub()), ("hub", from_the_hub()))
        for message in messages
    ]
    text = json.dumps(valid, indent=1, ensure_ascii=False) + "\n"
    (HERE / "messages_valid.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
