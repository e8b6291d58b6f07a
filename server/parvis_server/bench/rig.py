"""The measuring rig: plays a chirp a second and records it again, through PortAudio, in a process.

``python -m parvis_server.bench.rig --seconds S`` prints one JSON object: for each chirp the moment
when its first sample was handed to the loudspeaker, and when it came from the microphone. The
rig's own loop is what lies between the two; a unit on the same microphone hears the same chirp at
the same moment as the rig does.
"""

import argparse
import json
import sys
import threading
import time
from typing import Any

import numpy as np

from parvis_audio.measure import SAMPLE_RATE_HZ, chirp_delays_ms, chirp_train
from parvis_server.bench.sound_server import LOUDSPEAKER, MICROPHONE

BLOCK_SAMPLES = 480
MAX_LOOP_S = 0.9
PATIENCE, PATIENCE_S = 1.2, 10.0
"""A sound card that takes so much longer than the sound lasts does not play it. A sound server on a
machine that others keep busy loses a second in a minute."""

CHIRP_EVERY_MS = 1_013.0
"""No multiple of a tick or a packet: chirps meet every phase of both."""


class Rig:
    """A loudspeaker and a microphone, and when their samples passed."""

    def __init__(self, seconds: int) -> None:
        """Prepare to play for so long."""
        self._train, self._starts = chirp_train(seconds, CHIRP_EVERY_MS)
        self._played = 0
        self._played_offset_ns = float("inf")
        self._recorded: list[bytes] = []
        self._recorded_offset_ns = float("inf")
        self._done = threading.Event()

    def run(self) -> None:
        """Play and record; returns when everything was played and recorded."""
        import sounddevice

        form: dict[str, Any] = {
            "samplerate": SAMPLE_RATE_HZ,
            "blocksize": BLOCK_SAMPLES,
            "channels": 1,
            "dtype": "float32",
            "latency": 0.02,  # as the unit asks for
        }
        microphone = sounddevice.RawInputStream(device=MICROPHONE, callback=self._record, **form)
        loudspeaker = sounddevice.RawOutputStream(device=LOUDSPEAKER, callback=self._play, **form)
        with microphone, loudspeaker:
            if not self._done.wait(PATIENCE * self._train.size / SAMPLE_RATE_HZ + PATIENCE_S):
                raise SystemExit("the sound server stands still")
            time.sleep(MAX_LOOP_S)  # the last chirp is still on its way

    def _play(self, out: Any, _frames: int, _time: object, _status: object) -> None:
        block = self._train[self._played : self._played + BLOCK_SAMPLES]
        if block.size < BLOCK_SAMPLES:
            out[:] = bytes(len(out))
            self._done.set()
            return
        out[:] = block.tobytes()
        offset_ns = time.monotonic_ns() - self._played * 1e9 / SAMPLE_RATE_HZ
        self._played_offset_ns = min(self._played_offset_ns, offset_ns)
        self._played += BLOCK_SAMPLES

    def _record(self, block: Any, frames: int, _time: object, _status: object) -> None:
        self._recorded.append(bytes(block))
        end = len(self._recorded) * frames
        offset_ns = time.monotonic_ns() - end * 1e9 / SAMPLE_RATE_HZ
        self._recorded_offset_ns = min(self._recorded_offset_ns, offset_ns)

    def chirps(self) -> list[dict[str, int]]:
        """Each chirp that was heard: when it was handed over and when it came, monotonic ns.

        The clocks of both streams are read from their quickest callback: what comes later than
        that was held by a scheduler, not by the loop.
        """
        recording = np.frombuffer(b"".join(self._recorded), dtype=np.float32)
        lead = (self._played_offset_ns - self._recorded_offset_ns) / 1e9 * SAMPLE_RATE_HZ
        starts = [round(lead) + start for start in self._starts]
        delays = chirp_delays_ms(recording, starts, longest_ms=MAX_LOOP_S * 1000)
        played_ns = [self._played_offset_ns + s * 1e9 / SAMPLE_RATE_HZ for s in self._starts]
        return [
            {"played_ns": round(at_ns), "captured_ns": round(at_ns + delay_ms * 1e6)}
            for at_ns, delay_ms in zip(played_ns, delays, strict=True)
            if delay_ms is not None
        ]


def main() -> int:
    """Run the rig; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m parvis_server.bench.rig", description=__doc__)
    parser.add_argument("--seconds", type=int, required=True)
    rig = Rig(parser.parse_args().seconds)
    rig.run()
    print(json.dumps({"chirps": rig.chirps()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
