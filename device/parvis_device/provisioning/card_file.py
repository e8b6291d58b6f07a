"""The ``parvis.toml`` of the boot partition: what it says, or which line is wrong. Pure.

It is the file that ``parvis label`` makes for each unit, with the unit's own settings, and may also
name a Wi-Fi. It is written by people in whatever editor their computer has: with marks of Windows'
editor at its front, with curly quotes, with a key misspelt. Every mistake is told with its line and
with what would be right.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from parvis_device.address import HubAddress
from parvis_device.config import AUTO, UnitConfig
from parvis_device.errors import UsageError
from parvis_device.mistakes import one_line
from parvis_device.provisioning.networks import Wifi, is_wifi_name, is_wifi_password
from parvis_device.provisioning.settings_text import assignment, line_of
from parvis_device.update.pinning import NO_KEY, is_key

MOST_BYTES = 16_384
"""A file with every setting and a paragraph beside each is a quarter of it."""

BLANK = (
    "# This unit is as new. It takes what is written here at its next start, for example:\n"
    '# hub = "http://192.168.1.20:8080"\n'
)
"""On the partition of a unit that was reset."""

SECRETS = ("setup_code", "hotspot_password", "wifi_password")

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_AT_END = " (at end of document)"
_CURLY = re.compile("[“”„«»‘’]")
_BARE = re.compile(r"""\s*[\w-]+\s*=\s*[^"'\[{\d\s+-]""")


class CardMistake(Exception):
    """The file cannot be taken as it is."""

    def __init__(self, words: str, line: int | None = None) -> None:
        """``line`` is counted from 1; None: the file as a whole."""
        super().__init__(f"line {line}: {words}" if line else words)
        self.line = line
        self.words = words


class _OfCard(UnitConfig):
    """A unit's settings, and the Wi-Fi that it is to join."""

    wifi_name: str | None = None
    wifi_password: SecretStr | None = None
    wifi_hidden: bool = False
    update_key: str | None = None
    wifi_country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")

    @field_validator("update_key")
    @classmethod
    def _is_key(cls, key: str | None) -> str | None:
        if key is not None and not is_key(key):
            raise ValueError(NO_KEY)
        return key

    @field_validator("wifi_name")
    @classmethod
    def _is_name(cls, name: str | None) -> str | None:
        if name is not None and not is_wifi_name(name):
            raise ValueError("the name of a Wi-Fi has 1 to 32 signs")
        return name

    @field_validator("wifi_password")
    @classmethod
    def _is_password(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and not is_wifi_password(password.get_secret_value()):
            raise ValueError("8 to 63 letters, digits and signs")
        return password

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file alone."""
        return (init_settings,)


@dataclass(frozen=True, slots=True)
class CardFile:
    """What stands in it."""

    settings: Mapping[str, Any] = field(repr=False)
    """Of the unit's own configuration, as they were written."""
    wifi: Wifi | None
    update_key: str | None
    """The maker's, whose updates the unit takes."""
    digest: str
    """Of the whole file: what was taken is known by it."""

    @property
    def is_empty(self) -> bool:
        """There is nothing to take."""
        return not self.settings and self.wifi is None and self.update_key is None


def read_card(content: bytes) -> CardFile:
    """What the file says.

    Raises:
        CardMistake: what is wrong, and where.
    """
    if len(content) > MOST_BYTES:
        raise CardMistake(f"the file is too long: at most {MOST_BYTES} bytes are read")
    text = _decoded(content)
    values = _parsed(text)
    try:
        card = _OfCard(**values)
        for key in ("hub", "hub_fallback"):
            _look_at_hub(text, key, values.get(key))
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]["loc"]
        line = line_of(text, str(wrong[0])) if wrong else None
        raise CardMistake(one_line(error, _OfCard.model_fields), line) from error
    if card.wifi_name is None:
        for key in ("wifi_password", "wifi_hidden"):
            if key in values:
                words = f'{key} goes with wifi_name = "the name of that Wi-Fi"'
                raise CardMistake(words, line_of(text, key))
    settings = {key: value for key, value in values.items() if key in UnitConfig.model_fields}
    return CardFile(settings, _wifi(card), card.update_key, hashlib.sha256(content).hexdigest())


def wiped(card: CardFile) -> str:
    """What is left on the partition: for people, and nothing to take again."""
    kept = {key: value for key, value in card.settings.items() if key not in SECRETS}
    if card.wifi is not None:
        kept["wifi_name"] = card.wifi.name
    if card.update_key is not None:
        kept["update_key"] = card.update_key
    return (
        "# The unit has taken these settings and keeps them itself, and the secrets, too.\n"
        "# To change one, write its line without the # and start the unit again.\n"
        + "".join(f"# {assignment(key, value)}" for key, value in kept.items())
    )


def explained(mistake: CardMistake) -> str:
    """What is written beside the file, for whoever puts the card into a computer."""
    return (
        f"parvis.toml: {mistake}\n"
        "The unit goes on without this file. Mend it, put the card back and start the unit.\n\n"
        f"parvis.toml : la {'ligne ' + str(mistake.line) if mistake.line else 'page'} a une faute, "
        "dite en anglais ci-dessus.\n"
        "La borne continue sans ce fichier. Corrigez-le, remettez la carte, redémarrez la borne.\n"
    )


def line_of_key(content: bytes) -> int | None:
    """The line on which the maker's key stands."""
    return line_of(_decoded(content), "update_key")


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CardMistake("save the file as UTF-8 text", line) from error


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _AT_LINE.search(said)
        last = len(text.splitlines()) or 1
        number = int(found[1]) if found else last
        words = _AT_LINE.sub("", said).replace(_AT_END, "")
        lines = text.splitlines()
        line = lines[number - 1] if number <= len(lines) else ""
        raise CardMistake(_would_be_right(line, words), number) from error


def _would_be_right(line: str, words: str) -> str:
    if _CURLY.search(line):
        return 'the quotes are curly ones: write straight ones, "like this"'
    if _BARE.match(line):
        key = line.partition("=")[0].strip()
        return f'text stands in quotes: {key} = "…"'
    if line.strip() and "=" not in line and not line.lstrip().startswith(("#", "[")):
        return 'a line is KEY = "VALUE", or begins with # for a note'
    return f'{words[0].lower()}{words[1:]}; a line is KEY = "VALUE"'


def _look_at_hub(text: str, key: str, address: object) -> None:
    if not isinstance(address, str) or address == AUTO:
        return
    try:
        HubAddress.parse(address)
    except UsageError as error:
        raise CardMistake(f"{key}: {error}", line_of(text, key)) from error


def _wifi(card: _OfCard) -> Wifi | None:
    if card.wifi_name is None:
        return None
    secret = card.wifi_password
    return Wifi(
        name=card.wifi_name,
        password=None if secret is None else secret.get_secret_value(),
        hidden=card.wifi_hidden,
        country=card.wifi_country,
    )
