"""``python -m parvis_server.replay FOLDER``: what is due in a folder of recordings, once.

The hub starts it, at the lowest priority, since making a mix again takes a core for seconds. On
standard input it gets its ``Orders``. It says in a line of JSON each what it does and has done, and
ends.
"""

import json
import os
import sys
import time
from pathlib import Path

from parvis_server.errors import UserError
from parvis_server.net.pages import static_folder
from parvis_server.replay.keeping_up import Bench, carry_out
from parvis_server.replay.orders import Orders

NICENESS = 19


def main(folder: Path) -> int:
    """Carry out what is due; 0 when nothing failed."""
    os.nice(NICENESS)
    orders = Orders.parse(sys.stdin.readline())
    failed = 0

    def say(done: object) -> None:
        print(json.dumps(done), flush=True)

    bench = Bench(folder, time.time_ns() // 1_000_000, static_folder(), say)
    for done in carry_out(bench, orders):
        say(done)
        failed += "failed" in done
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except UserError as error:
        sys.exit(f"parvis: {error}")
