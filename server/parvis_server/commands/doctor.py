"""``parvis doctor``: what does not reach what, in words."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from parvis_server.doctor.target import Target

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis doctor                              this machine: limits and ports

  parvis doctor http://192.168.1.20:8080     the way to a hub in the hall

  parvis doctor --edge room.example          the way to a public edge, as a phone goes it

  parvis doctor --publish ADDRESS-OR-FILE    the same, the bus and the link, as the hub goes it
"""


@app.command(epilog=EXAMPLES)
def doctor(
    hub: str | None = typer.Argument(
        None, help="Address of a hub, such as http://192.168.1.20:8080.", show_default=False
    ),
    edge: str | None = typer.Option(None, help="Address of a public edge."),
    publish: str | None = typer.Option(
        None,
        metavar="ADDRESS",
        envvar="PARVIS_HUB_PUBLISH",
        show_envvar=False,
        help="What parvis edge --public printed, or a file that holds it.",
    ),
    publish_ca: Path | None = typer.Option(
        None, help="Authority of the certificate there (PEM), where it is your own."
    ),
    language: str | None = typer.Option(None, help="'en' or 'fr'. Default: the environment's."),
) -> None:
    """Say what does not reach what, and what to do: each line a tick or one sentence."""
    from parvis_server.doctor.examination import examine, examine_machine
    from parvis_server.doctor.findings import Finding, conclusion, exit_code, language_of

    if publish is not None:
        _hide(publish)
    targets = _targets(hub, edge, publish, publish_ca)
    speaks, findings = language_of(_known(language), os.environ), list[Finding]()

    def tell(finding: Finding) -> None:
        findings.append(finding)
        typer.echo(finding.line(speaks))

    examine_machine(tell)
    for target in targets:
        typer.echo(f"\n{target.origin}")
        asyncio.run(examine(target, tell))
    typer.echo(f"\n{conclusion(findings, speaks)}")
    raise typer.Exit(exit_code(findings))


def _known(language: str | None) -> str | None:
    from parvis_server.errors import UsageError

    if language not in (None, "en", "fr"):
        raise UsageError(f"--language {language!r}: the doctor speaks en and fr")
    return language


def _hide(publish: str) -> None:
    """Start again with the address in the environment, which only this user may read."""
    from parvis_server.link.publish import is_address

    told = [part for part in sys.orig_argv if publish not in part]
    if not is_address(publish) or len(told) == len(sys.orig_argv):
        return
    told = [part for part in told if part != "--publish"]
    environment = {**os.environ, "PARVIS_HUB_PUBLISH": publish}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *told[1:]], environment)


def _targets(
    hub: str | None, edge: str | None, publish: str | None, publish_ca: Path | None
) -> "list[Target]":
    """Where to look, each once."""
    from parvis_server.doctor.target import Target
    from parvis_server.link.publish import read_address

    named = [] if hub is None else [Target.at(hub, publish_ca)]
    if edge is not None:
        named.append(Target.at(edge, publish_ca, is_edge=True))
    if publish is not None:
        named.append(Target.published(read_address(publish), publish_ca))
    return list(dict.fromkeys(named))
