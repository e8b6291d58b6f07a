"""Writes real program packets of all six lengths, as the hub's feed sends them.

``python tests/vectors/make_program_ladder.py`` writes ``program_ladder.json``; the page's tests
play it through the real decoder. ``parts``: the 20 ms Opus packets of a tone, in hex. ``bundles``:
by packet time in ms, what the repacketizer makes of their first 240 ms (or 200, or 160: as many as
are whole). ``ladder``: [sent_ms, RTP packet] of a program whose packets hold 20, 40, 60, 80, 100,
120 and 20 ms again, a second each.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "server"))
sys.path.insert(0, str(HERE.parent))

from fakes.program_audience import PACKET_SAMPLES, TONE_HZ, Broadcast, Ear, tone  # noqa: E402
from parvis_audio.opus import program_encoder  # noqa: E402
from parvis_audio.repacketizer import Repacketizer  # noqa: E402
from parvis_wire.packet_time import PACKET_TIMES_MS  # noqa: E402

PARTS = 12


def bundles(parts: list[bytes]) -> dict[str, list[str]]:
    """The same sound in packets of each length."""
    repacketizer, made = Repacketizer(), {}
    for ptime_ms in PACKET_TIMES_MS:
        count = ptime_ms // 20
        whole = range(0, len(parts) // count * count, count)
        made[str(ptime_ms)] = [repacketizer.merge(parts[at : at + count]).hex() for at in whole]
    return made


def ladder() -> list[tuple[int, str]]:
    """Every packet that one listener gets, and when it is sent."""
    room, sent = Broadcast(sounds=True), []
    room.ear("phone", Ear(on_packet=lambda rtp: sent.append((room.now_ms, rtp.hex()))))
    for ptime_ms in (*PACKET_TIMES_MS[1:], 20):
        room.changes(ptime_ms, lead_ms=1_000)
        room.plays(1_000)
    room.plays(2_000)
    return sent


def vector() -> dict[str, Any]:
    """The whole file."""
    encoder = program_encoder()
    parts = [encoder.encode(tone(n * PACKET_SAMPLES)) for n in range(PARTS)]
    return {
        "tone_hz": TONE_HZ,
        "parts": [part.hex() for part in parts],
        "bundles": bundles(parts),
        "ladder": ladder(),
    }


def main() -> None:
    """Write the file."""
    text = json.dumps(vector(), indent=0) + "\n"
    (HERE / "program_ladder.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
