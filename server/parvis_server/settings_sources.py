"""Settings from their sources: a TOML file, the environment, flags; and words for what is wrong.

A flag wins over the environment, the environment over the file. In the environment a section and
its key are joined by two underscores: ``PARVIS_HUB_NETWORK__PORT=80``.
"""

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from parvis_server.errors import UsageError

ENVIRONMENT_DELIMITER = "__"

Layer = dict[str, Any]


class Section(BaseModel):
    """Some settings that belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Settings(BaseSettings):
    """All settings of one program, whose prefix in the environment its ``model_config`` names."""

    model_config = SettingsConfigDict(
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: ``Sources`` merges them itself, to name them."""
        return (init_settings,)


S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Sources(Generic[S]):
    """Where the settings of one program come from."""

    model: type[S]
    usual_file: Callable[[Layer, Layer], Path | None] = lambda given, environment: None
    """The file to read when none is named, by flags and environment."""

    def load(self, config: Path | None, flags: Mapping[str, Any]) -> S:
        """The settings from a TOML file, the environment and the flags that were given.

        Args:
            config: the file; None takes the usual one when there is one.
            flags: by dotted key, such as ``network.port``; None counts as not given.

        Raises:
            UsageError: a file that cannot be read, an unknown key, or a value that cannot be.
        """
        given = _nested({key: value for key, value in flags.items() if value is not None})
        environment = self._environment()
        path = config or self.usual_file(given, environment)
        file = {} if path is None else _read(path)
        layers = {"flag": given, "environment": environment, str(path): file}
        try:
            return self.model(**_merged(file, _merged(environment, given)))
        except ValidationError as error:
            raise UsageError(self._explain(error, layers)) from None

    @property
    def _prefix(self) -> str:
        return self.model.model_config.get("env_prefix", "")

    def _environment(self) -> Layer:
        self._refuse_unknown_variables(os.environ)
        try:
            return EnvSettingsSource(self.model)()
        except SettingsError as error:
            raise UsageError(
                f"environment {self._prefix}…: {error}; a list is written as JSON, such as "
                f"""{self._prefix}NETWORK__NAMES='["a", "b"]'"""
            ) from error

    def _refuse_unknown_variables(self, environment: Mapping[str, str]) -> None:
        known = {self._variable(key) for key in known_keys(self.model)}
        for name in environment:
            if name.upper().startswith(self._prefix) and name.upper() not in known:
                key = name.upper().removeprefix(self._prefix).lower()
                near = self._variable(self._nearest(key.replace(ENVIRONMENT_DELIMITER, ".")))
                raise UsageError(f"unknown setting {name} in the environment: did you mean {near}?")

    def _variable(self, key: str) -> str:
        return self._prefix + key.replace(".", ENVIRONMENT_DELIMITER).upper()

    def _nearest(self, wrong: str) -> str:
        """The setting that was probably meant: the same name in another section, else the
        likest."""
        known = tuple(known_keys(self.model))
        name = wrong.rpartition(".")[2]
        namesakes = (key for key in known if key.rpartition(".")[2] == name)
        likest = difflib.get_close_matches(wrong, known, n=1, cutoff=0.0)
        return next(namesakes, likest[0])

    def _explain(self, error: ValidationError, layers: Mapping[str, Layer]) -> str:
        """One line about the first fault: where it stands, what was wrong, what would be right."""
        first = error.errors(include_url=False)[0]
        path = tuple(str(part) for part in first["loc"])
        key = ".".join(path)
        if not key:
            return first["msg"].removeprefix("Value error, ")
        where = next((name for name, layer in layers.items() if _holds(layer, path)), "settings")
        if first["type"] == "extra_forbidden":
            return f"unknown setting {key} ({where}): did you mean {self._nearest(key)}?"
        if first["type"] == "value_error":  # our own words, which name what is wrong
            return f"setting {key} ({where}): {first['msg'].removeprefix('Value error, ')}"
        said = "" if _is_secret(self.model, path) else f", not {first['input']!r}"
        return f"setting {key} ({where}): {first['msg']}{said}"


def known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every setting by its dotted key."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from known_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def _is_secret(model: type[BaseModel], path: tuple[str, ...]) -> bool:
    """Whether a setting is one that is never shown."""
    for name in path:
        field = model.model_fields.get(name)
        if field is None:
            return False
        if not field.repr:
            return True
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return False
        model = field.annotation
    return False


def _read(path: Path) -> Layer:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"cannot read the settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the settings file {path} is not TOML: {error}") from error


def _nested(flat: Mapping[str, Any]) -> Layer:
    nested: Layer = {}
    for key, value in flat.items():
        *sections, name = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return nested


def _merged(below: Layer, above: Layer) -> Layer:
    merged = dict(below)
    for key, value in above.items():
        beneath: Any = merged.get(key)
        both = isinstance(beneath, dict) and isinstance(value, dict)
        merged[key] = _merged(beneath, value) if both else value
    return merged


def _holds(layer: Layer, path: tuple[str, ...]) -> bool:
    place: Any = layer
    for part in path:
        if isinstance(place, dict) and part in place:
            place = place[part]
        else:
            return isinstance(place, list | tuple)
    return True
