"""The texts before a recording: what they say, which version they have, and how they are edited."""

import shutil
from pathlib import Path

import pytest

from parvis_server.consent.notices import OWN_TEXTS, NoticeWriter
from parvis_server.errors import UsageError
from parvis_wire.recording import Notice, RecordingTerms, Unattended

TERMS = RecordingTerms(contact="ada@example.org")


def notice(terms: RecordingTerms = TERMS, folder: Path | None = None) -> Notice:
    return NoticeWriter(folder)(terms, "Hall")[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the texts, to be edited."""
    return Path(shutil.copytree(OWN_TEXTS, tmp_path / "texts"))


def edit(folder: Path, old: str, new: str, language: str = "en") -> None:
    path = folder / f"{language}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_both_languages_name_purpose_retention_and_contact() -> None:
    terms = RecordingTerms(
        retention_days=7, purpose_fr="pour les archives", purpose_en="for the archive",
        contact="ada@example.org",
    )  # fmt: skip
    told = notice(terms)
    for words, purpose, days in (
        (told.fr, "pour les archives", "7 jours"),
        (told.en, "for the archive", "7 days"),
    ):
        for text in (words.hearing, words.to_record):
            assert purpose in text
            assert days in text
            assert "ada@example.org" in text
        assert words.to_publish != words.to_record


def test_what_is_heard_before_is_one_sentence() -> None:
    for words in (notice().fr, notice().en):
        without_contact = words.hearing.replace("ada@example.org", "")
        assert without_contact.count(".") == 1
        assert words.hearing.endswith(".")


def test_one_day_is_said_in_the_singular() -> None:
    told = notice(TERMS.model_copy(update={"retention_days": 1}))
    assert "1 jour," in told.fr.hearing
    assert "1 day " in told.en.hearing


@pytest.mark.parametrize(
    "changed",
    [
        {"retention_days": 31},
        {"unattended": Unattended.RECORDED},
        {"unrecorded_may_speak": False},
        {"purpose_fr": "pour les archives"},
        {"purpose_en": "for the archive"},
        {"contact": "ben@example.org"},
    ],
)
def test_whatever_is_said_otherwise_has_another_version(changed: dict[str, object]) -> None:
    assert notice(TERMS.model_copy(update=changed)).version != notice().version


def test_the_same_words_have_the_same_version(folder: Path) -> None:
    assert notice(folder=folder).version == notice().version


def test_an_edited_text_is_told_and_has_another_version(folder: Path) -> None:
    edit(folder, "May your voice be recorded", "May we record you")
    told = notice(folder=folder)
    assert told.en.to_record.startswith("May we record you")
    assert told.fr == notice().fr
    assert told.version != notice().version


def test_the_hub_names_a_contact_where_the_host_names_none() -> None:
    terms, told = NoticeWriter(contact="hub@example.org")(RecordingTerms(), "Hall")
    assert terms.contact == "hub@example.org"
    assert terms.purpose_fr is not None
    assert "hub@example.org" in told.fr.hearing


def test_without_a_contact_nothing_is_written() -> None:
    with pytest.raises(ValueError, match="contact"):
        NoticeWriter()(RecordingTerms(), "Hall")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{purpose}; the recording", "; the recording", "hearing: .*says nothing of {purpose}"),
        ("kept for {days} and then deleted. You", "kept. You", "to_record: .*nothing of {days}"),
        ("Questions and requests: {contact}.", "", "to_record: .*nothing of {contact}"),
        ("{microphones}", "{microphone}", "aloud: .*{microphone} stands for nothing"),
        ("{microphones}", "{purpose.__class__}", "stands for nothing"),
        ("{microphones}", "{days:>9999999}", "stands for nothing"),
        ("{microphones}", "{", "aloud"),
        ("to_publish = ", "to_post = ", "to_publish: Field required"),
        ('day = "{n} day"', "day = 1", "day"),
        ("May your voice also", "x" * 1200, "to_publish: .*1200"),
        ("# What people", '"', "not a TOML file"),
    ],
)
def test_a_text_that_cannot_be_used_stops_the_hub_with_one_line(
    folder: Path, old: str, new: str, said: str
) -> None:
    edit(folder, old, new)
    with pytest.raises(UsageError, match=said) as refused:
        NoticeWriter(folder)
    assert "\n" not in str(refused.value)


def test_a_folder_that_lacks_a_language_stops_the_hub(folder: Path) -> None:
    (folder / "fr.toml").unlink()
    with pytest.raises(UsageError, match=r"fr\.toml: No such file"):
        NoticeWriter(folder)
