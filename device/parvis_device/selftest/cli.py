"""The flags of ``parvis-unit selftest``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from parvis_device.config import ButtonKind, LightKind
from parvis_device.selftest.words import Language, language_of

LONGEST_S = 3600

EXAMPLES = """\b
Examples:
  a unit on the bench, with somebody to press, speak and look:
    sudo systemctl stop parvis-unit; sudo parvis-unit selftest
  a laptop, in French:
    parvis-unit selftest --button keyboard --language fr
  at the first start, when nobody is there:
    parvis-unit selftest --unattended
  for a script:
    parvis-unit selftest --unattended --seconds 10 --json
"""


def selftest(
    microphone: Annotated[
        str | None, typer.Option(help="As for run; unless given: as in the settings.")
    ] = None,
    button: Annotated[ButtonKind | None, typer.Option(help="As for run.")] = None,
    key_device: Annotated[Path | None, typer.Option(metavar="PATH", help="As for run.")] = None,
    light: Annotated[LightKind | None, typer.Option(help="As for run.")] = None,
    hub: Annotated[str | None, typer.Option(metavar="URL", help="As for run.")] = None,
    state: Annotated[Path | None, typer.Option(metavar="DIR", help="As for run.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="The unit's TOML file. Unless given: /etc/parvis/unit.toml, if any.",
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option(
            min=1, max=LONGEST_S, help="How long the microphone's errors are counted, at least."
        ),
    ] = 60.0,
    unattended: Annotated[
        bool,
        typer.Option(
            "--unattended",
            help="Nobody is there: what takes a person is told as not asked, never as good.",
        ),
    ] = False,
    language: Annotated[
        Language | None, typer.Option(help="Unless given: the environment's.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Say whether this unit is fit for a table: button, light, microphone, clock, power, network.

    Exit code 0: nothing is bad; 1: something is, and its line says what to do.
    """
    from parvis_device.selftest.command import run, settings_of

    given = {
        "microphone": microphone,
        "button": button,
        "key_device": key_device,
        "light": light,
        "hub": hub,
        "state": state,
    }
    settings = settings_of(
        config, {key: value for key, value in given.items() if value is not None}
    )
    speaks = language_of(language, os.environ)
    raise typer.Exit(run(settings, speaks, unattended=unattended, seconds=seconds, in_json=as_json))
