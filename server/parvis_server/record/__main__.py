"""``python -m parvis_server.record --fd N --folder F``: the recorder, started by the hub."""

import argparse
import logging
import signal
import socket
import sys
from pathlib import Path


def main() -> int:
    """Run the recorder on the socket that the hub handed down; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m parvis_server.record", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="this end of the socket pair")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--budget", type=int, help="bytes that all recordings may take")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):  # also sent to our whole group or service:
        signal.signal(number, signal.SIG_IGN)  # the hub hears it, and closes our socket
    try:
        hub = socket.socket(fileno=arguments.fd)
    except OSError as error:
        parser.error(f"--fd {arguments.fd} is not a socket ({error.strerror}): the hub starts this")
    return _run(hub, arguments.folder, arguments.budget)


def _run(hub: socket.socket, folder: Path, budget_bytes: int | None) -> int:
    from parvis_server.record.process import RecordProcess

    try:
        RecordProcess(hub, folder, budget_bytes).run()
    except OSError as error:
        logging.critical("the recorder cannot work in %s: %s", folder, error.strerror)
        return 1
    except Exception:
        logging.critical("the recorder ends with a fault of its own", exc_info=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
