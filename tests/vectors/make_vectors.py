"""Writes vectors beside it from the Python side, which tests then hold against fixed bytes.

Those of messages come from ``make_messages.py``, those of the room from ``make_room_view.py``,
those of playout from ``make_playout.py``.

``python tests/vectors/make_vectors.py`` writes; the page's tests and ``tests/wire`` read. A change
of a vector is a change of the protocol: it belongs into ``PROTOCOL.md`` in the same commit.
"""

import json
from pathlib import Path
from typing import Any

from parvis_wire import reconnect, serial
from parvis_wire.rtp import AudioLevel, RtpPacket, TalkFlags

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
        "serial": serial_cases(),
        "reconnect": reconnect_cases(),
    }
    for name, content in files.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
