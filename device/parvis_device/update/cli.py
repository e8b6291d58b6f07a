"""``parvis-unit update``: its flags and words. What it does is in ``command``, loaded when used."""

from pathlib import Path
from typing import Annotated

import typer

from parvis_device.update.places import USUAL_EXCHANGE, USUAL_PREFIX, USUAL_PULSE, Places

EXAMPLES = """\b
Examples:
  what runs, and what became of the last update:
    parvis-unit update status
  whose bundles this unit takes (as root; the maker's public key):
    sudo parvis-unit update pin 5Xk…
"""

app = typer.Typer(add_completion=False, no_args_is_help=True)

Prefix = Annotated[
    Path, typer.Option("--prefix", metavar="DIR", help="Folder of the programs' versions.")
]


@app.callback(epilog=EXAMPLES)
def update() -> None:
    """Newer programs for this unit: signed, tried, kept or taken back."""


@app.command()
def watch(
    prefix: Prefix = USUAL_PREFIX,
    exchange: Annotated[
        Path, typer.Option("--exchange", metavar="DIR", help="Where the unit puts a bundle.")
    ] = USUAL_EXCHANGE,
    pulse: Annotated[
        Path, typer.Option("--pulse", metavar="PATH", help="Where the unit says that it is well.")
    ] = USUAL_PULSE,
    root: Annotated[
        Path, typer.Option("--root", metavar="DIR", help="What an update's files are laid over.")
    ] = Path("/"),
    service: Annotated[
        str, typer.Option("--service", help="systemd's service of the unit, started anew.")
    ] = "parvis-unit.service",
    restart_command: Annotated[
        str | None,
        typer.Option("--restart-command", help="Instead of systemd: a program that does it."),
    ] = None,
) -> None:
    """Be this unit's updater, until a newer one takes over.

    Needs to be started before the unit, as root, from the program that was kept last
    (good/bin/parvis-unit), and again whenever it ends: Type=notify, Restart=always.
    """
    from parvis_device.update.command import watch as work

    work(Places(prefix, exchange, pulse, root), service, restart_command)


@app.command(hidden=True)
def mend(prefix: Prefix = USUAL_PREFIX) -> None:
    """Let the links of a damaged card lead to programs again: what parvis-update.service does."""
    from parvis_device.update.command import mend as work

    work(Places(prefix))


@app.command()
def status(prefix: Prefix = USUAL_PREFIX) -> None:
    """Say what runs here, until when it is mended, and what became of the last update."""
    from parvis_device.update.command import show_status

    show_status(Places(prefix))


@app.command()
def pin(
    key: Annotated[str, typer.Argument(help="The maker's public key.", show_default=False)],
    prefix: Prefix = USUAL_PREFIX,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of a key that is pinned.")
    ] = False,
) -> None:
    """Take updates that are signed by this key, and no others."""
    from parvis_device.update.command import pin_key

    pin_key(Places(prefix), key, replace=replace)
