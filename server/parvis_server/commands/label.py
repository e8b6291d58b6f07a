"""``parvis label``: setup codes for units that are being made."""

from pathlib import Path
from typing import Annotated

import typer

from parvis_server.commands.asking import table

app = typer.Typer(add_completion=False)

MAX_COUNT = 500
"""As many as a hub pairs."""

EXAMPLES = """Examples:

  parvis label --count 20                             into the folder labels

  parvis label --count 4 --name "Balcony" --first 21 --out balcony

  parvis label --count 20 --hub https://192.168.1.20:8443
"""


@app.command(epilog=EXAMPLES)
def label(
    count: Annotated[
        int, typer.Option(min=1, max=MAX_COUNT, help="How many units.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for parvis.toml and code.svg of each unit, and codes.csv.")
    ] = Path("labels"),
    name: Annotated[
        str, typer.Option(help="What they are called, before their numbers.")
    ] = "Table",
    first: Annotated[int, typer.Option(min=1, max=9_999, help="Number of the first one.")] = 1,
    hub: Annotated[
        str | None,
        typer.Option(
            help="Address of their hub. Unless set: they look for one on their network.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there, codes too.")
    ] = False,
) -> None:
    """Make the setup codes of units: one for the label of each, in a parvis.toml and in a list.

    Needs no hub. A unit that has its file is paired at the hub, by typing the code of its label or
    scanning its QR code (code.svg).
    """
    from parvis_server.labels import new_labels, write_labels

    labels = new_labels(count, first, _name(name, first + count - 1), _address(hub))
    listed = write_labels(labels, out, over=overwrite)
    rows = [(each.name, each.spelled, str(out / each.file)) for each in labels]
    typer.echo(table(("name", "setup code", "settings"), rows))
    typer.echo(f"\nall of them in {listed}: keep it to yourself")


def _name(name: str, highest: int) -> str:
    """Raise ``UsageError`` for what no unit can be called."""
    from pydantic import TypeAdapter, ValidationError

    from parvis_server.errors import UsageError
    from parvis_wire.fields import MAX_NAME_CHARACTERS, Name

    try:
        TypeAdapter(Name).validate_python(f"{name} {highest}")
        return str(TypeAdapter(Name).validate_python(name))
    except ValidationError:
        raise UsageError(
            f"--name is up to {MAX_NAME_CHARACTERS - len(str(highest)) - 1} letters, digits and "
            f"signs, not {name!r}"
        ) from None


def _address(hub: str | None) -> str | None:
    """Raise ``UsageError`` for what is no address of a hub."""
    from urllib.parse import urlsplit

    from parvis_server.errors import UsageError

    try:
        parts = urlsplit(hub or "")
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if hub is not None and not (good and hub.isprintable() and not any(map(str.isspace, hub))):
        raise UsageError(f"--hub is an address such as https://192.168.1.20:8443, not {hub!r}")
    return hub
