"""``parvis invite``: links for one person each, who is more than the audience or expected."""

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

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis invite main --role cohost --name Zoé    prints the link, which is for Zoé alone

  parvis invite main --list

  parvis invite main --revoke 3                  who came by it is out
"""

ROLES = ("audience", "speaker", "cohost", "host", "screen")


@app.command(epilog=EXAMPLES)
def invite(
    room: Annotated[str, typer.Argument(help="The room's name, as in its links.")],
    role: Annotated[
        str | None,
        typer.Option(help=f"What it makes of who opens it: {', '.join(ROLES)}."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="For whom.", show_default=False)] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the invitations that are good.")
    ] = False,
    revoked: Annotated[
        int | None,
        typer.Option("--revoke", help="Make this one void.", show_default=False),
    ] = None,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody to a room of a running hub: prints the link that is for them."""
    from parvis_server.errors import UsageError

    if [role is not None, listed, revoked is not None].count(True) != 1:
        raise UsageError("say one of --role ROLE, --list and --revoke NUMBER")
    if role is not None and role not in ROLES:
        raise UsageError(f"--role is {', '.join(ROLES[:-1])} or {ROLES[-1]}, not {role!r}")
    if name is not None and role is None:
        raise UsageError("--name goes with --role")
    path = f"/rooms/{_quoted(room)}/invitations"
    asked = client(hub, token_file, data, fingerprint)
    if role is not None:
        made = asked.ask("POST", path, {"role": role, "name": name})
        tell(made, as_json, lambda: f"{made['link']}\n(invitation {made['number']})")
    elif revoked is not None:
        asked.ask("DELETE", f"{path}/{revoked}")
        typer.echo(f"invitation {revoked} is void, and who came by it is out")
    else:
        found = asked.ask("GET", path)
        rows = [
            (str(one["number"]), one["role"], one["name"] or "-") for one in found["invitations"]
        ]
        heads = ("number", "role", "for")
        tell(found, as_json, lambda: table(heads, rows) if rows else "there is no invitation")


def _quoted(room: str) -> str:
    from urllib.parse import quote

    return quote(room, safe="")
