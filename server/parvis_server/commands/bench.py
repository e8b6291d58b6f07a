"""``parvis bench``: measure this machine."""

import asyncio
import json

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
    from parvis_server.bench.figures import table
    from parvis_server.bench.latency import measure_latency
    from parvis_server.errors import without_group

    try:
        found = asyncio.run(measure_latency(seconds))
    except ExceptionGroup as faults:
        raise without_group(faults) from None
    typer.echo(table(found))
    if as_json:
        typer.echo(json.dumps(found))


app.command(epilog=bench_impairment.EXAMPLES)(bench_impairment.impairment)
