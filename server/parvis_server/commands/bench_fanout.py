"""``parvis bench fanout``: what one packet costs for one listener, beside other servers."""

import json
import signal
from typing import Annotated

import typer

EXAMPLES = """Examples:

  parvis bench fanout

  parvis bench fanout --listeners 2000 --pairs 3 --only parvis --only nchan --json
"""

Listeners = Annotated[int, typer.Option(min=1, max=20_000, help="Listeners of each server.")]
Pairs = Annotated[int, typer.Option(min=1, max=50, help="Rounds in which each has its turn.")]
Seconds = Annotated[float, typer.Option(min=0.2, max=20, help="Of packets, in each turn.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        help="Compare only this one with the floor; may be repeated: parvis, websockets, nchan, "
        "nats, icecast.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")]


def fanout(
    listeners: Listeners = 1000,
    pairs: Pairs = 5,
    seconds: Seconds = 3.0,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Compare our fan-out with a bare floor and with the servers that are installed here.

    The same packets of the program, the same reader, in turns; CPU time of each server's process.
    Ctrl-C ends it early.
    """
    from parvis_server.bench.fanout_measure import Scene, compare, lines

    # Ended as by Ctrl-C: the servers end, too, and what there is is told.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    scene = Scene(listeners=listeners, pairs=pairs, seconds=seconds, only=tuple(only or ()))
    found = compare(scene, lambda line: typer.echo(line, err=True))
    typer.echo(lines(found))
    if as_json:
        typer.echo(json.dumps(found))
