"""Writes the vectors beside it from the Python side, which tests then hold against fixed bytes.

``python tests/vectors/make_vectors.py`` writes; the page's tests and ``tests/wire`` read. A change
of a vector is a change of the protocol: it belongs into ``PROTOCOL.md`` in the same commit.
"""

import json
from pathlib import Path
from typing import Any

from parvis_wire import reconnect, room_view, serial
from parvis_wire.messages import (
    Ack,
    Change,
    EndTurn,
    Failure,
    GiveFloor,
    HostCredential,
    Join,
    LeaveFloor,
    Level,
    LowerHand,
    Next,
    RaiseHand,
    RefusalCode,
    Report,
    ResumeCredential,
    Role,
    Rung,
    Snapshot,
    TakeFloor,
    Time,
    Welcome,
    serialize,
)
from parvis_wire.room_view import (
    FloorGranted,
    FloorReleased,
    FloorTaken,
    Hand,
    HandLowered,
    HandRaised,
    Microphone,
    MicrophoneClosed,
    MicrophoneOpened,
    RoomEvent,
    RoomView,
    Surface,
)
from parvis_wire.rtp import AudioLevel, RtpPacket, TalkFlags
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


def packet_fields(packet: RtpPacket) -> dict[str, Any]:
    """A packet as plain JSON."""
    return {
        "payload_type": packet.payload_type,
        "marker": packet.marker,
        "sequence": packet.sequence,
        "timestamp": packet.timestamp,
        "ssrc": packet.ssrc,
        "csrcs": list(packet.csrcs),
        "level": None
        if packet.level is None
        else {"level_dbov": packet.level.level_dbov, "voice": packet.level.voice},
        "flags": int(packet.flags),
        "csrc_levels": list(packet.csrc_levels),
        "payload_hex": packet.payload.hex(),
    }


def rtp_valid() -> list[dict[str, Any]]:
    """Packets that ``serialize`` makes, then packets that only ``parse`` must understand."""
    made = {
        "smallest": RtpPacket(0, 0, 0, b"\xf8"),
        "highest values": RtpPacket(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, b"\xff" * 3, marker=True),
        "unit, first packet of a turn": RtpPacket(
            4660,
            305419896,
            2596069104,
            bytes.fromhex("f8fffe"),
            marker=True,
            level=AudioLevel(-27, True),
            flags=TalkFlags.FIRST,
        ),
        "unit, last packet of a turn": RtpPacket(
            1, 480, 7, b"\xf8\x01", level=AudioLevel(-127, False), flags=TalkFlags.LAST
        ),
        "program with two talkers": RtpPacket(
            65535,
            4294966816,
            3405691582,
            bytes(range(16)),
            csrcs=(11, 12),
            level=AudioLevel(-18, True),
            csrc_levels=(-20, -44),
        ),
        "program with talkers of unknown level": RtpPacket(9, 9, 9, b"\x78", csrcs=(1, 2, 3)),
        "fifteen talkers": RtpPacket(
            9, 9, 9, b"\x78", csrcs=tuple(range(15)), csrc_levels=tuple(-i for i in range(15))
        ),
    }
    cases = [
        {"name": name, "hex": p.serialize().hex(), "canonical": True, "packet": packet_fields(p)}
        for name, p in made.items()
    ]
    foreign: dict[str, tuple[str, dict[str, Any]]] = {
        "padding of three bytes": ("a06f00010000000200000003f8ff000003", {}),
        "unknown extension id 9 is skipped": (
            "906f00010000000200000003bede000190550000f8",
            {},
        ),
        "two-byte profile is skipped": ("906f000100000002000000031000000105010100f8", {}),
        "reserved id 15 ends the reading": ("906f00010000000200000003bede0001f01090f0f8", {}),
        "padding byte before an element": (
            "906f00010000000200000003bede000100109b00f8",
            {"level": {"level_dbov": -27, "voice": True}},
        ),
        "levels that do not match the sources say nothing": (
            "916f0001000000020000000300000004bede000131050600f8",
            {"csrcs": [4]},
        ),
    }
    for name, (text, expected) in foreign.items():
        packet = packet_fields(RtpPacket.parse(bytes.fromhex(text)))
        for key, value in expected.items():
            assert packet[key] == value, (name, key, packet[key])
        cases.append({"name": name, "hex": text, "canonical": False, "packet": packet})
    return cases


RTP_INVALID = {
    "empty": "",
    "one byte": "80",
    "eleven bytes": "806f000100000002000000",
    "header without payload": "806f00010000000200000003",
    "version 1": "406f00010000000200000003f8",
    "version 3": "c06f00010000000200000003f8",
    "payload type of G.711": "800000010000000200000003f8",
    "sources end early": "826f0001000000020000000300000004f8",
    "extension header ends early": "906f00010000000200000003bede00",
    "extension ends early": "906f00010000000200000003bede0002109b0000",
    "extension without payload": "906f00010000000200000003bede0001109b0000",
    "element ends early": "906f00010000000200000003bede00011f010000f8",
    "padding longer than the payload": "a06f00010000000200000003f809",
    "padding of zero": "a06f00010000000200000003f800",
    "only padding": "a06f0001000000020000000301",
}


def messages_valid() -> list[dict[str, Any]]:
    """One of each message, with the JSON that Python writes."""
    view = RoomView(room="main", title="Soirée", seq=0)
    client = [
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
        Report(rung=Rung.WORKLET, buffer_ms=118.5, played_ms=10_000, underruns=0),
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
    ]
    hub = [
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
        Snapshot(view=view),
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
        Failure(code=4000, text="type: not known"),
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
        ),
    ]
    return [
        {"direction": direction, "message": json.loads(serialize(message))}
        for direction, messages in (("client", client), ("hub", hub))
        for message in messages
    ]


MESSAGES_INVALID = {
    "not JSON": "{",
    "not an object": "[]",
    "no type": "{}",
    "unknown type": '{"type":"sing"}',
    "hub's message from a client": '{"type":"ack","id":"x"}',
    "join without a version": '{"type":"join","role":"listener"}',
    "join in an unknown role": '{"type":"join","version":1,"role":"king"}',
    "room name with a slash": '{"type":"join","version":1,"role":"listener","room":"a/b"}',
    "command without an id": '{"type":"raise_hand"}',
    "id too long": json.dumps({"type": "next", "id": "x" * 65}),
    "id with a space": '{"type":"next","id":"a b"}',
    "empty name": '{"type":"raise_hand","id":"c","name":"  "}',
    "name too long": json.dumps({"type": "raise_hand", "id": "c", "name": "n" * 41}),
    "name with a line break": json.dumps({"type": "raise_hand", "id": "c", "name": "a\nb"}),
    "name that turns the line round": json.dumps(
        {"type": "raise_hand", "id": "c", "name": "a\u202eb"}
    ),
    "level above full scale": '{"type":"level","level_dbfs":3}',
    "level that is no number": '{"type":"level","level_dbfs":"NaN"}',
    "zone in capitals": ('{"type":"set_lift","id":"s","zone":"Hall","on":true}'),
    "gain that would deafen": '{"type":"set_source","id":"s","participant":"u1","gain_db":40}',
    "time before the start of time": '{"type":"time_request","client_ns":-1}',
    "negative time played": (
        '{"type":"report","rung":"mp3","buffer_ms":1,"played_ms":-1,"underruns":0}'
    ),
}


def room_view_cases() -> dict[str, Any]:
    """A snapshot, a whole evening of changes, and what everybody sees after each."""
    start = RoomView(room="main", title="Evening", seq=3)
    phone = Hand(participant="ph1", name="Zoé", surface=Surface.PHONE)
    table1 = Hand(participant="u1", name="Table 1", surface=Surface.UNIT)
    table2 = Hand(participant="u2", name="Table 2", surface=Surface.UNIT)
    desk = Microphone(unit="u9", name="Desk", ssrc=99)
    events: list[RoomEvent] = [
        MicrophoneOpened(microphone=desk),
        HandRaised(hand=table1),
        HandRaised(hand=phone),
        HandRaised(hand=table2),
        FloorGranted(participant="u1"),
        FloorTaken(participant="u1", unit="u1", unit_name="Table 1", ssrc=1),
        HandLowered(participant="u2"),
        FloorReleased(participant="u1"),
        FloorGranted(participant="ph1"),
        FloorTaken(participant="ph1", unit="u2", unit_name="Table 2", ssrc=2),
        HandRaised(hand=table1),
        MicrophoneOpened(microphone=desk.model_copy(update={"ssrc": 100})),
        FloorReleased(participant="ph1"),
        MicrophoneClosed(unit="u9"),
    ]
    who = [
        ("u1", Surface.UNIT),
        ("u2", Surface.UNIT),
        ("u9", Surface.UNIT),
        ("ph1", Surface.PHONE),
        ("ph2", Surface.PHONE),
    ]
    steps, view = [], start
    for event in events:
        view = room_view.fold(view, view.seq + 1, event)
        steps.append(
            {
                "seq": view.seq,
                "event": event.model_dump(mode="json"),
                "view": view.model_dump(mode="json"),
                "standings": [
                    {
                        "participant": participant,
                        "surface": surface,
                        "standing": room_view.standing(view, participant, surface),
                        "place": room_view.place_in_line(view, participant),
                    }
                    for participant, surface in who
                ],
            }
        )
    return {"start": start.model_dump(mode="json"), "steps": steps, "refused_seqs": [3, 5, 0]}


def serial_cases() -> list[dict[str, int]]:
    """Distances on the circle, around its seams."""
    pairs = [
        (16, 0, 1),
        (16, 65535, 0),
        (16, 0, 65535),
        (16, 0, 32767),
        (16, 0, 32768),
        (16, 40000, 100),
        (32, 4294967295, 479),
        (32, 480, 0),
        (32, 0, 2147483648),
        (32, 5, 5),
    ]
    return [
        {"bits": bits, "origin": a, "value": b, "distance": serial.distance(a, b, bits)}
        for bits, a, b in pairs
    ]


def reconnect_cases() -> dict[str, Any]:
    """The waiting times of the first forty attempts, and the spread."""
    return {
        "delays_s": [reconnect.delay_s(attempt) for attempt in range(40)],
        "spread": [
            {
                "attempt": attempt,
                "spread_ms": 2000,
                "fraction": 0.25,
                "delay_s": reconnect.spread_delay_s(attempt, 2000, 0.25),
            }
            for attempt in range(3)
        ],
    }


def main() -> None:
    """Write every file."""
    files: dict[str, Any] = {
        "rtp_valid": rtp_valid(),
        "rtp_invalid": [{"name": n, "hex": h} for n, h in RTP_INVALID.items()],
        "messages_valid": messages_valid(),
        "messages_invalid": [{"name": n, "text": t} for n, t in MESSAGES_INVALID.items()],
        "room_view": room_view_cases(),
        "serial": serial_cases(),
        "reconnect": reconnect_cases(),
    }
    for name, content in files.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
