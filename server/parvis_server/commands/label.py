"""``parvis label``: setup codes and labels for units that are being made."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parvis_server.commands.asking import Data, table

if TYPE_CHECKING:
    from parvis_server.labels import Label
    from parvis_server.labels.seats import SeatLinks

app = typer.Typer(add_completion=False)

MAX_COUNT = 500
"""As many as a hub pairs."""


class Language(StrEnum):
    """Of a label."""

    FR = "fr"
    EN = "en"


EXAMPLES = """Examples:

  parvis label --count 20                             into the folder labels

  parvis label --count 4 --name "Balcony" --first 21 --out balcony

  parvis label --count 20 --hub https://192.168.1.20:8443

  parvis label --count 20 --link https://room.example/r/main    seats of that room
"""


@app.command(epilog=EXAMPLES)
def label(
    count: Annotated[
        int, typer.Option(min=1, max=MAX_COUNT, help="How many units.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder for each unit's parvis.toml, code and label, and what all have."),
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
    link: Annotated[
        str | None,
        typer.Option(
            help="Listeners' link of the room whose seats the labels lead to. Unless set: the main "
            "room of the hub that runs on the data folder.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    language: Annotated[
        list[Language] | None,
        typer.Option(help="Of the labels; give it again for more. Unless set: fr and en."),
    ] = None,
    no_pdf: Annotated[bool, typer.Option("--no-pdf", help="Codes and settings only.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there, codes too.")
    ] = False,
) -> None:
    """Make the setup codes of units, the settings of each, and labels to print and cut.

    Needs no hub. A unit that has its file (parvis.toml) is paired at the hub, by typing the code of
    its label or scanning its QR code. labels.fr.pdf and labels.en.pdf are A4 sheets; label.fr.pdf
    of each unit is for a label printer. With the hub's data folder on this machine, the visible
    side has a QR code that makes the unit's button the own one of whoever scans it.
    """
    from parvis_server.labels import new_labels, write_labels
    from parvis_server.labels.seats import find_seats

    seats = None if no_pdf else find_seats(link, data)
    labels = new_labels(count, first, _name(name, first + count - 1), _address(hub))
    listed = write_labels(labels, out, over=overwrite)
    rows = [(each.name, each.spelled, str(out / each.file)) for each in labels]
    typer.echo(table(("name", "setup code", "settings"), rows))
    if not no_pdf:
        _print(labels, out, dict.fromkeys(language or tuple(Language)), seats)
    typer.echo(f"\nall of them in {listed}: keep it to yourself")


def _print(
    labels: "list[Label]", out: Path, languages: Iterable[Language], seats: "SeatLinks | None"
) -> None:
    """Set the labels, and say where they are."""
    from parvis_server.labels import write_files
    from parvis_server.labels.sheets import sheet, single

    seat = None if seats is None else seats.of
    for language in languages:
        files = {f"labels.{language}.pdf": sheet(labels, language, seat)}
        for each in labels:
            files[f"{each.folder}/label.{language}.pdf"] = single(each, language, seat)
        write_files(out, files)
        typer.echo(f"\nlabels to print: {out}/labels.{language}.pdf")
    if seats is None:
        typer.echo("without codes of seats: no hub runs here, and no --link was given")
    else:
        typer.echo(f"their seats are of the room {seats.room}: {seats.audience.partition('#')[0]}")


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
