"""``parvis hub``: run the hub."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parvis_server import lasting

if TYPE_CHECKING:
    from parvis_server.config import HubSettings

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


HostAddress = Annotated[str | None, typer.Option(help="Address to listen on. Default: 0.0.0.0.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 8080."),
]
TlsPort = Annotated[
    str | None,
    typer.Option(
        metavar="PORT",
        help="Port of the same over https; 0 takes a free one, 'off' none. Default: 8443.",
    ),
]
Certificate = Annotated[
    Path | None,
    typer.Option(
        help="Certificate for https (PEM, with its chain). Default: one of the hub's own, "
        "which its units trust and browsers warn of."
    ),
]
KeyFile = Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).")]
DataPath = Annotated[
    Path | None,
    typer.Option(
        help="Folder for secrets and settings. Default: $XDG_STATE_HOME/parvis, else "
        "~/.local/state/parvis."
    ),
]
EdgeWorkers = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=16,
        help="Edges on this machine, on the ports that follow; 0: none. Default: by themselves "
        "above 500 listeners.",
    ),
]
BusUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="NATS server on which edges on other machines meet this hub: nats://host:4222.",
    ),
]
Title = Annotated[str | None, typer.Option(help="What the room is called on every screen.")]
Publish = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Reach phones anywhere: the address that parvis edge --public printed, or a file "
        "that holds it. The hub dials out; nothing comes in.",
    ),
]
PublishCa = Annotated[
    Path | None,
    typer.Option(help="Authority of the public edge's certificate (PEM), where it is your own."),
]
OpenHouse = Annotated[
    bool | None,
    typer.Option(
        "--open-house/--no-open-house",
        help="Admit unpaired units and speakers from any address, not only from this machine.",
        show_default=False,
    ),
]
FrameMs = Annotated[
    int | None,
    typer.Option(
        help="Length of a tick: 10, or 5 for the least delay (at most 8 wired microphones). "
        "Default: 10."
    ),
]
Config = Annotated[
    Path | None, typer.Option(help="Settings file (TOML). Default: parvis.toml in the data folder.")
]
LogFormat = Annotated[
    str | None, typer.Option(help="'human' (lines for people) or 'json'. Default: human.")
]


@app.command(epilog=EXAMPLES)
def hub(
    host: HostAddress = None,
    port: Port = None,
    tls_port: TlsPort = None,
    certificate: Certificate = None,
    key: KeyFile = None,
    data: DataPath = None,
    edge_workers: EdgeWorkers = None,
    bus: BusUrl = None,
    title: Title = None,
    publish: Publish = None,
    publish_ca: PublishCa = None,
    open_house: OpenHouse = None,
    frame_ms: FrameMs = None,
    config: Config = None,
    log_format: LogFormat = None,
) -> None:
    """Run the hub: it serves the page, keeps the line of hands and mixes the sound."""
    with lasting.imports():
        from parvis_server.bus.settings import refuse_secret_in_arguments
        from parvis_server.config import load_settings

    refuse_secret_in_arguments(bus, "PARVIS_HUB_BUS__", "parvis.toml")
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
    if finishes_a_restore(settings, config):
        settings = load_settings(config, flags)  # which may be of the copy
    if publish is not None:
        _hide(publish, settings.data)

    with lasting.imports():
        from parvis_server.hub_process import run  # takes a second: not for a mistyped flag

    run(settings)


def finishes_a_restore(settings: "HubSettings", config: Path | None) -> bool:
    """Go on with one that the power cut off, before anything of the hub is read."""
    from parvis_server.data_folder import is_being_restored

    if not is_being_restored(settings.data):
        return False
    from parvis_server.backup import Hub
    from parvis_server.restoring import finish

    finished = finish(Hub.of(settings, config))
    if finished:
        typer.echo("a restore that was cut off is done: the hub is that of the copy", err=True)
    return finished


def _hide(publish: str, data: Path) -> None:
    """Start again with the address in a file: everybody may read the command lines of all."""
    from parvis_server.data_folder import DataFolder
    from parvis_server.link.publish import hidden, is_address, read_address

    read_address(publish)
    if is_address(publish):
        sys.stdout.flush()
        arguments = hidden(sys.orig_argv[1:], publish, DataFolder.open(data))
        os.execv(sys.executable, [sys.executable, *arguments])
