"""What the commands share that ask a running hub: how it is named, and how its answer is told."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from parvis_server.room_client import RoomClient

Hub = Annotated[
    str | None,
    typer.Option(
        help="Address of the hub, such as http://192.168.1.20:8080. Unless set: the one that runs "
        "on the data folder.",
        show_default=False,
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with the operator's token. Unless set: secrets.json of the data folder.",
        show_default=False,
    ),
]
Fingerprint = Annotated[
    str | None,
    typer.Option(
        help="SHA-256 fingerprint of the certificate that a hub made for itself, as the hub prints "
        "it at its start; with an https address.",
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="The hub's data folder. Unless set: as for parvis hub.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the hub's answer as JSON.")]


def client(
    hub: str | None, token_file: Path | None, data: Path | None, fingerprint: str | None
) -> "RoomClient":
    """The hub that is meant; raises ``UserError``."""
    from parvis_server.room_client import RoomClient

    return RoomClient.find(hub, token_file, data, fingerprint)


def tell(answer: dict[str, Any], as_json: bool, words: Callable[[], str]) -> None:
    """Print the hub's answer, for programs or for people."""
    typer.echo(json.dumps(answer) if as_json else words())


def moment(utc_ms: int | None) -> str:
    """A moment by this machine's clock, to the minute; never: ``-``."""
    if utc_ms is None:
        return "-"
    return datetime.fromtimestamp(utc_ms / 1000).strftime("%Y-%m-%d %H:%M")


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns under their heads, two blanks apart."""
    lines = [heads, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)
