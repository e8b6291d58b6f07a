"""``parvis bench listeners``: thousands of real listeners, and what they cost."""

import asyncio
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parvis_server.errors import UsageError, without_group

if TYPE_CHECKING:
    from parvis_server.bench.listening.wanted import Wanted

EXAMPLES = """Examples:

  parvis bench listeners --listeners 1000 --seconds 10

  parvis bench listeners --listeners 8000 --edge-workers 2 --seconds 300 --json

  parvis bench listeners --listeners 5000 --seconds 60 --url https://room.example/r/main

  parvis bench listeners --add here.json there.json     several machines, one result

  parvis bench listeners --listeners 4000 --newcomers-per-s 500
"""

Listeners = Annotated[int, typer.Option(min=1, max=100_000, help="How many listen.")]
Seconds = Annotated[
    float, typer.Option(min=1, max=7200, help="How long to count, once all have joined.")
]
Url = Annotated[
    list[str] | None,
    typer.Option(
        help="Listener link of a running hub or edge; several share the listeners. Unless set: a "
        "hub of this bench's own, in which somebody speaks.",
        show_default=False,
    ),
]
JoinsPerS = Annotated[float, typer.Option(min=1, max=10_000, help="Joins a second.")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Processes that share the listeners.")]
EdgeWorkers = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=32,
        help="Of the bench's own hub. Unless set: as many as it would start by itself.",
        show_default=False,
    ),
]
PacketMs = Annotated[
    int | None,
    typer.Option(
        help="Sound in a packet of the bench's own hub: 20, 40, 60, 80, 100 or 120. Unless set: "
        "the more listeners, the longer.",
        show_default=False,
    ),
]
Tls = Annotated[bool, typer.Option("--tls", help="Listen to the bench's own hub over https.")]
Trust = Annotated[
    Path | None,
    typer.Option(help="PEM file with the certificate to trust, for --url https://…."),
]
Invite = Annotated[str | None, typer.Option(help="Secret of a private room's link (after #k=).")]
NewcomersPerS = Annotated[
    float,
    typer.Option(min=0, max=10_000, help="Then again while others join, hear and leave like this."),
]
Stuck = Annotated[
    int, typer.Option(min=0, max=1000, help="Then again beside readers that never read.")
]
Hostile = Annotated[
    int, typer.Option(min=0, max=1000, help="Then again beside clients that want to do harm.")
]
Add = Annotated[
    list[Path] | None,
    typer.Option(
        "--add", help="Measure nothing: add up results of --json, this and the files after it."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]
More = Annotated[list[Path] | None, typer.Argument(hidden=True)]


def listeners(
    more: More = None,
    listeners: Listeners = 1000,
    seconds: Seconds = 10.0,
    url: Url = None,
    joins_per_s: JoinsPerS = 300.0,
    processes: Processes = 1,
    edge_workers: EdgeWorkers = None,
    packet_ms: PacketMs = None,
    tls: Tls = False,
    trust: Trust = None,
    invite: Invite = None,
    newcomers_per_s: NewcomersPerS = 0.0,
    stuck: Stuck = 0,
    hostile: Hostile = 0,
    add: Add = None,
    as_json: AsJson = False,
) -> None:
    """Open real listeners, and measure each one's delay, gaps, losses and join.

    Delay: from the tick in which the engine makes a packet to its last byte read, packet time not
    included; on another machine than the hub's over the smallest delay. Ctrl-C ends it early.
    """
    from parvis_server.bench.listening.results import added, lines
    from parvis_server.bench.listening.wanted import Wanted

    if more and not add:
        raise UsageError(f"{more[0]}: files are for --add")
    if add:
        found = added(_read(path) for path in (*add, *(more or ())))
    else:
        own = {"--edge-workers": edge_workers, "--packet-ms": packet_ms, "--tls": tls or None}
        _check_own(url, {flag for flag, given in own.items() if given is not None})
        found = _measured(
            Wanted(
                listeners=listeners,
                seconds=seconds,
                links=tuple(url or ()),
                joins_per_s=joins_per_s,
                processes=processes,
                edge_workers=edge_workers,
                packet_ms=packet_ms,
                encrypted=tls,
                trusted=None if trust is None else str(trust),
                invite=invite,
                newcomers_per_s=newcomers_per_s,
                stuck=stuck,
                hostile=hostile,
            )
        )
    typer.echo(lines(found))
    if as_json:
        typer.echo(json.dumps(found))


def _check_own(url: list[str] | None, given: set[str]) -> None:
    if url and given:
        flag = min(given)
        raise UsageError(f"{flag} is for a hub of the bench's own: leave --url away")


def _read(path: Path) -> dict[str, Any]:
    """The last line of a file, which is what ``--json`` prints."""
    try:
        lines = path.read_text(encoding="utf-8").strip().splitlines()
        told = json.loads(lines[-1])
    except (OSError, UnicodeDecodeError, IndexError, json.JSONDecodeError) as error:
        raise UsageError(f"--add {path}: {error}") from None
    if not isinstance(told, dict):
        raise UsageError(f"--add {path}: its last line is no result of --json")
    return told


def _measured(wanted: "Wanted") -> dict[str, Any]:
    from parvis_server.bench.listening.measure import measure_listeners

    async def run() -> dict[str, Any]:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        return await measure_listeners(wanted, lambda line: typer.echo(line, err=True), stopping)

    try:
        return asyncio.run(run())
    except ExceptionGroup as faults:
        raise without_group(faults) from None
