"""``parvis session``: who runs a hub."""

from typing import Annotated

import typer

from parvis_server.commands.asking import (
    AsJson,
    Data,
    Fingerprint,
    Hub,
    TokenFile,
    client,
    moment,
    table,
    tell,
)

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis session link                    a link that makes an operator, once, for 15 minutes

  parvis session list

  parvis session revoke 3f9c2b7a10d4e856
"""


@app.callback()
def session() -> None:
    """Who runs a hub: see its operators' sessions, end one, make a link for one more."""


@app.command(epilog=EXAMPLES)
def link(
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a link that makes whoever opens it an operator: once, for 15 minutes."""
    made = client(hub, token_file, data, fingerprint).ask("POST", "/setup")
    tell(
        made,
        as_json,
        lambda: (
            f"{made['link']}\n(works once, for {made['minutes']} minutes; who opens it may "
            "run the hub)"
        ),
    )


@app.command("list")
def list_sessions(
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List who is signed in, one a line."""
    found = client(hub, token_file, data, fingerprint).ask("GET", "/sessions")
    rows = [
        (
            one["id"],
            one["name"],
            one["signed_by"],
            one["address"],
            moment(one["last_seen_utc_ms"]),
            moment(one["expires_utc_ms"]),
        )
        for one in found["sessions"]
    ]
    heads = ("session", "name", "signed in by", "from", "last used", "ends")
    tell(found, as_json, lambda: table(heads, rows) if rows else "nobody is signed in")


@app.command()
def revoke(
    session: Annotated[
        str, typer.Argument(help="As parvis session list shows it.", show_default=False)
    ],
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """End a session at once."""
    from parvis_server.errors import UsageError

    asked = client(hub, token_file, data, fingerprint)
    known = {one["id"]: one["name"] for one in asked.ask("GET", "/sessions")["sessions"]}
    if session not in known:
        raise UsageError(f"there is no session {session!r}: look at parvis session list")
    asked.ask("DELETE", f"/sessions/{session}")
    typer.echo(f"the session of {known[session]} has ended")
