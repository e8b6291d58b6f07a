"""``parvis backup``: a copy of all that a hub must not lose."""

from pathlib import Path
from typing import Annotated

import typer

from parvis_server.commands.asking import Data

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis backup /media/usb                               the hub of this user, running or not

  parvis backup /var/backups/parvis-hub --keep 14        what a nightly timer does

  sudo -u parvis-hub parvis backup /var/backups/parvis-hub --data /var/lib/parvis-hub
"""


@app.command(epilog=EXAMPLES)
def backup(
    to: Annotated[Path, typer.Argument(help="Folder for the copy.", show_default=False)],
    keep: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many copies stay there, the newest. Unless set: all.",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The hub's settings file, as for parvis hub.")
    ] = None,
    data: Data = None,
) -> None:
    """Copy rooms, keys and settings into one file, while the hub runs. Recordings are not in it:
    parvis replay export copies those."""
    from datetime import UTC, datetime

    from parvis_server.backup import Hub, backup
    from parvis_server.config import load_settings
    from parvis_server.copy_file import listed

    settings = load_settings(config, {"data": data})
    path = backup(Hub.of(settings, config), to, datetime.now(UTC), keep)
    typer.echo(f"{path}: {listed(path)}")
    if settings.site.key_file is not None:
        typer.echo(f"not in it: the site's key {settings.site.key_file}, which other hubs share")
