"""``parvis bench``: measure this machine."""

import asyncio
import json
from typing import Any

import typer

from parvis_server.commands import bench_impairment

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis bench latency

  parvis bench latency --seconds 60 --json
"""


@app.callback()
def bench() -> None:
    """Measure this machine with real processes; nothing of it is estimated."""


@app.command(epilog=EXAMPLES)
def latency(
    seconds: int = typer.Option(20, min=3, max=3600, help="How long to measure after a warm-up."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object on the last line."),
) -> None:
    """Delay from a unit's microphone to a listener, stage by stage; ticks, unit, start of the hub.

    Where PulseAudio is, the microphone is a null sink of a private sound server; otherwise a file,
    and what lies before the hub cannot be seen.
    """
    from parvis_server.bench.latency import measure_latency
    from parvis_server.errors import without_group

    try:
        found = asyncio.run(measure_latency(seconds))
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
    from parvis_server.errors import UsageError

    if frame_ms not in (5, 10):
        raise UsageError(f"--frame-ms {frame_ms}: a tick is 5 or 10 ms long")
    scene = Scene(microphones, returns, loudspeakers, 5 if frame_ms == 5 else 10)
    _tell(asyncio.run(measure_mix(scene, seconds)), as_json=as_json)


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    """For people, and on demand for programs."""
    from parvis_server.bench.figures import table

    typer.echo(table(found))
    if as_json:
        typer.echo(json.dumps(found))


app.command(epilog=bench_impairment.EXAMPLES)(bench_impairment.impairment)
