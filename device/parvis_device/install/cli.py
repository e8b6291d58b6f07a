"""The flags of ``parvis-unit install`` and ``parvis-unit uninstall``."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
Examples:
  see what it would do on this machine:
    parvis-unit install --dry-run
  make it a unit, with a USB microphone:
    sudo parvis-unit install
  a Raspberry Pi with a Codec Zero:
    sudo parvis-unit install --frontend codec-zero
  a hub:
    sudo parvis-unit install --role hub
  a folder that will be an image:
    parvis-unit install --root ./image
"""

_Role = Annotated[str, typer.Option(help="What the machine becomes: unit or hub.")]
_Root = Annotated[
    Path,
    typer.Option(
        metavar="DIR", help="The system: a folder that will be one; nothing outside is touched."
    ),
]
_From = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="Another folder firmware/ than the program's own."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what it would do, and do nothing.")]


def install(
    role: _Role = "unit",
    root: _Root = Path("/"),
    source: _From = None,
    wheel: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The program's wheel. Unless given: this checkout, or what runs."
        ),
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="pi4, pi5 or zero2w. Unless given: what this machine is.")
    ] = None,
    frontend: Annotated[
        str | None,
        typer.Option(help="A microphone that needs lines in config.txt: codec-zero or i2s-mems."),
    ] = None,
    key_device: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The button, on a machine without a Raspberry Pi's pins: what acts as keys. "
            "Unless given: the only one that is plugged in.",
        ),
    ] = None,
    update_key: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|KEY",
            help="The maker's public key, as parvis update key prints it: the unit takes updates "
            "that it signed, and no others.",
        ),
    ] = None,
    dry_run: _DryRun = False,
) -> None:
    """Make a Debian or Raspberry Pi OS machine a unit or a hub that starts by itself.

    Again and again does no harm: only what is missing is done. What was changed by hand stays.
    """
    from parvis_device.install.command import Choice, Installation

    choice = Choice(
        role,
        root.resolve(),
        source,
        wheel,
        board,
        frontend,
        key_device=key_device,
        update_key=update_key,
        dry_run=dry_run,
    )
    Installation(choice).install()


def uninstall(
    role: _Role = "unit",
    root: _Root = Path("/"),
    source: _From = None,
    purge: Annotated[
        bool,
        typer.Option(
            "--purge", help="The settings, the unit's key, a hub's rooms and recordings, too."
        ),
    ] = False,
    dry_run: _DryRun = False,
) -> None:
    """Take away what install put there; packages, settings and keys stay."""
    from parvis_device.install.command import Choice, Installation

    choice = Choice(role, root.resolve(), source, dry_run=dry_run, purge=purge)
    Installation(choice).uninstall()
