"""``parvis edge``: run an edge, which faces the phones for a hub elsewhere."""

from pathlib import Path

import typer

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis edge --public room.example        the public side of a hub that stands behind a router

  parvis edge --bus nats://10.0.0.5:4222   one more for a large audience, on the hub's bus

  parvis edge --public room.example --certificate fullchain.pem --key privkey.pem --port 443

  parvis edge --public room.example --behind-proxy 127.0.0.1 --host 127.0.0.1
"""


@app.command(epilog=EXAMPLES)
def edge(
    bus: str | None = typer.Option(
        None, metavar="URL", help="Bus of the hub: nats://host:4222, or wss://host/bus."
    ),
    public: str | None = typer.Option(
        None,
        metavar="NAME",
        help="Stand outside the venue, under this name: prints how the hub joins.",
    ),
    site: str | None = typer.Option(
        None, metavar="NAME", help="Name of the hub's site on a bus that several share."
    ),
    host: str | None = typer.Option(None, help="Address to listen on. Default: 0.0.0.0."),
    port: int | None = typer.Option(
        None, min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 8080."
    ),
    place: str | None = typer.Option(
        None,
        help="Where browsers reach this edge: an origin, :8081 or /e/1. "
        "Default: its name or address.",
    ),
    name: list[str] | None = typer.Option(
        None, help="Name by which browsers reach this edge; may be given several times."
    ),
    page: list[str] | None = typer.Option(
        None,
        help="Origin of pages that may listen here, such as https://room.example; several times.",
    ),
    behind_proxy: list[str] | None = typer.Option(
        None, metavar="ADDRESS", help="Address of a reverse proxy that is believed; several times."
    ),
    certificate: Path | None = typer.Option(
        None, help="Certificate for https (PEM, with its chain): the port is https then."
    ),
    key: Path | None = typer.Option(None, help="The certificate's private key (PEM)."),
    data: Path | None = typer.Option(
        None,
        help="Folder for the secret of a public edge. Default: $XDG_STATE_HOME/parvis-edge, else "
        "~/.local/state/parvis-edge.",
    ),
    config: Path | None = typer.Option(
        None, help="Settings file (TOML). Default: parvis-edge.toml in the data folder."
    ),
    log_format: str | None = typer.Option(
        None, help="'human' (lines for people) or 'json'. Default: human."
    ),
) -> None:
    """Run an edge: it serves pages and listeners, and passes what they do to the hub."""
    from parvis_server.edge.settings import load_edge_settings

    flags = {
        "data": data,
        "bus.url": bus,
        "public": public,
        "site": site,
        "place": place,
        "network.host": host,
        "network.port": port,
        "network.names": tuple(name) if name else None,
        "network.pages": tuple(page) if page else None,
        "network.behind_proxy": tuple(behind_proxy) if behind_proxy else None,
        "network.certificate": certificate,
        "network.key": key,
        "log.format": log_format,
    }
    settings = load_edge_settings(config, flags)

    from parvis_server.edge.process import run  # takes a second: not for a mistyped flag

    run(settings)
