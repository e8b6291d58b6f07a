"""The papers of the law, made from the settings."""

import re
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from parvis_server.cli import app
from parvis_server.commands import papers as command
from parvis_server.config import (
    HubSettings,
    NetworkSettings,
    RecordingSettings,
    StoreSettings,
)
from parvis_server.consent.papers import Language, Paper, paper
from parvis_server.errors import UsageError

NAMED = RecordingSettings(controller="Salon Ouvert, 1 place du Parvis", contact="ada@example.org")
LANGUAGES = get_args(Language)


def settings(data: Path = Path("/srv/parvis"), **more: object) -> HubSettings:
    return HubSettings.model_validate({"data": data, "recording": NAMED, **more})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", Paper)
def test_each_names_who_answers_for_what_and_for_how_long(which: Paper, language: Language) -> None:
    text = paper(which, language, settings())
    assert text.startswith("# ")
    for fact in ("Salon Ouvert, 1 place du Parvis", "ada@example.org"):
        assert fact in text
    assert re.search(r"30 (days|jours)", text)
    assert re.search(r"365|a year at\s+most|un an au\s+plus", text)
    assert "$" not in text
    assert max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("missing", ["controller", "contact"])
def test_nothing_is_printed_before_somebody_answers_for_it(
    missing: str, language: Language
) -> None:
    without = NAMED.model_copy(update={missing: None})
    with pytest.raises(UsageError, match=f"^{missing}: .*recording"):
        paper(Paper.NOTICE, language, settings(recording=without))


def test_a_controller_outside_the_union_names_their_representative() -> None:
    named = NAMED.model_copy(update={"representative": "Maître Ida, Paris"})
    for which in (Paper.NOTICE, Paper.REGISTER):
        for language in LANGUAGES:
            assert "Maître Ida, Paris" in paper(which, language, settings(recording=named))
    assert "none named" in paper(Paper.REGISTER, "en", settings())


def test_they_say_what_the_settings_say() -> None:
    register = paper(Paper.REGISTER, "en", settings())
    assert "/srv/parvis/recordings" in register
    assert "parvis.db" in register
    assert "public edge" not in register
    assert "TLS" in register
    other = settings(
        store=StoreSettings(url="postgresql://ada:secret@db/parvis"),
        publish="https://room.example/#p1-secret",
        network=NetworkSettings(tls_port=None),
    )
    register = paper(Paper.REGISTER, "en", other)
    assert "database server" in register
    assert "public edge" in register
    assert "no encryption" in register
    assert "secret" not in register


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_keeps_the_second_copy_is_named_as_who_receives_it(language: Language) -> None:
    stored = {"storage": "https://store.example/hall/fame", "storage_secret": "key-secret"}
    folder = {"folder": "/mnt/disk/heard"}
    by = {"storage_processor": "Coffre SAS, Lyon, France"}
    for which in Paper:
        said = NAMED.model_dump(exclude_none=True)
        alone = paper(which, language, settings(recording=RecordingSettings(**said)))
        assert "28" not in re.findall(r"article (\d+)", alone) and "store.example" not in alone
        text = paper(
            which, language, settings(recording=RecordingSettings(**said, **stored, **folder, **by))
        )
        assert "https://store.example/hall/fame" in text and "Coffre SAS, Lyon" in text
        assert "key-secret" not in text and "$" not in text
        assert which is Paper.NOTICE or "/mnt/disk/heard" in text
        unnamed = paper(which, language, settings(recording=RecordingSettings(**said, **stored)))
        assert re.search(r"\[[^]]*(country|pays)[^]]*\]", unnamed), "left open, to be filled in"
    register = paper(
        Paper.REGISTER, language, settings(recording=RecordingSettings(**said, **stored, **by))
    )
    recipients = next(
        one for one in register.splitlines() if "Recipients" in one or "Destin" in one
    )
    assert "Coffre SAS" in recipients and "28" in recipients


def test_an_edited_purpose_stands_in_them(tmp_path: Path) -> None:
    from parvis_server.consent.notices import OWN_TEXTS

    for language in LANGUAGES:
        text = (OWN_TEXTS / f"{language}.toml").read_text(encoding="utf-8")
        edited = re.sub('^purpose = ".*"$', 'purpose = "for the archive"', text, flags=re.M)
        (tmp_path / f"{language}.toml").write_text(edited, encoding="utf-8")
    named = NAMED.model_copy(update={"texts": tmp_path})
    assert "for the archive" in paper(Paper.NOTICE, "en", settings(recording=named))


def test_the_impact_sheet_leaves_open_what_the_program_cannot_know() -> None:
    for language in LANGUAGES:
        assert paper(Paper.IMPACT, language, settings()).count("[") >= 4


def test_the_command_prints_one(tmp_path: Path) -> None:
    config = tmp_path / "parvis.toml"
    config.write_text(
        '[recording]\ncontroller = "Salon Ouvert"\ncontact = "ada@example.org"\n', encoding="utf-8"
    )
    told = CliRunner().invoke(
        app, ["papers", "register", "--language", "fr", "--config", str(config)]
    )
    assert told.exit_code == 0, told.output
    assert told.output.startswith("# Registre")
    assert "Salon Ouvert" in told.output
    assert [which.value for which in command.Which] == [which.value for which in Paper]
