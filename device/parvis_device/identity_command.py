"""``parvis-unit identity`` and ``parvis-unit forget``: who this unit is, and whose."""

import json
import sys
from pathlib import Path

import typer

from parvis_device.config import load
from parvis_device.errors import UsageError
from parvis_device.identity import forget, in_use, open_identity, usual_folder
from parvis_wire.identity import fingerprint, spelled, to_text


def show_identity(state: Path | None, config: Path | None, *, as_json: bool) -> None:
    """Print the unit's fingerprint, whether it has a setup code, and its site.

    Raises:
        UnitError: the folder cannot be used, or the configuration is wrong.
    """
    settings = load(config, {} if state is None else {"state": state})
    identity = open_identity(settings.state or usual_folder())
    site = None if identity.site is None else fingerprint(identity.site)
    has_code = settings.setup_code is not None
    if as_json:
        key = to_text(identity.public)
        facts = {"unit": identity.unit, "key": key, "has_code": has_code, "site": site}
        print(json.dumps(facts))
        return
    print(f"unit:       {spelled(identity.unit)}")
    print(f"setup code: {'yes' if has_code else 'none: its button pairs it'}")
    print(f"site:       {'none: it was not paired' if site is None else spelled(site)}")
    print(f"folder:     {identity.folder}")


def forget_site(state: Path | None, *, new_key: bool, sure: bool) -> None:
    """Belong to nobody again, after a question.

    Raises:
        UnitError: the folder cannot be used, or nobody is there to answer.
    """
    folder = state or load(None, {}).state or usual_folder()
    what = "its site and its key" if new_key else "its site"
    if not sure:
        _ask(f"Let the unit of {folder} forget {what}? It must then be paired again.")
    running = in_use(folder)
    if not forget(folder, key_too=new_key):
        print("there was nothing to forget: this unit was not paired")
        return
    print(f"forgotten: {what}; it is paired anew on the operator's page")
    if running:
        print("the unit that runs now forgets it when it is started again")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("forget asks first: add --yes where nobody can answer")
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise typer.Exit(1)
