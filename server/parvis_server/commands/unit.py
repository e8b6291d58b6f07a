"""``parvis unit``: the units of a hub."""

import time
from typing import TYPE_CHECKING, Annotated, Any

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

if TYPE_CHECKING:
    from parvis_server.room_client import RoomClient

app = typer.Typer(add_completion=False, no_args_is_help=True)

EXAMPLES = """Examples:

  parvis unit list                       who waits, and who is paired

  parvis unit pair "Table 4" K7QW-3MPD   by the code of its label; then press its button

  parvis unit accept "Table 4"           a unit without a label; then hold its button

  parvis unit identify "Table 4"         it blinks

  parvis unit rename "Table 4" Balcony

  parvis unit revoke Balcony
"""

LOOK_EVERY_S = 0.5
PATIENCE_S = 140.0
"""A unit waits two minutes for its button; the rest is for the answer."""

STATES = {"waiting": "waits here", "paired": "is paired here"}

SAYS = {
    "waiting": "waiting for the unit",
    "asked": "the code was sent to the unit",
    "press": "press the unit's button now",
    "hold": "hold the unit's button for three seconds now",
}

REFUSALS = {
    "no_code": "it has no label: accept it with parvis unit accept",
    "wrong_code": "this is not the code of its label",
    "paused": "too many wrong codes: it takes none for ten minutes",
    "has_code": "it has a label: pair it with parvis unit pair and the code on it",
    "not_pressed": "nobody pressed its button in time: try again",
    "other_site": "it belongs to another site: on the unit, parvis-unit forget",
}

Unit = Annotated[
    str,
    typer.Argument(
        help="Its name, or its key's fingerprint or the beginning of that.", show_default=False
    ),
]


@app.callback()
def unit() -> None:
    """Units of a running hub: pair, list, rename and revoke them."""


@app.command("list", epilog=EXAMPLES)
def list_units(
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List the units that want to join, and those that are paired."""
    found = client(hub, token_file, data, fingerprint).ask("GET", "/units")
    tell(found, as_json, lambda: _listed(found))


@app.command()
def pair(
    unit: Unit,
    code: Annotated[
        str | None,
        typer.Argument(help="On the unit's label; asked for unless given.", show_default=False),
    ] = None,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """Pair a unit by the code of its label, and a press of its button."""
    asked = client(hub, token_file, data, fingerprint)
    waiting = _one(asked, unit, "waiting")
    typed = code if code is not None else typer.prompt("code on the label")
    asked.ask("POST", f"/units/{waiting['unit']}/pair", {"code": typed})
    _follow(asked, waiting)


@app.command()
def accept(
    unit: Unit,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """Accept a unit without a label by a long press of its button.

    Nothing proves that nobody stands between the hub and the unit: do it on a network you trust.
    """
    asked = client(hub, token_file, data, fingerprint)
    waiting = _one(asked, unit, "waiting")
    asked.ask("POST", f"/units/{waiting['unit']}/accept")
    _follow(asked, waiting)


@app.command()
def identify(
    unit: Unit,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """Let a unit blink, one that waits or one that is here, so that somebody finds it."""
    asked = client(hub, token_file, data, fingerprint)
    found = _one(asked, unit, "waiting", "paired")
    asked.ask("POST", f"/units/{found['unit']}/identify")
    typer.echo(f"{found['name'] or found['unit']} blinks")


@app.command()
def rename(
    unit: Unit,
    name: Annotated[str, typer.Argument(help="At most 40 characters.", show_default=False)],
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """Call a paired unit something."""
    asked = client(hub, token_file, data, fingerprint)
    paired = _one(asked, unit, "paired")
    renamed = asked.ask("PATCH", f"/units/{paired['unit']}", {"name": name})
    typer.echo(f"{paired['name']} is called {renamed['name']} now")


@app.command()
def revoke(
    unit: Unit,
    hub: Hub = None,
    token_file: TokenFile = None,
    fingerprint: Fingerprint = None,
    data: Data = None,
) -> None:
    """Forget a paired unit: it is gone at once, and has to be paired again to come back."""
    asked = client(hub, token_file, data, fingerprint)
    paired = _one(asked, unit, "paired")
    asked.ask("DELETE", f"/units/{paired['unit']}")
    typer.echo(f"{paired['name']} ({paired['unit']}) does not belong to this hub any more")


def _one(asked: "RoomClient", named: str, *kinds: str) -> dict[str, Any]:
    """The unit that is meant; raises ``UsageError`` for none and for several."""
    from parvis_server.errors import UsageError

    units = asked.ask("GET", "/units")
    found: list[dict[str, Any]] = [one for kind in kinds for one in units[kind]]
    print_ = "".join(named.split()).lower()
    exact = [one for one in found if one["unit"] == print_]
    by_name = [one for one in found if (one["name"] or "").casefold() == named.casefold()]
    begins = [one for one in found if len(print_) >= 4 and one["unit"].startswith(print_)]
    meant = exact or by_name or begins
    if not meant:
        state = " or ".join(STATES[kind] for kind in kinds)
        raise UsageError(f"no unit {named!r} {state}: look at parvis unit list")
    if len(meant) > 1:
        prints = ", ".join(one["unit"] for one in meant[:5])
        raise UsageError(f"several units called {named!r}: say which, by fingerprint ({prints})")
    return meant[0]


def _follow(asked: "RoomClient", unit: dict[str, Any]) -> None:
    """Say what becomes of a pairing, to its end; raises ``UsageError`` when nothing does."""
    from parvis_server.errors import UsageError

    said, name = "", unit["name"] or unit["unit"]
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        units = asked.ask("GET", "/units")
        waits = _by_print(units["waiting"]).get(unit["unit"])
        if unit["unit"] in _by_print(units["paired"]):
            typer.echo(f"{name} is paired")
            return
        if waits is None:
            raise UsageError(f"{name} went away: look at parvis unit list")
        state = _state(waits)
        if state.startswith("refused:") or state == "wrong_code":
            raise UsageError(f"{name} was not paired: {_why(state, waits['tries_left'])}")
        if state == "waiting" and said:
            break
        if state != said:
            typer.echo(SAYS.get(state, state))
            said = state
        time.sleep(LOOK_EVERY_S)
    raise UsageError(f"{name} did not answer: look at parvis unit list")


def _by_print(units: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["unit"]: one for one in units}


def _state(waits: dict[str, Any]) -> str:
    held = waits["state"] == "press" and waits["first_use"]
    return "hold" if held else str(waits["state"])


def _why(state: str, tries_left: int) -> str:
    if state == "wrong_code":
        return f"{REFUSALS['wrong_code']} ({tries_left} tries left)"
    word = state.removeprefix("refused:")
    return REFUSALS.get(word, word)


def _listed(found: dict[str, Any]) -> str:
    waiting = [
        (one["unit"], one["name"] or "-", SAYS.get(_state(one), _state(one)), one["address"])
        for one in found["waiting"]
    ]
    paired = [
        (
            one["unit"],
            one["name"],
            one["how"],
            moment(one["paired_utc_ms"]),
            one["by"],
            one["room"] if one["here"] else f"away, {moment(one['last_seen_utc_ms'])}",
            _program(one),
        )
        for one in found["paired"]
    ]
    parts = []
    if waiting:
        parts.append(table(("wants to join", "name", "state", "from"), waiting))
    if paired:
        heads = ("paired", "name", "by what", "when", "by whom", "where", "program")
        parts.append(table(heads, paired))
    return "\n\n".join(parts) or "no unit waits, and none is paired"


def _program(unit: dict[str, Any]) -> str:
    """What it runs, and an update that goes on or went wrong."""
    version, update = unit.get("version"), unit.get("update")
    if version is None:
        return "-"
    if update is None or update["step"] == "done":
        return str(version)
    percent = "" if update["percent"] is None else f" {update['percent']} %"
    fault = "" if update["fault"] is None else f" ({update['fault'].replace('_', ' ')})"
    return f"{version}; {update['version']} {update['step']}{percent}{fault}"
