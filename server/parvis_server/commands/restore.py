"""``parvis restore``: a hub again as it was when a copy of it was made."""

from pathlib import Path
from typing import Annotated

import typer

from parvis_server.commands.asking import Data

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis restore parvis-hub-20261123T040000Z.zip           as this user's hub

  sudo systemctl stop parvis-hub
  sudo parvis restore FILE --data /var/lib/parvis-hub --over
  sudo systemctl start parvis-hub
"""


@app.command(epilog=EXAMPLES)
def restore(
    copy: Annotated[Path, typer.Argument(help="What parvis backup made.", show_default=False)],
    over: Annotated[
        bool,
        typer.Option("--over", help="Replace a hub that is there; its files are moved aside."),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="The hub's settings file, as for parvis hub.")
    ] = None,
    data: Data = None,
) -> None:
    """Put a copy in the place of a hub that does not run: rooms, roles, lines of hands, keys."""
    from datetime import UTC, datetime

    from parvis_server.backup import Hub
    from parvis_server.config import load_settings
    from parvis_server.copy_file import OTHER_SETTINGS
    from parvis_server.restoring import restore, set_aside

    hub = Hub.of(load_settings(config, {"data": data}), config)
    names = restore(hub, copy, datetime.now(UTC), over=over)
    typer.echo(f"restored to {hub.folder}: {', '.join(names)}")
    typer.echo(
        "whoever was erased from the hub that was here stays erased; whom only another hub erased, "
        "after the copy was made, is in it again: erase them once more"
    )
    for aside in set_aside(hub):
        typer.echo(f"what was there before is in {aside}: delete that once the hub runs well")
    if OTHER_SETTINGS in names:
        typer.echo(f"its settings are in {hub.folder / OTHER_SETTINGS}: put them where they belong")
