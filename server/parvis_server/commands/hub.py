"""``parvis hub``: run the hub."""

import os
import sys
from pathlib import Path

import typer

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis hub                               pages and sockets on port 8080

  parvis hub --port 80 --title "Town hall"

  parvis hub --certificate fullchain.pem --key privkey.pem     https that browsers trust

  parvis hub --publish ADDRESS             phones anywhere, by a public edge (docs/public.md)

  parvis hub --edge-workers 4              four more cores for a large audience

  parvis hub --open-house                  units and speakers elsewhere may join unpaired

  parvis hub --frame-ms 5                  the least delay, for a few wired microphones

  parvis hub --config /etc/parvis.toml --log-format json
"""


@app.command(epilog=EXAMPLES)
def hub(
    host: str | None = typer.Option(None, help="Address to listen on. Default: 0.0.0.0."),
    port: int | None = typer.Option(
        None, min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 8080."
    ),
    tls_port: str | None = typer.Option(
        None,
        metavar="PORT",
        help="Port of the same over https; 0 takes a free one, 'off' none. Default: 8443.",
    ),
    certificate: Path | None = typer.Option(
        None,
        help="Certificate for https (PEM, with its chain). Default: one of the hub's own, "
        "which its units trust and browsers warn of.",
    ),
    key: Path | None = typer.Option(None, help="The certificate's private key (PEM)."),
    data: Path | None = typer.Option(
        None,
        help="Folder for secrets and settings. Default: $XDG_STATE_HOME/parvis, else "
        "~/.local/state/parvis.",
    ),
    edge_workers: int | None = typer.Option(
        None,
        min=0,
        max=16,
        help="Edges on this machine, on the ports that follow; 0: none. Default: by themselves "
        "above 500 listeners.",
    ),
    bus: str | None = typer.Option(
        None,
        metavar="URL",
        help="NATS server on which edges on other machines meet this hub: nats://host:4222.",
    ),
    title: str | None = typer.Option(None, help="What the room is called on every screen."),
    publish: str | None = typer.Option(
        None,
        metavar="ADDRESS",
        help="Reach phones anywhere: the address that parvis edge --public printed, or a file "
        "that holds it. The hub dials out; nothing comes in.",
    ),
    publish_ca: Path | None = typer.Option(
        None, help="Authority of the public edge's certificate (PEM), where it is your own."
    ),
    open_house: bool | None = typer.Option(
        None,
        "--open-house/--no-open-house",
        help="Admit unpaired units and speakers from any address, not only from this machine.",
        show_default=False,
    ),
    frame_ms: int | None = typer.Option(
        None,
        help="Length of a tick: 10, or 5 for the least delay (at most 8 wired microphones). "
        "Default: 10.",
    ),
    config: Path | None = typer.Option(
        None, help="Settings file (TOML). Default: parvis.toml in the data folder."
    ),
    log_format: str | None = typer.Option(
        None, help="'human' (lines for people) or 'json'. Default: human."
    ),
) -> None:
    """Run the hub: it serves the page, keeps the line of hands and mixes the sound."""
    from parvis_server.config import load_settings

    flags = {
        "data": data,
        "network.host": host,
        "network.port": port,
        "network.tls_port": tls_port,
        "network.certificate": certificate,
        "network.key": key,
        "publish": publish,
        "publish_ca": publish_ca,
        "edges.workers": edge_workers,
        "bus.url": bus,
        "room.title": title,
        "access.open_house": open_house,
        "stage.frame_ms": frame_ms,
        "log.format": log_format,
    }
    settings = load_settings(config, flags)
    if publish is not None:
        _hide(publish, settings.data)

    from parvis_server.hub_process import run  # takes a second: not for a mistyped flag

    run(settings)


def _hide(publish: str, data: Path) -> None:
    """Start again with the address in a file: everybody may read the command lines of all."""
    from parvis_server.data_folder import DataFolder
    from parvis_server.link.publish import hidden, is_address, read_address

    read_address(publish)
    if is_address(publish):
        sys.stdout.flush()
        arguments = hidden(sys.orig_argv[1:], publish, DataFolder.open(data))
        os.execv(sys.executable, [sys.executable, *arguments])
