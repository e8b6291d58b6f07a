"""``parvis papers``: what the law asks of whoever records, made from the hub's settings."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from parvis_server.commands.asking import Data

app = typer.Typer(add_completion=False)

EXAMPLES = """Examples:

  parvis papers notice --language fr          for the people concerned (GDPR, articles 13 and 14)

  parvis papers register --language en        for the register of processing (article 30)

  parvis papers impact > impact.md            for the impact assessment (article 35)
"""


class Which(StrEnum):
    """A paper; as ``consent.papers.Paper``, which takes a second to import."""

    NOTICE = "notice"
    REGISTER = "register"
    IMPACT = "impact"


class Language(StrEnum):
    """Of the paper."""

    FR = "fr"
    EN = "en"


@app.command(epilog=EXAMPLES)
def papers(
    which: Annotated[Which, typer.Argument(help="Which paper.", show_default=False)],
    language: Annotated[Language, typer.Option(help="Its language.")] = Language.EN,
    data: Data = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with the hub's settings. Unless set: as for parvis hub."),
    ] = None,
) -> None:
    """Print a paper as Markdown: read it, fill in what stands in brackets, have it looked at.

    It says what the program does with these settings; it is no legal advice.
    """
    from parvis_server.config import load_settings
    from parvis_server.consent.papers import Paper, paper

    settings = load_settings(config, {"data": data})
    typer.echo(paper(Paper(which.value), language.value, settings), nl=False)
