"""Servers that do what our hub does, each behind the same talkers: the file name is the server.

``talker`` is one who sends and hears, whatever the server; ``parvis``, ``janus`` and ``mumble``
start a server of their own on the loopback, let the talkers in, and give the pids to be counted.
"""

import asyncio

from fakes.processes import ProcessError, Program, wait_for_port


async def listens(program: Program, port: int) -> None:
    """Wait until this program listens there.

    Raises:
        ProcessError: it does not; with the last thing that it said.
    """
    try:
        await asyncio.to_thread(wait_for_port, port)
    except ProcessError as error:
        last = program.lines[-1] if program.lines else "nothing"
        raise ProcessError(f"{error}; the last thing it said: {last}") from error
