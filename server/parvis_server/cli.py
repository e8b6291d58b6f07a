"""The command ``parvis``: a table of commands, each imported only when it is used.

Importing numpy, FastAPI and the codecs takes a second; ``parvis --help`` and a mistyped flag need
none of them.
"""

import gc
import os
import sys
from importlib import import_module, metadata
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from parvis_server.errors import UserError

COMMANDS = {
    "hub": "Run the hub: pages, sockets, the line of hands and the mix.",
    "edge": "Run an edge: faces the phones for a hub that stands elsewhere.",
    "edges": "List the edges of a running hub, and empty one for an upgrade.",
    "room": "Make, list, show and end the rooms of a running hub.",
    "invite": "Invite somebody to a room, and take it back.",
    "unit": "Pair units with a running hub, list, rename and revoke them.",
    "update": "Newer programs for units: make, sign, offer them.",
    "session": "See who runs the hub, end that, or make a link for one more.",
    "label": "Make units: setup codes, a parvis.toml for each, labels to print.",
    "listen": "Listen to a room without a browser, and record it.",
    "replay": "List recordings, publish them, take a voice out, erase, export.",
    "papers": "Print the privacy papers: notice, register entry, impact sheet.",
    "backup": "Copy a hub's rooms, keys and settings into one file.",
    "restore": "Put such a copy in the place of a hub.",
    "doctor": "Say what does not reach what, and what to do.",
    "demo": "Try everything on this machine: a hub and three tables with voices.",
    "bench": "Measure this machine: delay, mix, listeners.",
}
"""Name to one line of help; the module is ``parvis_server.commands.<name>``."""


class LazyCommand(TyperCommand):
    """Stands in the list of commands for one that is not imported yet."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        """Import the real command, which then parses its own arguments."""
        module = import_module(f"parvis_server.commands.{self.name}")
        return typer.main.get_command(module.app).make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """The commands of ``COMMANDS``, in that order."""

    def __init__(self, **attributes: Any) -> None:
        """Fill the group from the table."""
        super().__init__(**attributes)
        for name, line in COMMANDS.items():
            self.add_command(LazyCommand(name, help=line, callback=None))


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a mistyped flag is told in one line, not in a box that wraps it
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parvis {metadata.version('parvis')}")
        raise typer.Exit


@app.callback()
def parvis(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """The drop-in audio room that survives the return to the hall."""


def main() -> None:
    """Run a command; what a user can mend is told in one line, without a traceback."""
    # For the processes that it starts, too: beside a live room, a pool of NumPy's threads that
    # spin until all are done would take the cores from the mix.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except UserError as error:
        print(f"parvis: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "parvis").startswith("parvis"):
            raise
        words = f"this needs a hub's packages ({error.name} is missing)"
        print(f"parvis: {words}: pip install 'parvis[hub]'", file=sys.stderr)
        sys.exit(1)
    finally:
        gc.freeze()  # the process ends: nothing need be looked at once more
