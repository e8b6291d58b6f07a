"""The texts of a notice, read from two files that may be edited, and filled in.

A text says ``{contact}`` where the contact stands. The notice's version is made of every word that
people get to read, so whatever changes a word (the file, the purpose, the contact, how long it is
kept, the host's rule for the hall) changes the version, and answers to the old one do not count.
"""

import hashlib
import json
import string
import tomllib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from parvis_server.errors import NoticeLacks, UsageError
from parvis_wire.fields import Line
from parvis_wire.recording import Notice, NoticeWords, RecordingTerms, Unattended

OWN_TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("fr", "en")

PLACEHOLDERS = frozenset({"purpose", "contact", "days", "title", "microphones", "otherwise", "n"})

VERSION_DIGITS = 16
"""64 bits of SHA-256: nobody finds another text with the same version by chance."""


class Texts(BaseModel):
    """The texts of one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Line
    day: str
    days: str
    hearing: str
    to_record: str
    to_publish: str
    to_publish_now: str = ""
    """Without it, nobody who comes late may hear what was said."""
    may_speak_unrecorded: str
    may_not_speak_unrecorded: str
    aloud: str
    microphones_left_out: str
    microphones_recorded: str
    microphones_published: str

    @field_validator("*")
    @classmethod
    def _says_known_things(cls, text: str) -> str:
        """Only whole names in braces: a text is no program."""
        for _, name, how, conversion in string.Formatter().parse(text):
            if name is not None and (name not in PLACEHOLDERS or how or conversion):
                known = ", ".join(f"{{{known}}}" for known in sorted(PLACEHOLDERS))
                raise ValueError(f"{{{name}}} stands for nothing: use {known}")
        return text

    @field_validator("hearing", "to_record")
    @classmethod
    def _says_what_the_law_asks_for(cls, text: str) -> str:
        """Article 13 of the GDPR: what for, how long, and whom to write to."""
        missing = [name for name in ("purpose", "days", "contact") if f"{{{name}}}" not in text]
        if missing:
            raise ValueError(f"says nothing of {{{missing[0]}}}")
        return text

    @classmethod
    def read(cls, path: Path) -> Self:
        """The texts of a file.

        Raises:
            UsageError: it cannot be read, or what is wrong in it.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{path}: not a TOML file in UTF-8: {error}") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"{path}: {where}: {first['msg']}") from error

    def words(self, terms: RecordingTerms, purpose: str, title: str) -> NoticeWords:
        """What people get to read."""
        days = self.day if terms.retention_days == 1 else self.days
        microphones = {
            Unattended.LEFT_OUT: self.microphones_left_out,
            Unattended.RECORDED: self.microphones_recorded,
            Unattended.PUBLISHED: self.microphones_published,
        }[terms.unattended]
        may = terms.unrecorded_may_speak
        otherwise = self.may_speak_unrecorded if may else self.may_not_speak_unrecorded
        said = {
            "purpose": purpose,
            "contact": terms.contact,
            "days": days.format(n=terms.retention_days),
            "n": terms.retention_days,
            "title": title,
            "microphones": microphones,
            "otherwise": otherwise,
        }
        now = f" {self.to_publish_now}" if terms.catch_up else ""
        to_publish = self.to_publish + now
        return NoticeWords(
            hearing=self.hearing.format(**said),
            to_record=self.to_record.format(**said),
            to_publish=to_publish.format(**said),
            aloud=self.aloud.format(**said),
        )


class NoticeWriter:
    """Writes the notices of one hub; a ``room.draft.WriteNotice``."""

    def __init__(self, folder: Path | None = None, contact: str | None = None) -> None:
        """Read the texts.

        Args:
            folder: of ``fr.toml`` and ``en.toml``; None: those that come with Parvis.
            contact: whom people write to, unless the host names somebody.

        Raises:
            UsageError: a text cannot be used, and why.
        """
        self._contact = contact
        texts = {
            language: Texts.read((folder or OWN_TEXTS) / f"{language}.toml")
            for language in LANGUAGES
        }
        self._fr, self._en = texts["fr"], texts["en"]
        self._try()

    def _try(self) -> None:
        """Texts that are too long are found when the hub starts, not when an evening begins."""
        longest = RecordingTerms(
            retention_days=365,
            catch_up=bool(self._fr.to_publish_now and self._en.to_publish_now),
            purpose_fr="x" * 280,
            purpose_en="x" * 280,
            contact="x" * 280,
        )
        for rule in Unattended:
            for may in (True, False):
                terms = longest.model_copy(update={"unattended": rule, "unrecorded_may_speak": may})
                try:
                    self(terms, "x" * 120)
                except ValidationError as error:
                    first = error.errors(include_url=False)[0]
                    where = ".".join(str(part) for part in first["loc"])
                    message = f"the texts of the recording: {where}: {first['msg']}"
                    raise UsageError(message) from error

    def __call__(self, terms: RecordingTerms, title: str) -> tuple[RecordingTerms, Notice]:
        """The terms with the hub's own words for what the host left open, and their notice.

        Raises:
            NoticeLacks: nobody is named whom people could write to, or catching up is not told of.
        """
        contact = terms.contact or self._contact
        if terms.catch_up and not (self._fr.to_publish_now and self._en.to_publish_now):
            text = "catch_up: the hub's own texts say nothing of it (to_publish_now)"
            raise NoticeLacks("catch_up", text)
        if contact is None:
            raise NoticeLacks("contact", "contact: say whom people write to about the recording")
        whole = terms.model_copy(
            update={
                "contact": contact,
                "purpose_fr": terms.purpose_fr or self._fr.purpose,
                "purpose_en": terms.purpose_en or self._en.purpose,
            }
        )
        fr = self._fr.words(whole, whole.purpose_fr or "", title)
        en = self._en.words(whole, whole.purpose_en or "", title)
        return whole, Notice(version=version_of(whole, fr, en), fr=fr, en=en)


def version_of(terms: RecordingTerms, fr: NoticeWords, en: NoticeWords) -> str:
    """The version of a notice with these words, also of terms that an edited text leaves unsaid."""
    said = [one.model_dump(mode="json") for one in (terms, fr, en)]
    words = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:VERSION_DIGITS]
