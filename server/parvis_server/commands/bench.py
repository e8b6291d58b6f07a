"""``parvis bench``: measure this machine."""

import asyncio
import json
from typing import Any, Literal

import typer

from parvis_server.commands import bench_fanout, bench_impairment, bench_listeners

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis bench latency

  parvis bench latency --seconds 60 --frame-ms 5 --json
"""


@app.callback()
def bench() -> None:
    """Measure this machine with real processes; nothing of it is estimated."""


@app.command(epilog=EXAMPLES)
def latency(
    seconds: int = typer.Option(20, min=3, max=3600, help="How long to measure after a warm-up."),
    frame_ms: int = typer.Option(10, help="Length of the hub's tick: 10, or 5."),
    files: bool = typer.Option(False, "--files", help="Without a sound server in between."),
    warm_up: int = typer.Option(45, min=3, max=600, help="Seconds until it counts."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on the last line."),
) -> None:
    """Delay from a unit's microphone to a loudspeaker unit, stage by stage, and to everybody else.

    Where PulseAudio is, microphone and loudspeaker are null sinks of a private sound server;
    otherwise files. Ticks, unit and start of the hub are measured beside.
    """
    from parvis_server.bench.latency import measure_latency
    from parvis_server.errors import without_group

    try:
        found = asyncio.run(
            measure_latency(seconds, _frame_ms(frame_ms), files=files, warm_up_s=warm_up)
        )
    except ExceptionGroup as faults:
        raise without_group(faults) from None
    _tell(found, as_json=as_json)


MIX_EXAMPLES = """Examples:

  parvis bench mix --open 16 --returns 4

  parvis bench mix --open 8 --returns 0 --frame-ms 5 --seconds 60 --json
"""


@app.command(epilog=MIX_EXAMPLES)
def mix(
    microphones: int = typer.Option(16, "--open", min=0, help="Open microphones in the hall."),
    returns: int = typer.Option(4, min=0, help="Remote speakers, each with a return."),
    loudspeakers: int = typer.Option(1, min=0, max=16, help="Zones with a loudspeaker."),
    seconds: int = typer.Option(20, min=3, max=3600, help="How long to measure after a warm-up."),
    frame_ms: int = typer.Option(10, help="Length of a tick: 10, or 5."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on the last line."),
) -> None:
    """Work and lateness of a mixing engine with so many sources, beside an empty ticker."""
    from parvis_server.bench.mix import Scene, measure_mix

    scene = Scene(microphones, returns, loudspeakers, _frame_ms(frame_ms))
    _tell(asyncio.run(measure_mix(scene, seconds)), as_json=as_json)


def _frame_ms(given: int) -> Literal[5, 10]:
    from parvis_server.errors import UsageError

    if given not in (5, 10):
        raise UsageError(f"--frame-ms {given}: a tick is 5 or 10 ms long")
    return 5 if given == 5 else 10


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    """For people, and on demand for programs."""
    from parvis_server.bench.figures import table

    typer.echo(table(found))
    if as_json:
        typer.echo(json.dumps(found))


app.command(epilog=bench_impairment.EXAMPLES)(bench_impairment.impairment)
app.command(epilog=bench_listeners.EXAMPLES)(bench_listeners.listeners)
app.command(epilog=bench_fanout.EXAMPLES)(bench_fanout.fanout)
