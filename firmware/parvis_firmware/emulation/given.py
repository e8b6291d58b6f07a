"""What the tests bring into the emulated machine, below its ``/run``: nothing of it is in the
image.

A loopback sound card whose other end speaks, and a shell on a serial port of its own. systemd and
udev read ``/run`` as they read ``/etc``.
"""

import stat
from typing import Final

from parvis_firmware.emulation.counting import SCRIPT
from parvis_firmware.emulation.cpio import Member

PORT: Final = "emulation"
READY: Final = "ready"

_SHELL: Final = f"""#!/bin/sh
# One line asks: a script, packed as base64. One line answers: exit code, and what it said.
port=/dev/virtio-ports/{PORT}
while [ ! -e $port ]; do sleep 0.1; done
exec 3<>$port
echo {READY} >&3
while read -r asked <&3; do
    printf %s "$asked" | base64 -d >/run/emulation/asked
    setsid sh /run/emulation/asked >/run/emulation/said 2>&1 </dev/null
    {{ printf '%s ' $?; base64 -w0 /run/emulation/said; echo; }} >&3
done
"""
_SHELL_SERVICE: Final = """[Unit]
Description=A shell for the tests
DefaultDependencies=no
[Service]
ExecStart=/bin/sh /run/emulation/shell
Restart=always
"""

_SPEAKER: Final = """#!/bin/sh
while :; do cat /run/emulation/speech.raw; done |
    aplay -q -D plughw:unitmic,1 -t raw -f S16_LE -r 48000 -c 1 --buffer-time=500000
"""
_SPEAKER_SERVICE: Final = """[Unit]
Description=Somebody who speaks in front of the microphone
Wants=sound.target
After=sound.target
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh /run/emulation/speaker
Restart=always
RestartSec=1
"""

_ENABLED: Final = (
    ("sysinit.target", "emulation-shell.service", _SHELL_SERVICE),
    ("multi-user.target", "emulation-speaker.service", _SPEAKER_SERVICE),
)


def members(speech: bytes) -> tuple[Member, ...]:
    """All of it; ``speech`` is 48 kHz, mono, 16 bit, and is said over and over."""
    services = []
    for target, name, text in _ENABLED:
        services.append(Member(f"systemd/system/{name}", text.encode()))
        link = f"systemd/system/{target}.wants/{name}"
        services.append(Member(link, f"../{name}".encode(), stat.S_IFLNK | 0o777))
    return (
        Member("emulation/shell", _SHELL.encode()),
        Member("emulation/speaker", _SPEAKER.encode()),
        Member("emulation/count.py", SCRIPT.encode()),
        Member("emulation/speech.raw", speech),
        Member("modules-load.d/emulation.conf", b"snd-aloop\n"),
        Member("modprobe.d/emulation.conf", b"options snd-aloop pcm_substreams=1\n"),
        *services,
    )
