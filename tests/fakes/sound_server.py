"""A private PulseAudio with null sinks: what is played into one can be captured from its monitor.

A microphone is a sink's monitor under a name that PortAudio lists (an ALSA device defined in a
configuration of our own); a loudspeaker is a sink that a browser plays into. Nothing of the
user's own sound is touched: own socket, own home, own configuration.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fakes.hearing import Sound
from fakes.processes import Program, running
from parvis_server.bench import sound_server as bench

RATE_HZ = 48_000

MICROPHONE = "hall_microphone"
LOUDSPEAKER = "phone_loudspeaker"

# Without `norewinds` a null sink renders up to two seconds ahead of a listener that comes later.
SERVER_SETTINGS = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name={microphone} rate=48000 channels=1 format=s16le norewinds=1
load-module module-null-sink sink_name={loudspeaker} rate=48000 channels=2 format=s16le norewinds=1
set-default-sink {loudspeaker}
set-default-source {microphone}.monitor
"""

# PortAudio opens ALSA devices by name: the monitor of the microphone's sink; the names of the
# measuring rig of `parvis bench`, which plays into that sink and records it.
ALSA_SETTINGS = """\
<{system}>
pcm.{microphone} {{
    type pulse
    server "unix:{socket}"
    device "{microphone}.monitor"
    hint {{ show on description "{microphone}" }}
}}
ctl.{microphone} {{ type pulse server "unix:{socket}" }}
pcm.{rig_microphone} {{
    type pulse
    server "unix:{socket}"
    device "{microphone}.monitor"
    hint {{ show on description "{rig_microphone}" }}
}}
pcm.{rig_loudspeaker} {{
    type pulse
    server "unix:{socket}"
    device "{microphone}"
    hint {{ show on description "{rig_loudspeaker}" }}
}}
"""
ALSA_SYSTEM_SETTINGS = "/usr/share/alsa/alsa.conf"

FORMAT = ("--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1")

PLAY_AHEAD = "--latency-msec=500"
"""A player that is held up must not leave a hole that would be taken for the listener's."""

RECORD_SOON = "--latency-msec=20"
"""Asked for: a recorder otherwise gets its sound in pieces of two seconds."""


@dataclass(frozen=True, slots=True)
class SoundServer:
    """A running sound server and the environment that leads to it."""

    folder: Path
    environment: Mapping[str, str]

    def play(self, sound: Sound, sink: str = MICROPHONE) -> Program:
        """Start to play a sound (48 kHz mono) into a sink; ends by itself."""
        path = self.folder / f"play-{sink}-{len(list(self.folder.iterdir()))}.raw"
        samples = np.clip(sound, -1, 1) * 32767
        path.write_bytes(samples.astype("<i2").tobytes())
        return self._pacat("--playback", PLAY_AHEAD, f"--device={sink}", str(path))

    @contextmanager
    def recording(self, sink: str = LOUDSPEAKER) -> Iterator[Recording]:
        """Record what is played into a sink, for the length of a block; it begins at once."""
        device = f"--device={sink}.monitor"
        command = ("pacat", *FORMAT, RECORD_SOON, "--record", device)
        with subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        ) as recorder:
            recording = Recording(recorder)
            try:
                recording.wait_past(0.05)
                yield recording
            finally:
                recorder.terminate()
                recording.end()

    def _pacat(self, *arguments: str) -> Program:
        return Program("pacat", *FORMAT, *arguments, env=self.environment)


class Recording:
    """A recording that may still be growing, and its place on the monotonic clock."""

    def __init__(self, recorder: subprocess.Popen[bytes]) -> None:
        self._recorder = recorder
        self._recorded = bytearray()
        self._grew = threading.Condition()
        self._began_s = float("inf")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def sound(self) -> Sound:
        """What was recorded until now."""
        with self._grew:
            samples = np.frombuffer(bytes(self._recorded[: len(self._recorded) & ~1]), "<i2")
        return samples.astype(np.float32) / np.float32(32768)

    @property
    def began_s(self) -> float:
        """Monotonic time of the first sample, plus the recorder's own shortest delay.

        Every read says that its last sample is not younger than now; the earliest of what they
        say about the first sample is the truth plus a delay that all recorders share.
        """
        return self._began_s

    @property
    def seconds(self) -> float:
        """How much was recorded until now."""
        return len(self._recorded) / 2 / RATE_HZ

    def wait_past(self, seconds: float, within_s: float = 20.0) -> None:
        """Wait until the recording is this long."""
        with self._grew:
            wanted = seconds * RATE_HZ * 2
            assert self._grew.wait_for(lambda: len(self._recorded) >= wanted, within_s), (
                f"{len(self._recorded) / 2 / RATE_HZ:.2f} s recorded of {seconds:.2f} s"
            )

    def end(self) -> None:
        """Take what is still on its way."""
        self._reader.join(10)

    def _read(self) -> None:
        assert self._recorder.stdout is not None
        while fragment := self._recorder.stdout.read(65_536):
            now_s = time.monotonic()
            with self._grew:
                self._recorded += fragment
                self._began_s = min(self._began_s, now_s - len(self._recorded) / 2 / RATE_HZ)
                self._grew.notify_all()


@contextmanager
def sound_server(folder: Path) -> Iterator[SoundServer]:
    """A sound server for the length of a block, with its sinks kept awake."""
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "native"
    names = {"socket": socket, "microphone": MICROPHONE, "loudspeaker": LOUDSPEAKER}
    rig = {"rig_microphone": bench.MICROPHONE, "rig_loudspeaker": bench.LOUDSPEAKER}
    settings, alsa = folder / "default.pa", folder / "asound.conf"
    settings.write_text(SERVER_SETTINGS.format(**names))
    alsa.write_text(ALSA_SETTINGS.format(system=ALSA_SYSTEM_SETTINGS, **names, **rig))
    environment = {
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_COOKIE": str(folder / "cookie"),
        "PULSE_RUNTIME_PATH": str(folder / "run"),
        "PULSE_STATE_PATH": str(folder / "state"),
        "ALSA_CONFIG_PATH": str(alsa),
    }
    options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --realtime=no"
    command = (
        "pulseaudio",
        *options.split(),
        "--high-priority=no",
        "--log-level=info",
        "-F",
        str(settings),
    )
    with running(*command, env=environment) as daemon:
        daemon.wait_for("Daemon startup complete")
        server = SoundServer(folder, environment)
        # An idle null sink's monitor starts late and loses the first 20 ms: keep both playing.
        with _awake(server, MICROPHONE), _awake(server, LOUDSPEAKER):
            yield server


@contextmanager
def _awake(server: SoundServer, sink: str) -> Iterator[None]:
    silence = server._pacat("--playback", PLAY_AHEAD, f"--device={sink}", "/dev/zero")
    try:
        yield
    finally:
        silence.kill_all()
        silence.close_input()
