"""A private PulseAudio with two rooms, hall and foyer, each a null sink.

What is played into one can be captured from its monitor.

Own socket, own state, own ALSA names: nothing of the user's sound is touched.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from parvis_server.errors import BenchError

MICROPHONE = "bench_microphone"
LOUDSPEAKER = "bench_loudspeaker"
FOYER = "bench_foyer"
"""The hall's two, which a rig plays into and a unit listens to, and the foyer's loudspeaker."""

_SYSTEM_SETTINGS = Path("/usr/share/alsa/alsa.conf")
_PULSE_PLUGIN = "libasound_module_pcm_pulse.so"

# Without `norewinds` a null sink renders up to two seconds ahead of a recorder that comes later.
_SERVER_SETTINGS = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=hall rate=48000 channels=1 format=s16le norewinds=1
load-module module-null-sink sink_name=foyer rate=48000 channels=1 format=s16le norewinds=1
"""

_ALSA_SETTINGS = """\
<{system}>
pcm.{microphone} {{
    type pulse
    server "unix:{socket}"
    device "hall.monitor"
    hint {{ show on description "{microphone}" }}
}}
pcm.{loudspeaker} {{
    type pulse
    server "unix:{socket}"
    device "hall"
    hint {{ show on description "{loudspeaker}" }}
}}
pcm.{foyer} {{
    type pulse
    server "unix:{socket}"
    device "foyer"
    hint {{ show on description "{foyer}" }}
}}
"""


def is_available() -> bool:
    """Whether this machine has PulseAudio and the ALSA plugin that leads PortAudio to it."""
    folders = Path("/usr/lib").glob(f"*/alsa-lib/{_PULSE_PLUGIN}")
    return which("pulseaudio") is not None and any(folders) and _SYSTEM_SETTINGS.exists()


@contextmanager
def sound_server(folder: Path) -> Iterator[Mapping[str, str]]:
    """Run it for the length of the block; gives the environment that leads to it."""
    socket, settings, alsa = folder / "pulse", folder / "default.pa", folder / "asound.conf"
    names = {"socket": socket, "microphone": MICROPHONE}
    names |= {"loudspeaker": LOUDSPEAKER, "foyer": FOYER}
    settings.write_text(_SERVER_SETTINGS.format(**names))
    alsa.write_text(_ALSA_SETTINGS.format(system=_SYSTEM_SETTINGS, **names))
    environment = {
        **os.environ,
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_COOKIE": str(folder / "cookie"),
        "PULSE_RUNTIME_PATH": str(folder / "run"),
        "PULSE_STATE_PATH": str(folder / "state"),
        "ALSA_CONFIG_PATH": str(alsa),
    }
    options = "-n --daemonize=no --exit-idle-time=-1 --use-pid-file=no --realtime=no"
    with subprocess.Popen(
        ("pulseaudio", *options.split(), "--high-priority=no", "--log-level=info", "-F", settings),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        try:
            _wait_until_started(server)
            threading.Thread(target=_drain, args=(server,), daemon=True).start()
            yield environment
        finally:
            server.terminate()


def _drain(server: subprocess.Popen[str]) -> None:
    """Read on: a server whose log nobody reads stands still once the pipe is full."""
    assert server.stderr is not None
    with contextlib.suppress(ValueError):  # closed by its owner
        for _ in server.stderr:
            pass


def _wait_until_started(server: subprocess.Popen[str]) -> None:
    assert server.stderr is not None
    said = ""
    for line in server.stderr:
        said = line.strip()
        if "Daemon startup complete" in line:
            return
    raise BenchError(f"PulseAudio did not start: {said}")
