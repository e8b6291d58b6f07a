"""The command ``parvis-unit``: reads flags, starts the unit, tells errors in one line."""

import asyncio
import gc
import os
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from parvis_device.config import (
    ENVIRONMENT_PREFIX,
    ButtonKind,
    BuzzerKind,
    LightKind,
    LogFormat,
    OutputUse,
    Source,
    UnitConfig,
    load,
)
from parvis_device.errors import UnitError
from parvis_device.install import cli as install
from parvis_device.selftest import cli as selftest
from parvis_device.update import cli as update
from parvis_wire.stage import Duplex, LinkKind

CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]
"""Everything that is wrong with a command line. typer hides the class: it is the second base of
the one that it shows."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="A Parvis unit: microphone, button and light at a table, talking to the hub.",
    epilog="Example: parvis-unit run --hub http://192.168.1.20:8080 --button keyboard",
)

_RUN_EXAMPLES = """\b
Examples:
  a table with its button and light on a Raspberry Pi, which finds its hub by itself:
    parvis-unit run
  a laptop: its own microphone, the space bar is the button:
    parvis-unit run --hub http://192.168.1.20:8080 --button keyboard
  a loudspeaker in another room:
    parvis-unit run --hub http://192.168.1.20:8080 --microphone none --loudspeaker USB --zone foyer
  no sound card: a file is the microphone, open from the start:
    parvis-unit run --hub http://127.0.0.1:8080 --microphone file:speech.wav --loop --button none
"""

_DEVICES_EXAMPLES = """\b
Examples:
  watch the levels until Ctrl-C:
    parvis-unit devices
  a list for a script:
    parvis-unit devices --seconds 1 --json
"""


def _help(field: str) -> str:
    """The docstring under the field: said once, for file, environment and flag."""
    words = UnitConfig.model_fields[field].description or ""
    return f"{' '.join(words.split())} [env: {ENVIRONMENT_PREFIX}{field.upper()}]"


def _flag(field: str, *names: str, **options: Any) -> Any:
    return typer.Option(
        *(names or (f"--{field.replace('_', '-')}",)),
        help=_help(field),
        show_default=False,
        **options,
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"parvis-unit {metadata.version('parvis')}")
        raise typer.Exit


@app.callback()
def parvis_unit(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take the flags that come before a command."""


@app.command(epilog=_RUN_EXAMPLES)
def run(
    hub: Annotated[str | None, _flag("hub", metavar="URL")] = None,
    microphone: Annotated[str | None, _flag("microphone")] = None,
    source: Annotated[Source | None, _flag("source")] = None,
    loop: Annotated[bool | None, _flag("loop", "--loop")] = None,
    button: Annotated[ButtonKind | None, _flag("button")] = None,
    key_device: Annotated[Path | None, _flag("key_device", metavar="PATH")] = None,
    key: Annotated[str | None, _flag("key", metavar="NAME")] = None,
    light: Annotated[LightKind | None, _flag("light")] = None,
    buzzer: Annotated[BuzzerKind | None, _flag("buzzer")] = None,
    loudspeaker: Annotated[str | None, _flag("loudspeaker")] = None,
    output: Annotated[OutputUse | None, _flag("output")] = None,
    zone: Annotated[str | None, _flag("zone")] = None,
    duplex: Annotated[Duplex | None, _flag("duplex")] = None,
    play_delay_ms: Annotated[float | None, _flag("play_delay_ms", metavar="MS")] = None,
    name: Annotated[str | None, _flag("name")] = None,
    link: Annotated[LinkKind | None, _flag("link")] = None,
    hub_fallback: Annotated[str | None, _flag("hub_fallback", metavar="URL")] = None,
    state: Annotated[Path | None, _flag("state", metavar="DIR")] = None,
    no_identity: Annotated[bool | None, _flag("no_identity", "--no-identity")] = None,
    connections: Annotated[int | None, _flag("connections", metavar="1|2")] = None,
    wait_for_microphone: Annotated[
        bool | None, _flag("wait_for_microphone", "--wait-for-microphone")
    ] = None,
    onsets: Annotated[bool | None, _flag("onsets", "--onsets")] = None,
    log_format: Annotated[LogFormat | None, _flag("log_format")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="PATH", help="A TOML file with these keys.")
    ] = None,
) -> None:
    """Be a unit: capture, show the state, raise hands, send sound while armed, play the room's."""
    given = {key: value for key, value in locals().items() if key != "config" and value is not None}
    settings = load(config, given)
    # One small library call at a time: threads of a BLAS would only cost memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()  # what is imported lasts: looked at meanwhile, it took a quarter more of a core
    from parvis_device.app import run_unit

    gc.freeze()
    gc.enable()
    asyncio.run(run_unit(settings))


@app.command(epilog=_DEVICES_EXAMPLES)
def devices(
    seconds: Annotated[
        float | None,
        typer.Option(min=0, help="Show the meters for this long; unless set: until Ctrl-C."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on the last line; needs --seconds.")
    ] = False,
) -> None:
    """List the microphones, with a live level meter each, and the loudspeakers."""
    from parvis_device.devices_command import show_devices

    asyncio.run(show_devices(seconds, as_json=as_json))


_State = Annotated[Path | None, _flag("state", metavar="DIR")]


@app.command(epilog="Example: parvis-unit identity --config unit.toml")
def identity(
    state: _State = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="PATH", help="The unit's TOML file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for a script.")] = False,
) -> None:
    """Say who this unit is: its fingerprint, its setup code if it has one, and its site."""
    from parvis_device.identity_command import show_identity

    show_identity(state, config, as_json=as_json)


@app.command(epilog="Example: parvis-unit forget --yes")
def forget(
    state: _State = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Its key, too: after that was copied.")
    ] = False,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let the unit forget the site that it was paired with."""
    from parvis_device.identity_command import forget_site

    forget_site(state, new_key=new_key, sure=sure)


app.command(epilog=selftest.EXAMPLES)(selftest.selftest)
app.add_typer(update.app, name="update")
app.command(epilog=install.EXAMPLES)(install.install)
app.command(epilog="Example: sudo parvis-unit uninstall --dry-run")(install.uninstall)


_OwnConfig = Annotated[
    Path, typer.Option("--config", metavar="PATH", help="The unit's own TOML file.")
]


_Boot = Annotated[
    Path | None,
    typer.Option("--boot", metavar="DIR", help="The boot partition; unless set: found."),
]


@app.command(epilog="Example: parvis-unit provision --config /etc/parvis/unit.toml")
def provision(
    config: _OwnConfig = Path("/etc/parvis/unit.toml"),
    state: _State = None,
    boot: _Boot = None,
) -> None:
    """Before the unit's program: take parvis.toml from the card, and wait for a network."""
    from parvis_device.provisioning.command import provision as work

    work(config, state, boot)


@app.command(epilog="Example: parvis-unit reset --yes")
def reset(
    config: _OwnConfig = Path("/etc/parvis/unit.toml"),
    state: _State = None,
    boot: _Boot = None,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Make the unit as new: its key, its site, its name, its hub and every Wi-Fi are forgotten."""
    from parvis_device.provisioning.command import reset as work

    work(config, state, boot, sure=sure)


def main() -> None:
    """Run a command; what a person can mend is told in one line, without a traceback."""
    gc.freeze()  # what was imported until here lasts: not looked at again, nor at the end
    try:
        sys.exit(app(sys.argv[1:] or ["--help"], standalone_mode=False))
    except* CommandLineError as group:
        mistake = first_error(group)
        words = mistake.format_message().replace("Value error, ", "").rstrip(".")
        _tell(f"{words}; see --help")
        exit_code = mistake.exit_code
    except* UnitError as group:
        error = first_error(group)
        _tell(str(error))
        exit_code = error.exit_code
    except* BrokenPipeError:
        # Nobody reads our output any more; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        exit_code = 1
    # Not inside except*: before Python 3.11.4 (Debian 12 has 3.11.2) that wraps it in a group.
    sys.exit(exit_code)


def _tell(words: str) -> None:
    print(f"parvis-unit: {' '.join(words.split())}", file=sys.stderr)


def first_error(group: BaseExceptionGroup[Any]) -> Any:
    """The first error of a group of errors and groups."""
    found: Any = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
