"""``parvis listen``: listen to a room without a browser."""

import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from parvis_server import lasting
from parvis_server.commands.asking import Fingerprint

if TYPE_CHECKING:
    from parvis_server.listen.link import ListenerLink
    from parvis_server.listen.listener import Listener
    from parvis_server.listen.sinks import Sink
    from parvis_server.listen.speaker import Speaker
    from parvis_server.listen.voice import Voice

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis listen http://192.168.1.20:8080/r/main --output evening.wav

  parvis listen http://localhost:8080/r/main --output check.wav --seconds 10 --json

  parvis listen http://hub.local:8080/r/main --play

  parvis listen https://192.168.1.20:8443/r/main --play --fingerprint "3F29 ... 0C1D"

  parvis listen http://hub.local:8080/r/main --return --say question.wav --play
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
    as_return: bool = typer.Option(
        False, "--return", help="Join as a remote speaker: hear everybody but yourself."
    ),
    say: Path | None = typer.Option(
        None, "--say", help="With --return: sound file to send as your own voice."
    ),
    loop: bool = typer.Option(False, "--loop", help="Say it over and over."),
    connections: int = typer.Option(
        1, min=1, max=2, help="With --return: 2 sends every packet twice, against lost segments."
    ),
    name: str | None = typer.Option(None, "--name", help="With --return: what you are called."),
    fingerprint: Fingerprint = None,
    as_json: bool = typer.Option(False, "--json", help="Print counts as JSON on the last line."),
) -> None:
    """Listen to a room: record it, play it, or both. Lost connections come back by themselves.

    With --return as a remote speaker, who may also speak; then the sound need not go anywhere.
    """
    with lasting.imports():
        from parvis_server.errors import UsageError
        from parvis_server.libraries import require_opus
        from parvis_server.listen.listener import Listener
        from parvis_server.listen.sinks import Sinks, open_sinks
        from parvis_server.listen.speaker import Speaker

    _check(as_return=as_return, only_then={"--say": say, "--name": name, "--loop": loop})
    if loop and say is None:
        raise UsageError("--loop says a file over and over: give --say FILE too")
    if output is None and not play and not as_return:
        raise UsageError("nowhere to put the sound: give --output FILE, --play, or both")
    link = _link(url, fingerprint)
    require_opus()
    voice = None if say is None else _voice(say, loop=loop)
    opened = open_sinks(output, play=play)
    listener: Listener | Speaker
    if as_return:
        listener = Speaker(
            link, Sinks(*opened), _say, voice=voice, connections=connections, name=name
        )
    else:
        listener = Listener(link, Sinks(*opened), say=_say)
    _run(listener, opened, seconds, as_json=as_json)
    if output is not None:
        _say(f"{listener.playback.played_samples / 48_000:.1f} s written to {output}")
    listener.check_heard(link)


def _link(url: str, fingerprint: str | None) -> "ListenerLink":
    from parvis_server.errors import UsageError
    from parvis_server.known_certificate import read_fingerprint, trust_fingerprint
    from parvis_server.listen.link import ListenerLink

    link = ListenerLink.parse(url)
    if fingerprint is None:
        return link
    digest = read_fingerprint(fingerprint)
    if not link.is_encrypted:
        raise UsageError(f"--fingerprint is for an https link, and {url} is none")
    return link.trusting(trust_fingerprint(link.host, link.port, digest))


def _check(*, as_return: bool, only_then: dict[str, object]) -> None:
    from parvis_server.errors import UsageError

    given = [flag for flag, value in only_then.items() if value]
    if given and not as_return:
        raise UsageError(f"{given[0]} is for remote speakers: give --return too")


def _voice(path: Path, *, loop: bool) -> "Voice":
    from parvis_audio.errors import SoundFileError
    from parvis_audio.sound_file import read_mono_48k
    from parvis_server.errors import UsageError
    from parvis_server.listen.voice import Voice

    try:
        return Voice(read_mono_48k(path), loop=loop)
    except SoundFileError as error:
        raise UsageError(f"--say {error}") from None


def _run(
    listener: "Listener | Speaker", sinks: "list[Sink]", seconds: float | None, *, as_json: bool
) -> None:
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


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
