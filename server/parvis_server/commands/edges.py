"""``parvis edges``: the edges of a hub."""

from typing import Annotated

import typer

from parvis_server.commands.asking import (
    AsJson,
    Data,
    Fingerprint,
    Hub,
    TokenFile,
    client,
    table,
    tell,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis edges list

  parvis edges drain Zk3tX0aP1cQw9b2L           before an upgrade of that edge
"""

HEADS = ("edge", "place", "listeners", "core", "state")


@app.callback()
def edges() -> None:
    """The edges of a hub: see them, empty one for an upgrade."""


@app.command("list", epilog=EXAMPLES)
def list_edges(
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the edges that are there, one a line."""
    found = client(hub, token_file, data, fingerprint).ask("GET", "/edges")
    rows = [
        (
            one["edge"],
            one["place"],
            str(one["listeners"]),
            f"{one['load']:.0%}",
            "is emptied" if one["draining"] else "serves",
        )
        for one in found["edges"]
    ]
    tell(found, as_json, lambda: table(HEADS, rows) if rows else "no edge is there")


@app.command(epilog=EXAMPLES)
def drain(
    edge: Annotated[str, typer.Argument(help="The edge, as parvis edges list names it.")],
    within: Annotated[
        float, typer.Option(min=1, max=600, help="Seconds within which everybody moves.")
    ] = 60.0,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Move everybody from an edge to others; it ends when it is empty."""
    said = client(hub, token_file, data, fingerprint).ask(
        "POST", f"/edges/{edge}/drain", {"within_s": within}
    )
    tell(said, as_json, lambda: f"{edge} is emptied within {within:g} s")
