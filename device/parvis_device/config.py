"""The unit's configuration, declared once: TOML file, environment ``PARVIS_UNIT_…``, flags.

A flag wins over the environment, the environment over the file. The help of each flag is the
docstring of its field.
"""

import os
import socket
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from parvis_device.errors import UsageError
from parvis_wire.fields import MAX_NAME_CHARACTERS, Name
from parvis_wire.stage import LinkKind

ENVIRONMENT_PREFIX = "PARVIS_UNIT_"


class ButtonKind(StrEnum):
    """What the person presses."""

    GPIO = "gpio"
    KEYBOARD = "keyboard"
    NONE = "none"


class LightKind(StrEnum):
    """Where the state is shown."""

    GPIO = "gpio"
    TERMINAL = "terminal"
    NONE = "none"


class LogFormat(StrEnum):
    """How log lines look."""

    HUMAN = "human"
    JSON = "json"


def _host_name() -> str:
    return socket.gethostname()[:MAX_NAME_CHARACTERS] or "unit"


class UnitConfig(BaseSettings):
    """Everything that can be set on a unit."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        extra="forbid",
        use_attribute_docstrings=True,
        frozen=True,
        validate_default=True,
    )

    hub: str
    """Address of the hub, http://HOST:PORT."""
    microphone: str = "default"
    """file:PATH (WAV, FLAC, Ogg), a part of a device's name, its index, or default."""
    loop: bool = False
    """Play a sound file again and again."""
    button: ButtonKind = ButtonKind.GPIO
    """What is pressed: gpio, keyboard (space, enter; or lines on standard input), none: the
    microphone is open from the start."""
    key_device: Path | None = None
    """With --button keyboard: a USB or Bluetooth button that appears as a key,
    /dev/input/event*."""
    light: LightKind | None = None
    """Where the state is shown: gpio, terminal, none. Unless set: gpio with --button gpio, else
    terminal."""
    name: Name = Field(default_factory=_host_name)
    """What this table is called on every screen, at most 40 characters. Unless set: the name of
    the machine."""
    link: LinkKind = LinkKind.WIRED
    """The network between unit and hub: wired, wifi or remote."""
    wait_for_microphone: bool = False
    """Wait for a microphone that is not there at the start, instead of ending with an error."""
    log_format: LogFormat = LogFormat.HUMAN
    """Log lines for people or as JSON, one object a line."""

    @property
    def always_open(self) -> bool:
        """Without a button, the start of the unit is the press."""
        return self.button is ButtonKind.NONE

    @property
    def light_kind(self) -> LightKind:
        """The light that is used."""
        if self.light is not None:
            return self.light
        return LightKind.GPIO if self.button is ButtonKind.GPIO else LightKind.TERMINAL


def load(path: Path | None, flags: Mapping[str, Any]) -> UnitConfig:
    """The configuration from a TOML file (or none), the environment and the flags that were given.

    Raises:
        UsageError: a file that cannot be read, an unknown key, or a value that cannot be.
    """
    _refuse_unknown_environment()

    class Configured(UnitConfig):
        """Reads the file that the caller named."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = () if path is None else (TomlConfigSettingsSource(settings_cls, path),)
            return (init_settings, env_settings, *file)

    try:
        if path is not None and not path.is_file():
            raise UsageError(f"--config {path}: there is no such file")
        return Configured(**flags)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML file: {error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no TOML file: it is not UTF-8 text") from error
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(_one_line(error)) from error


def _refuse_unknown_environment() -> None:
    for variable in os.environ:
        key = variable.removeprefix(ENVIRONMENT_PREFIX)
        if key != variable and key.lower() not in UnitConfig.model_fields:
            raise UsageError(f"environment variable {variable}: {_unknown(key.lower())}")


def _one_line(error: ValidationError) -> str:
    """The first thing that is wrong, in words."""
    first = error.errors(include_url=False)[0]
    key = str(first["loc"][0]) if first["loc"] else "configuration"
    if first["type"] == "missing" and key == "hub":
        return "which hub? say for example --hub http://192.168.1.20:8080"
    if first["type"] == "extra_forbidden":
        return _unknown(key)
    return f"{key} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _unknown(key: str) -> str:
    return f"unknown key {key!r}: known are {', '.join(UnitConfig.model_fields)}"
