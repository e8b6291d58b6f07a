"""``parvis update``: newer programs for units: made, signed, and offered by a hub."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parvis_server.commands.asking import Data, table

if TYPE_CHECKING:
    from parvis_server.updates.shelf import Shelf

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis update key --new maker.key         once: whoever has this file can change every unit

  parvis update make --wheels dist/arm64 --machine aarch64 --python cpython-313
        --support-until 2028-12-31 --out parvis-0.2.0.parvis-update

  parvis update sign parvis-0.2.0.parvis-update --key maker.key

  parvis update offer parvis-0.2.0.parvis-update      on the hub's machine

  parvis update list                        what this hub offers
"""

KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The maker's private key.", show_default=False)
]
Bundle = Annotated[Path, typer.Argument(help="A bundle.", show_default=False)]


@app.callback(epilog=EXAMPLES)
def update() -> None:
    """Newer programs for units: made, signed, and offered by a hub."""


@app.command()
def key(
    new: Annotated[
        Path | None, typer.Option("--new", metavar="FILE", help="Make a key in this new file.")
    ] = None,
    of: Annotated[
        Path | None, typer.Option("--of", metavar="FILE", help="Show the public part of this one.")
    ] = None,
) -> None:
    """Make a maker's key, or show the public part, which units pin."""
    from parvis_server.errors import UsageError
    from parvis_server.updates.making import new_key, read_key
    from parvis_wire.identity import public_bytes, to_text

    if (new is None) == (of is None):
        raise UsageError("say --new FILE to make a key, or --of FILE to see one")
    public = new_key(new) if new is not None else to_text(public_bytes(read_key(of or Path())))
    typer.echo(f"{public}\non each unit: sudo parvis-unit update pin {public}")


@app.command()
def make(
    wheels: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder with the program's wheel, and one of each library that the units' "
            "system does not bring.",
            show_default=False,
        ),
    ],
    machine: Annotated[
        str, typer.Option(help="Of the units, as uname -m says: aarch64.", show_default=False)
    ],
    python: Annotated[
        str, typer.Option(help="Of the units' Python: cpython-313.", show_default=False)
    ],
    support_until: Annotated[
        datetime.datetime,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Last day on which faults of this version are mended.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The bundle.", show_default=False)],
    overlay: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Files that are laid over the units' root folder."),
    ] = None,
    floor: Annotated[
        str, typer.Option(help="Lowest version that may follow: older ones are refused.")
    ] = "0.0",
    next_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Public key that counts once this version is kept."),
    ] = None,
) -> None:
    """Make a bundle, which nobody has signed yet."""
    from parvis_server.updates.making import Terms
    from parvis_server.updates.making import make as work

    today = datetime.datetime.now(datetime.UTC).date()
    terms = Terms(floor, machine, python, support_until.date(), today, next_key)
    manifest = work(sorted(wheels.glob("*.whl")), overlay, terms, out)
    size_mb = out.stat().st_size / 1e6
    typer.echo(
        f"{out}: version {manifest}, {len(manifest.files)} files, {size_mb:.1f} MB, unsigned"
    )


@app.command()
def sign(bundle: Bundle, key: KeyFile) -> None:
    """Sign a bundle by the maker's key: on a machine that you trust."""
    from parvis_server.updates.making import read_key
    from parvis_server.updates.making import sign as work

    typer.echo(f"{bundle}: version {work(bundle, read_key(key))} is signed")


@app.command()
def show(bundle: Bundle) -> None:
    """Check every file of a bundle, and say what it brings."""
    from parvis_server.updates.files import checked

    opened = checked(bundle)
    manifest = opened.manifest
    lines = (
        ("version", manifest.version),
        ("for", manifest.target),
        ("built", str(manifest.built)),
        ("mended until", str(manifest.support_until)),
        ("lowest next", manifest.floor),
        ("signed", "yes; by whom, the units look" if opened.is_signed else "no"),
        ("next key", manifest.next_key or "-"),
        ("files", f"{len(manifest.files)}, {manifest.files_bytes / 1e6:.1f} MB"),
    )
    typer.echo("\n".join(f"{name + ':':14}{value}" for name, value in lines))


@app.command()
def offer(
    bundle: Annotated[
        str, typer.Argument(help="A signed bundle, or its https address.", show_default=False)
    ],
    data: Data = None,
) -> None:
    """Let the hub of this machine offer a bundle to its units."""
    from parvis_server.updates.offering import brought

    with brought(bundle) as path:
        manifest = _shelf(data).put(path)
    typer.echo(f"version {manifest} is offered: units take it when no room is in use")


@app.command("list")
def list_offered(data: Data = None) -> None:
    """List the bundles that the hub of this machine offers."""
    shelf = _shelf(data)
    shelf.look()
    rows = [
        (
            one.manifest.version,
            one.manifest.target,
            str(one.manifest.support_until),
            f"{one.size_bytes / 1e6:.1f} MB",
        )
        for one in shelf.kept
    ]
    heads = ("version", "for", "mended until", "size")
    typer.echo(table(heads, rows) if rows else "no bundle is offered")


@app.command()
def withdraw(data: Data = None) -> None:
    """Offer nothing any more; what was installed stays."""
    count = _shelf(data).withdraw()
    typer.echo(f"withdrawn: {count}" if count else "no bundle was offered")


def _shelf(data: Path | None) -> "Shelf":
    from parvis_server.config import default_data_folder
    from parvis_server.updates.shelf import Shelf

    return Shelf(data or default_data_folder())
