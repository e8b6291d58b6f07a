"""``parvis edge``: run an edge, which faces the phones for a hub elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parvis_server import lasting

if TYPE_CHECKING:
    from parvis_server.edge.settings import EdgeSettings

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis edge --public room.example        the public side of a hub that stands behind a router

  parvis edge --bus nats://10.0.0.5:4222   one more for a large audience, on the hub's bus

  parvis edge --public room.example --certificate fullchain.pem --key privkey.pem --port 443

  parvis edge --public room.example --show-address               what the venue needs, once more

  parvis edge --public room.example --behind-proxy 127.0.0.1 --host 127.0.0.1
"""

BUS = "Bus of the hub: nats://host:4222, or wss://host/bus."
PUBLIC = "Stand outside the venue, under this name: prints at the first start how the hub joins."
SHOW = "Print again how the hub joins, with the secret, and end."
SITE = "Name of the hub's site on a bus that several share."
PORT = "Port to listen on; 0 takes a free one. Default: 8080."
PLACE = "Where browsers reach this edge: an origin, :8081 or /e/1. Default: its name or address."
NAME = "Name by which browsers reach this edge; may be given several times."
PAGE = "Origin of pages that may listen here, such as https://room.example; several times."
PROXY = "Address of a reverse proxy that is believed; several times."
CERTIFICATE = "Certificate for https (PEM, with its chain): the port is https then."
DATA = (
    "Folder for the secret of a public edge. Default: $XDG_STATE_HOME/parvis-edge, else "
    "~/.local/state/parvis-edge."
)
CONFIG = "Settings file (TOML). Default: parvis-edge.toml in the data folder."
FORMAT = "'human' (lines for people) or 'json'. Default: human."

Text = str | None
Many = list[str] | None
File = Path | None


@app.command(epilog=EXAMPLES)
def edge(
    bus: Annotated[Text, typer.Option(metavar="URL", help=BUS)] = None,
    public: Annotated[Text, typer.Option(metavar="NAME", help=PUBLIC)] = None,
    site: Annotated[Text, typer.Option(metavar="NAME", help=SITE)] = None,
    host: Annotated[Text, typer.Option(help="Address to listen on. Default: 0.0.0.0.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=PORT)] = None,
    place: Annotated[Text, typer.Option(help=PLACE)] = None,
    name: Annotated[Many, typer.Option(help=NAME)] = None,
    page: Annotated[Many, typer.Option(help=PAGE)] = None,
    behind_proxy: Annotated[Many, typer.Option(metavar="ADDRESS", help=PROXY)] = None,
    certificate: Annotated[File, typer.Option(help=CERTIFICATE)] = None,
    key: Annotated[File, typer.Option(help="The certificate's private key (PEM).")] = None,
    data: Annotated[File, typer.Option(help=DATA)] = None,
    config: Annotated[File, typer.Option(help=CONFIG)] = None,
    log_format: Annotated[Text, typer.Option(help=FORMAT)] = None,
    show_address: Annotated[bool, typer.Option("--show-address", help=SHOW)] = False,
) -> None:
    """Run an edge: it serves pages and listeners, and passes what they do to the hub."""
    from parvis_server.bus.settings import refuse_secret_in_arguments
    from parvis_server.edge.settings import load_edge_settings

    refuse_secret_in_arguments(bus, "PARVIS_EDGE_BUS__", "parvis-edge.toml")
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
    if show_address:
        _show(settings)
        return

    with lasting.imports():
        from parvis_server.edge.process import run  # takes a second: not for a mistyped flag

    run(settings)


def _show(settings: "EdgeSettings") -> None:
    """Print how the hub joins: on the screen of whoever asks, and in no log."""
    from parvis_server.errors import UsageError
    from parvis_server.link.edge_secret import address_to_show, how_to_join

    if settings.public is None:
        raise UsageError("--show-address: say --public with the name of the edge, too")
    typer.echo(how_to_join(address_to_show(settings.data, settings.public)))
