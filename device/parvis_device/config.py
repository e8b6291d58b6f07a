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
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from parvis_device.buttons.keys import KEYS, code_of
from parvis_device.errors import UsageError
from parvis_device.light import Pattern, Signal
from parvis_device.light_map import patterns_of
from parvis_device.mistakes import one_line, unknown
from parvis_device.ring import MAX_BRIGHTNESS_PERCENT, MAX_PIXELS, RingChip
from parvis_wire.fields import MAX_NAME_CHARACTERS, Name, ZoneName
from parvis_wire.stage import (
    DEFAULT_ZONE,
    Duplex,
    LinkKind,
    OutputKind,
    OutputTraits,
    SourceKind,
    UnitTraits,
)

ENVIRONMENT_PREFIX = "PARVIS_UNIT_"

AUTO = "auto"

FILE_PREFIX = "file:"
NONE = "none"


class ButtonKind(StrEnum):
    """What the person presses."""

    GPIO = "gpio"
    KEYBOARD = "keyboard"
    NONE = "none"


class LightKind(StrEnum):
    """Where the state is shown."""

    GPIO = "gpio"
    RING = "ring"
    TERMINAL = "terminal"
    NONE = "none"


class BuzzerKind(StrEnum):
    """What chimes."""

    GPIO = "gpio"
    NONE = "none"


class Source(StrEnum):
    """What the microphone's input is."""

    MICROPHONE = "microphone"
    DESK = "desk"


class OutputUse(StrEnum):
    """What the loudspeaker's output is."""

    LOUDSPEAKER = "loudspeaker"
    LINE = "line"
    ASSISTIVE = "assistive"


class LogFormat(StrEnum):
    """How log lines look."""

    HUMAN = "human"
    JSON = "json"


_OF_A_LOUDSPEAKER = ("output", "play_delay_ms", "duplex")
"""Settings that say nothing without one."""


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

    hub: str = AUTO
    """Address of the hub, https://HOST:PORT, or http:// for one on this machine or one that nobody
    has claimed yet; auto: the one that announces itself on this network."""
    hub_fallback: str | None = None
    """With --hub auto: the address to try when no hub announces itself."""
    state: Path | None = None
    """Folder with this unit's key and the site that it was paired with. Unless set: the folder
    that systemd gives it, or parvis-unit in the user's own state folder."""
    no_identity: bool = False
    """Have no key: for a hub on this machine that nobody has claimed, and for tests. Such a unit
    cannot be paired."""
    setup_code: SecretStr | None = None
    """The eight characters of the unit's label, in the file or the environment: without it, its
    button pairs it."""
    hotspot_name: str | None = Field(default=None, pattern=r"^[!-~]{1,32}$")
    """Wi-Fi that this unit opens while it has no network, in the file or the environment: as on
    its label."""
    hotspot_password: SecretStr | None = None
    """Of that Wi-Fi (WPA2): 8 to 63 letters and signs."""
    microphone: str = "default"
    """file:PATH (WAV, FLAC, Ogg), a part of a device's name, its index, or default; none: this unit
    only plays."""
    source: Source = Source.MICROPHONE
    """What comes in: microphone, or desk (a line from the hall's mixing desk: always open, at the
    level that the desk gives it)."""
    loop: bool = False
    """Play a sound file again and again."""
    button: ButtonKind = ButtonKind.GPIO
    """What is pressed: gpio, keyboard (space or enter: a press, l: a long one, h: down until the
    next h; or lines on standard input: press, long, down, up), none: the microphone is open from
    the start."""
    key_device: Path | None = None
    """With --button keyboard: a USB or Bluetooth button that appears as a key,
    /dev/input/event*."""
    key: str | None = None
    """With --key-device: which of its keys is the button, such as space, enter, volumeup, f13, or a
    number of Linux's input-event-codes.h. Unless set: any."""
    light: LightKind | None = None
    """Where the state is shown: gpio (three LEDs), ring (of LEDs, on the SPI pins), terminal, none.
    Unless set: gpio with --button gpio, else terminal."""
    ring_chip: RingChip = RingChip.WS2812
    """In the file or the environment: the LEDs of the ring, ws2812 (one wire) or sk9822 (two)."""
    ring_pixels: int = Field(default=12, ge=4, le=MAX_PIXELS)
    """How many LEDs the ring has."""
    ring_brightness_percent: int = Field(
        default=MAX_BRIGHTNESS_PERCENT, ge=1, le=MAX_BRIGHTNESS_PERCENT
    )
    """How bright the ring is: what hangs on the computer's 5 V pins stays below a quarter."""
    light_map: dict[str, str] = Field(default_factory=dict)
    """Other patterns for the light, in the file as a table: SIGNAL = "COLOUR RHYTHM"; see
    docs/talk-states.md for the signals."""
    buzzer: BuzzerKind = BuzzerKind.NONE
    """What chimes when a turn waits and when a host looks for this unit: gpio or none."""
    loudspeaker: str = NONE
    """Where the sound of the other zones and of remote speakers comes out: a part of a device's
    name, its index, default, file:PATH (WAV), or none."""
    output: OutputUse = OutputUse.LOUDSPEAKER
    """What the loudspeaker is: loudspeaker, line (into the hall's mixing desk), or assistive
    (headphone, induction loop, Auracast transmitter: everything, this zone's microphones too)."""
    zone: ZoneName = DEFAULT_ZONE
    """The part of the venue within earshot: its loudspeakers do not play its own microphones."""
    duplex: Duplex = Duplex.HALF
    """With microphone and loudspeaker on one unit: half (the loudspeaker is silent while the
    microphone is open) or full (both at once, with echo cancellation; one device for both)."""
    play_delay_ms: float | None = Field(default=None, ge=20, le=200)
    """Play every sound so many milliseconds after its moment in the hub, the same on all
    loudspeakers of a room, so that they play together. Unless set: as soon as the network
    allows."""
    name: Name = Field(default_factory=_host_name)
    """What this table is called on every screen, at most 40 characters. Unless set: the name of
    the machine."""
    link: LinkKind = LinkKind.WIRED
    """The network between unit and hub: wired, wifi or remote."""
    connections: Literal[1, 2] | None = None
    """Connections to the hub that carry the sound, the same on both. Unless set: 2 with --link
    wifi, else 1."""
    wait_for_microphone: bool = False
    """Wait for a microphone or loudspeaker that is not there at the start, instead of ending with
    an error."""
    onsets: bool = False
    """Print a JSON line for each sound that begins in microphone or loudspeaker, to measure
    delays."""
    log_format: LogFormat = LogFormat.HUMAN
    """Log lines for people or as JSON, one object a line."""

    @field_validator("key")
    @classmethod
    def _is_a_key(cls, name: str | None) -> str | None:
        if name is not None and code_of(name) is None:
            raise ValueError(f"no key has this name: say one of {', '.join(KEYS)}, or a number")
        return name

    @field_validator("setup_code")
    @classmethod
    def _is_a_code(cls, typed: SecretStr | None) -> SecretStr | None:
        """Kept as it is on the label; said nowhere."""
        from parvis_wire.identity import read_setup_code  # a library that only this needs here

        if typed is None:
            return None
        code = read_setup_code(typed.get_secret_value())
        if code is None:
            raise ValueError("no setup code")
        return SecretStr(code)

    @field_validator("hotspot_password")
    @classmethod
    def _is_for_wpa2(cls, typed: SecretStr | None) -> SecretStr | None:
        """Printable ASCII of the length that WPA2 takes; said nowhere."""
        if typed is None:
            return None
        password = typed.get_secret_value()
        whole = 8 <= len(password) <= 63 and password.isascii() and password.isprintable()
        if not whole:
            raise ValueError("8 to 63 letters, digits and signs")
        return typed

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        """Say what cannot be asked for at once."""
        patterns_of(self.light_map)
        if self.hub_fallback is not None and self.hub != AUTO:
            raise ValueError("--hub-fallback goes with --hub auto")
        for key in _OF_A_LOUDSPEAKER:
            if key in self.model_fields_set and not self.plays:
                flag = key.replace("_", "-")
                raise ValueError(f"--{flag} is for a loudspeaker: add --loudspeaker default")
        if self.only_plays:
            if not self.plays:
                raise ValueError("--microphone none, and no loudspeaker: add --loudspeaker default")
            if self.source is Source.DESK:
                raise ValueError("--microphone none: a desk is heard through --microphone")
            if "button" in self.model_fields_set and self.button is not ButtonKind.NONE:
                raise ValueError("--microphone none: nobody speaks here, leave --button out")
        if self.half_duplex and self.always_open:
            raise ValueError(
                "--button none with --loudspeaker: beside a microphone that is always open a "
                "loudspeaker in half duplex would never play; say --duplex full, or take two units"
            )
        if self.duplex is Duplex.FULL and self.plays and not self.only_plays:
            one_device = self.microphone == self.loudspeaker
            if not one_device or self.microphone.startswith(FILE_PREFIX):
                raise ValueError(
                    "--duplex full needs one device with one clock: name the same one for "
                    "--microphone and --loudspeaker"
                )
        return self

    @property
    def only_plays(self) -> bool:
        """There is no microphone."""
        return self.microphone == NONE

    @property
    def plays(self) -> bool:
        """There is a loudspeaker."""
        return self.loudspeaker != NONE

    @property
    def always_open(self) -> bool:
        """Without a button, the start of the unit is the press."""
        return not self.only_plays and self.button_kind is ButtonKind.NONE

    @property
    def button_kind(self) -> ButtonKind:
        """The button that is used: a unit that only plays, and a desk, have none."""
        without = self.only_plays or self.source is Source.DESK
        return ButtonKind.NONE if without else self.button

    @property
    def half_duplex(self) -> bool:
        """The loudspeaker is silent while the microphone is open; only what sounds in the room can
        come back through a microphone, which a desk's line is not."""
        in_the_room = self.output is OutputUse.LOUDSPEAKER and self.source is Source.MICROPHONE
        half = self.duplex is Duplex.HALF
        return self.plays and not self.only_plays and half and in_the_room

    @property
    def full_duplex(self) -> bool:
        """Microphone and loudspeaker work at once."""
        return self.plays and not self.only_plays and self.duplex is Duplex.FULL

    @property
    def connection_count(self) -> int:
        """Connections that are used."""
        if self.connections is not None:
            return self.connections
        return 2 if self.link is LinkKind.WIFI else 1

    @property
    def traits(self) -> UnitTraits:
        """What the hub is told."""
        output = OutputTraits(kind=OutputKind(self.output.value), duplex=self.duplex)
        return UnitTraits(
            always_open=self.always_open,
            link=self.link,
            zone=self.zone,
            source=None if self.only_plays else SourceKind(self.source.value),
            output=output if self.plays else None,
        )

    @property
    def patterns(self) -> Mapping[Signal, Pattern]:
        """What the light shows for each signal."""
        return patterns_of(self.light_map)

    @property
    def light_kind(self) -> LightKind:
        """The light that is used."""
        if self.light is not None:
            return self.light
        return LightKind.GPIO if self.button_kind is ButtonKind.GPIO else LightKind.TERMINAL


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
    except SettingsError as error:
        raise UsageError(
            f"environment variable {ENVIRONMENT_PREFIX}LIGHT_MAP: say a JSON object, for example "
            '{"next": "white slow"}'
        ) from error
    except ValidationError as error:
        raise UsageError(one_line(error, UnitConfig.model_fields)) from error


def _refuse_unknown_environment() -> None:
    for variable in os.environ:
        key = variable.removeprefix(ENVIRONMENT_PREFIX)
        if key != variable and key.lower() not in UnitConfig.model_fields:
            raise UsageError(
                f"environment variable {variable}: {unknown(key.lower(), UnitConfig.model_fields)}"
            )
