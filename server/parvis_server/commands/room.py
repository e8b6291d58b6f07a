"""``parvis room``: make, list, show and end the rooms of a running hub."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from parvis_server.commands.asking import AsJson, Data, Fingerprint, Hub, TokenFile, client, tell

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis room create "Town hall"                   on the hub of this machine

  parvis room create "Conseil" --language fr --private --begins 2026-12-01T18:30

  parvis room list

  parvis room end town-hall --hub http://192.168.1.20:8080 --token-file operator.txt
"""

Name = Annotated[str, typer.Argument(help="The room's name, as in its links.", show_default=False)]


@app.callback()
def room() -> None:
    """Rooms of a running hub: make, list, show and end them."""


@app.command(epilog=EXAMPLES)
def create(
    title: Annotated[str, typer.Argument(help="What it is called.", show_default=False)],
    language: Annotated[str, typer.Option(help="en, fr, ...")] = "en",
    description: Annotated[str, typer.Option(help="What it is about.")] = "",
    topic: Annotated[
        list[str] | None, typer.Option(help="A topic; give it again for more, at most 8.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="For whoever has the link.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="For the invited only.")] = False,
    begins: Annotated[
        str | None,
        typer.Option(
            help="When, such as 2026-12-01T18:30 (this machine's time) or with +01:00.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="In its links. Unless set: made of the title.", show_default=False),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Go live at once.")] = False,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a room; prints the links for the audience, the host and the hall's screen."""
    from parvis_server.announce import room_announcement
    from parvis_server.errors import UsageError

    if private and closed:
        raise UsageError("--private or --closed: a room is one of them")
    wanted = {
        "title": title,
        "language": language,
        "description": description,
        "topics": topic or [],
        "access": "private" if private else "closed" if closed else "open",
        "begins_utc_ms": None if begins is None else _utc_ms(begins),
        "name": name,
        "phase": "live" if live else "scheduled",
    }
    made = client(hub, token_file, data, fingerprint).ask("POST", "/rooms", wanted)
    tell(made, as_json, lambda: room_announcement(made["room"]["title"], made["links"]))


@app.command("list")
def list_rooms(
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the rooms, one a line."""
    found = client(hub, token_file, data, fingerprint).ask("GET", "/rooms")
    lines = [
        f"{one['room']:<24}{one['phase']:<11}{one['access']:<9}{one['title']}"
        for one in found["rooms"]
    ]
    tell(found, as_json, lambda: "\n".join(lines))


@app.command()
def show(
    name: Name,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show what a room is, and who speaks."""
    asked = client(hub, token_file, data, fingerprint)
    found, floor = asked.ask("GET", f"/rooms/{name}"), asked.ask("GET", f"/rooms/{name}/floor")
    lines = [f"{key:<16}{found[key]}" for key in ("title", "phase", "access", "listeners", "link")]
    lines += [f"{'speaks':<16}{turn['name']}" for turn in floor["floor"]]
    lines += [f"{'waits':<16}{hand['name']}" for hand in floor["line"]]
    tell(found | {"floor": floor}, as_json, lambda: "\n".join(lines))


@app.command()
def end(
    name: Name,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """End a room; its link tells what it was."""
    found = client(hub, token_file, data, fingerprint).ask(
        "PUT", f"/rooms/{name}/phase", {"phase": "ended"}
    )
    tell(found, as_json, lambda: f"{found['room']} is over")


def _utc_ms(text: str) -> int:
    from parvis_server.errors import UsageError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--begins is a time such as 2026-12-01T18:30, not {text!r}") from None
    return int(moment.astimezone(UTC).timestamp() * 1000)
