"""``python -m parvis_server.replay.catching_up FOLDER``: follows one recording while it runs.

The hub starts it for a room whose host lets those who come late hear what was said. On standard
input it gets a line of JSON whenever others are not to be heard: the ids of those who refused. It
ends with its standard input.
"""

import json
import logging
import os
import select
import sys
from pathlib import Path

from parvis_server.errors import BadRecording, UserError
from parvis_server.net.pages import static_folder
from parvis_server.replay.catch_up import CatchUp

NICENESS = 19
STEP_S = 1.0

log = logging.getLogger(__name__)


def main(folder: Path) -> int:
    """Follow the recording until the hub says no more."""
    os.nice(NICENESS)
    catch_up = CatchUp(folder)
    refused: frozenset[str] | None = None
    is_begun, is_more, pending = False, False, b""
    while True:
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], 0 if is_more else STEP_S)
        if ready:
            read = os.read(sys.stdin.fileno(), 1 << 20)
            if not read:
                return 0
            *lines, pending = (pending + read).split(b"\n")
            if lines:
                refused = frozenset(map(str, json.loads(lines[-1])))
        try:
            if not is_begun and folder.is_dir():
                catch_up.begin(static_folder())
                is_begun = True
            is_more = is_begun and refused is not None and catch_up.step(refused)
        except BadRecording as error:
            log.warning("%s", error)  # it is looked at again in a second
            is_more = False


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except UserError as error:
        sys.exit(f"parvis: {error}")
