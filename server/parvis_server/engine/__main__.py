"""``python -m parvis_server.engine --fd N``: the engine's process, started by the hub."""

import argparse
import logging
import os
import signal
import socket
import sys

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Run the engine on the socket that the hub handed down; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m parvis_server.engine", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="this end of the socket pair")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    for number in (signal.SIGINT, signal.SIGTERM):  # also sent to our whole group or service:
        signal.signal(number, signal.SIG_IGN)  # the hub hears it, and closes our socket
    for variable in THREAD_VARIABLES:  # a pool of numpy's would fight the tick for the cores
        os.environ[variable] = "1"
    try:
        hub = socket.socket(fileno=arguments.fd)
    except OSError as error:
        parser.error(f"--fd {arguments.fd} is not a socket ({error.strerror}): the hub starts this")
    return _run(hub)


def _run(hub: socket.socket) -> int:
    from parvis_server.engine.build import build_mix_engine
    from parvis_server.engine.process import EngineProcess

    try:
        EngineProcess(hub, build_mix_engine).run()
    except Exception:
        logging.critical("the engine ends with a fault of its own", exc_info=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
