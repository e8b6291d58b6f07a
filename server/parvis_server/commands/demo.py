"""``parvis demo``: try everything on one machine."""

import typer

from parvis_server import lasting

app = typer.Typer(add_completion=False)

DEFAULT_PORT = 8080
DEFAULT_QUESTION_EVERY_S = 45
"""As the scenario's own, which is not imported for the help's sake."""
MOST_QUESTION_EVERY_S = 3600
"""Longer than anybody looks at a demo."""

EXAMPLES = """Examples:

  parvis demo                  open the printed link on a phone in the same network

  parvis demo --port 9000

  parvis demo --question-every 10   somebody far away asks soon, and again and again
"""


@app.command(epilog=EXAMPLES)
def demo(
    port: int = typer.Option(
        DEFAULT_PORT, min=0, max=65535, help="Port of the demo's hub; 0 takes a free one."
    ),
    question_every: float = typer.Option(
        DEFAULT_QUESTION_EVERY_S,
        min=1,
        max=MOST_QUESTION_EVERY_S,
        help="Seconds until the phone far away writes a question, and until its next.",
    ),
) -> None:
    """Run a hub and three tables with voices that raise hands and speak in turn, for ever.

    Keys: h presses your own table's button (it has this machine's microphone, if there is one),
    n gives the floor to the next hand, q or Ctrl-C ends everything.
    """
    import asyncio

    with lasting.imports():
        from parvis_server.demo.evening import play

    asyncio.run(play(port, question_every))
