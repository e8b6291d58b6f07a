"""``parvis listen``: listen to a room without a browser."""

import asyncio
import gc
import json
import sys
from pathlib import Path

import typer

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis listen http://192.168.1.20:8080/r/main --output evening.wav

  parvis listen http://localhost:8080/r/main --output check.wav --seconds 10 --json

  parvis listen http://hub.local:8080/r/main --play
"""


@app.command(epilog=EXAMPLES)
def listen(
    url: str = typer.Argument(
        metavar="URL", help="The listener link that the hub prints.", show_default=False
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="WAV file to write; complete even when this is killed."
    ),
    seconds: float | None = typer.Option(
        None, min=0.1, help="End after so long, counted from the start. Default: at Ctrl-C."
    ),
    play: bool = typer.Option(False, "--play", help="Play on this machine's sound card."),
    as_json: bool = typer.Option(False, "--json", help="Print counts as JSON on the last line."),
) -> None:
    """Listen to a room: record it, play it, or both. Lost connections come back by themselves."""
    from parvis_server.errors import UsageError
    from parvis_server.libraries import require_opus
    from parvis_server.listen.link import ListenerLink
    from parvis_server.listen.listener import Listener
    from parvis_server.listen.sinks import Sink, Sinks, SoundCard, WavFile

    if output is None and not play:
        raise UsageError("nowhere to put the sound: give --output FILE, --play, or both")
    link = ListenerLink.parse(url)
    require_opus()
    sinks: list[Sink] = []
    if output is not None:
        sinks.append(WavFile(output))
    if play:
        sinks.append(SoundCard())
    listener = Listener(link, Sinks(*sinks), say=_say)
    # A full collection of what the libraries made takes 50 ms, a gap when the buffer is low: take
    # that out of the collector's sight, once.
    gc.collect()
    gc.freeze()
    try:
        asyncio.run(listener.run(seconds))
    finally:
        for sink in sinks:
            sink.close()
        if as_json:
            print(json.dumps(listener.summary()), flush=True)
    if output is not None:
        _say(f"{listener.playback.played_samples / 48_000:.1f} s written to {output}")
    listener.check_heard(link)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
