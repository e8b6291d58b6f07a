"""``python -m parvis_server.replay FOLDER``: what is due in a folder of recordings, once.

The hub starts it, at the lowest priority, since making a mix again takes a core for seconds. On
standard input it gets ``[[room/recording, participant], ...]``: who asked for their voice to be
taken out. It says in a line of JSON each what it has done, and ends.
"""

import json
import os
import sys
import time
from pathlib import Path

from parvis_server.errors import UserError
from parvis_server.replay.keeping_up import carry_out

NICENESS = 19


def main(folder: Path) -> int:
    """Carry out what is due; 0 when nothing failed."""
    os.nice(NICENESS)
    wishes = [(str(name), str(who)) for name, who in json.load(sys.stdin)]
    failed = 0
    for done in carry_out(folder, wishes, time.time_ns() // 1_000_000):
        print(json.dumps(done), flush=True)
        failed += "failed" in done
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except UserError as error:
        sys.exit(f"parvis: {error}")
