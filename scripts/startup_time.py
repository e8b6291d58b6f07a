"""Time how long a newcomer waits: from a fresh clone to the link of `scripts/demo`, and again.

The clone is made in a temporary folder from this checkout's last commit. pip's and npm's caches are
used as they are, so the first figure says whether the machine had seen the packages before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
LINK = re.compile(r"https?://\S+")
# A fresh start on a slow line downloads some 400 MB; past this something is wrong.
LONGEST_START_S = 1200
# Ctrl-C ends the hub, the engine and three units; each has its own few seconds.
LONGEST_STOP_S = 20


def main() -> int:
    """Print both start-up times, as words or as one JSON object."""
    parser = argparse.ArgumentParser(description="time from a fresh clone to the demo's link")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="parvis-startup-") as folder:
        clone = Path(folder) / "parvis"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        first_s = seconds_to_link(clone)
        second_s = seconds_to_link(clone)
    print(f"fresh clone to the printed link: {first_s:.1f} s; second start: {second_s:.1f} s")
    if as_json:
        print(json.dumps({"first_start_s": first_s, "second_start_s": second_s}))
    return 0


def seconds_to_link(clone: Path) -> float:
    """Start the demo in `clone`, wait for its first link, and end it as Ctrl-C would."""
    started = time.monotonic()
    demo = subprocess.Popen(
        ["scripts/demo", "--port", str(free_port())],
        cwd=clone,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(demo.pid, signal.SIGKILL))
    signal.alarm(LONGEST_START_S)
    try:
        wait_for_link(demo)
        return time.monotonic() - started
    finally:
        signal.alarm(0)
        stop(demo)


def wait_for_link(demo: subprocess.Popen[str]) -> None:
    """Read the demo's lines until one holds a link; its own words are shown when none comes."""
    assert demo.stdout is not None
    said = []
    for line in demo.stdout:
        said.append(line)
        if LINK.search(line):
            return
    sys.exit(f"scripts/demo ended without printing a link; it said:\n{''.join(said)}")


def stop(demo: subprocess.Popen[str]) -> None:
    """Ctrl-C to the whole group, and no mercy for what has not ended in time."""
    if demo.poll() is None:
        os.killpg(demo.pid, signal.SIGINT)
    try:
        demo.communicate(timeout=LONGEST_STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(demo.pid, signal.SIGKILL)
        demo.communicate()
        sys.exit(f"scripts/demo had not ended {LONGEST_STOP_S} s after Ctrl-C")


def free_port() -> int:
    """A TCP port that nobody holds now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
