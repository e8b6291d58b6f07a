"""The hub's settings, declared once: TOML file, environment ``PARVIS_HUB_…``, flags.

See ``settings_sources`` for what wins over what.
"""

import ipaddress
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from parvis_server.bus.settings import BusSettings
from parvis_server.engine.stage import MAX_ZONES
from parvis_server.replay.storage import StorageAddress, check_url
from parvis_server.settings_sources import Layer, Section, Settings, Sources
from parvis_wire.fields import Line, ZoneName
from parvis_wire.packet_time import PacketMs

ENVIRONMENT_PREFIX = "PARVIS_HUB_"
FILE_NAME = "parvis.toml"


DATABASE_URLS = ("postgresql://", "postgresql+psycopg://", "sqlite:////")


class LogFormat(StrEnum):
    """How log lines look."""

    HUMAN = "human"
    JSON = "json"


def _port_or_off(given: object) -> object:
    return None if isinstance(given, str) and given.lower() in {"off", "none", ""} else given


class NetworkSettings(Section):
    """Where the hub listens, and as whom."""

    host: str = Field(default="0.0.0.0", min_length=1)
    """Address to listen on; 0.0.0.0 is every IPv4 address of this machine."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """TCP port of pages and sockets; 0 takes a free one."""
    names: tuple[str, ...] = ()
    """Further names by which browsers reach this hub, such as parvis.example.org. Addresses,
    localhost and this machine's own name are known; requests for any other name are refused."""
    tls_port: Annotated[int | None, BeforeValidator(_port_or_off)] = Field(
        default=8443, ge=0, le=65_535
    )
    """TCP port of the same pages and sockets over https; 0 takes a free one, "off" none. Where 8443
    is taken and was not asked for, the hub takes a free one and says so."""
    certificate: Path | None = None
    """PEM file with the certificate for https and those that vouch for it (certbot's
    fullchain.pem); read again when it changes. Unless set: one that the hub makes for itself."""
    key: Path | None = None
    """PEM file with the certificate's private key (certbot's privkey.pem)."""
    behind_proxy: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies, such as 127.0.0.1: what they say in X-Forwarded-For
    and X-Forwarded-Proto is believed. The first of names is then the name that links lead to."""
    announce: bool = True
    """Let units on this network find the hub, by mDNS."""

    @field_validator("behind_proxy")
    @classmethod
    def _are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"{proxy!r} is no address and no network: say 127.0.0.1, or 10.0.0.0/8"
                ) from None
        return proxies

    @model_validator(mode="after")
    def _both_files_or_none(self) -> Self:
        """A certificate is of no use without its key."""
        if (self.certificate is None) != (self.key is None):
            there, missing = ("certificate", "key") if self.key is None else ("key", "certificate")
            raise ValueError(f"{there} is given without {missing}: give both files, or none")
        if self.certificate is not None and self.tls_port is None:
            raise ValueError("certificate is given and tls_port is off: https needs a port")
        return self


class EdgesSettings(Section):
    """The edges that face the phones for this hub."""

    workers: int | None = Field(default=None, ge=0, le=16)
    """Edges on this machine, on the ports that follow the hub's; 0: none. Unless set: one for each
    core, at most 4, as soon as more than 500 listen."""
    site: str = Field(default="parvis", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """Under which name hub and edges meet on a bus that several hubs share."""


class RoomSettings(Section):
    """The room that opens by itself."""

    title: str = Field(default="Parvis", min_length=1, max_length=120)
    """What the room is called on every screen, at most 120 characters; when it changes here it
    takes the place of what a host wrote."""


class AccessSettings(Section):
    """Who may come in."""

    open_house: bool = False
    """Admit unpaired units and remote speakers from any address, not only from this machine. Until
    the hub has an operator: from then on it would let anybody pass the operator by."""
    plain_host: bool = False
    """Let hosts run their rooms over plain http from other machines, where the network can read and
    alter what they do. The operator can change it while the hub runs."""


class SiteSettings(Section):
    """To which site this hub belongs."""

    key_file: Path | None = None
    """File with the site's private key (Ed25519, PEM, mode 0600), which all hubs of a site share:
    a unit that was paired with one of them knows them all. Unless set: a key of this hub's own, in
    its data folder."""


def _number(value: object) -> object:
    """The environment and a file's strings have digits only; a choice of numbers takes no words."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


PacketMsChoice = Annotated[PacketMs, BeforeValidator(_number)]


class LimitSettings(Section):
    """How many may come in."""

    listeners: int = Field(default=9_000, ge=1, le=100_000)
    """Connected listeners."""
    mp3_listeners: int = Field(default=500, ge=0, le=10_000)
    """Listeners to /listen.mp3."""
    units: int = Field(default=64, ge=1, le=90)
    """Connected units."""
    speakers: int = Field(default=20, ge=0, le=60)
    """Connected remote speakers."""
    min_packet_ms: PacketMsChoice = 20
    """How much of the program one packet holds at least, in milliseconds: 20, 40, 60, 80, 100 or
    120. It grows with the audience, as far as the machine needs it."""
    max_packet_ms: PacketMsChoice = 120
    """How much it holds at most. Less delay for a large audience, at the price of more CPU."""

    @model_validator(mode="after")
    def _least_is_under_most(self) -> Self:
        """There is a packet time between the two."""
        if self.min_packet_ms > self.max_packet_ms:
            least, most = self.min_packet_ms, self.max_packet_ms
            raise ValueError(f"min_packet_ms {least} is over max_packet_ms {most}")
        return self


class ZoneGainSettings(Section):
    """How loud the microphones of one zone are in the loudspeakers of another."""

    talks: ZoneName
    """Zone of the microphones."""
    hears: ZoneName
    """Zone of the loudspeakers."""
    gain_db: float | None = Field(default=None, ge=-60.0, le=6.0)
    """Gain in dB, -60 to 6; left out: silent. A pair that is not named is heard at 0 dB, and a
    zone never hears itself unless the host lifts it."""


class StageSettings(Section):
    """How the stage is mixed."""

    frame_ms: Literal[5, 10] = 10
    """Length of a tick in milliseconds: 10, or 5 for the least delay, with at most 8 open
    microphones, all of them wired."""
    shift_loudspeakers: bool = False
    """Play loudspeakers and lines 5 Hz higher, so that the hall begins to howl 8 dB later. Speech
    stands it; a musical instrument beside its own loudspeaker does not."""
    zone_gains: tuple[ZoneGainSettings, ...] = Field(default=(), max_length=MAX_ZONES**2)
    """The zone matrix, as [[stage.zone_gains]] in the file: talks, hears, gain_db."""

    @model_validator(mode="after")
    def _each_pair_once(self) -> Self:
        """A pair has one gain, and there are not more zones than the mixer takes."""
        pairs = [(gain.talks, gain.hears) for gain in self.zone_gains]
        for talks, hears in pairs:
            if pairs.count((talks, hears)) > 1:
                raise ValueError(f"zone_gains names {talks} to {hears} twice: once is enough")
        zones = {zone for pair in pairs for zone in pair}
        if len(zones) > MAX_ZONES:
            raise ValueError(f"zone_gains names {len(zones)} zones: at most {MAX_ZONES}")
        return self


class ReadingSettings(Section):
    """The voice that reads written questions to the hall."""

    command: tuple[str, ...] = ("espeak-ng", "-v", "{language}", "-s", "150", "--stdin", "--stdout")
    """Program and arguments; it reads the text from its standard input and writes a WAV file to its
    standard output. {language} stands for en, fr, ... An empty list: the host reads."""


class RecordingSettings(Section):
    """Where recordings are kept, and what people are told and asked before they are recorded."""

    folder: Path | None = None
    """Folder for the recordings. Unless set: recordings in the data folder."""
    budget_gb: float | None = Field(default=None, gt=0, le=1_000_000)
    """How many gigabytes all recordings may take. Unless set: what the disk has, but for 256 MB."""
    storage: Annotated[str, AfterValidator(check_url)] | None = None
    """S3-compatible storage in which every recording is kept a second time once it is over, as
    s3://bucket/prefix or https://host/bucket/prefix. Unless set: the local folder alone."""
    storage_key_id: str | None = Field(default=None, repr=False)
    """Name of the key for it. Unless set: what the environment has as AWS_ACCESS_KEY_ID."""
    storage_secret: SecretStr | None = None
    """The key. Unless set: what the environment has as AWS_SECRET_ACCESS_KEY."""
    storage_processor: Line | None = None
    """Who runs that store, and in which country: for parvis papers, which name them as processor.
    """
    contact: Line | None = None
    """Whom people write to about a recording: an address of e-mail, a telephone number. Unless set:
    the host names somebody for each."""
    controller: Line | None = None
    """Who answers for the recordings before the law, with an address: the controller of the GDPR.
    parvis papers needs it."""
    representative: Line | None = None
    """Their representative in the European Union, where they are established outside (article 27).
    """
    texts: Path | None = None
    """Folder with fr.toml and en.toml, edited. Unless set: the texts that come with Parvis."""

    @property
    def storage_address(self) -> StorageAddress | None:
        """Where and by which key."""
        if self.storage is None:
            return None
        secret = None if self.storage_secret is None else self.storage_secret.get_secret_value()
        return StorageAddress(self.storage, self.storage_key_id, secret)

    @property
    def budget_bytes(self) -> int | None:
        """The same in bytes."""
        return None if self.budget_gb is None else int(self.budget_gb * 1e9)


class StoreSettings(Section):
    """Where the rooms are kept."""

    url: str | None = Field(default=None, repr=False)
    """postgresql://user:password@host/database, or sqlite:////path/to/file.db. Unless set: the
    file parvis.db in the data folder."""

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, url: str | None) -> str | None:
        """What it leads to is seen when it is opened; a password is never repeated."""
        if url is not None and not url.startswith(DATABASE_URLS):
            raise ValueError(f"must begin with {' or '.join(DATABASE_URLS)}")
        return url


class LogSettings(Section):
    """What the hub writes about itself."""

    format: LogFormat = LogFormat.HUMAN
    """Log lines for people or as JSON, one object a line."""


def default_data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_STATE_HOME/parvis``, else ``~/.local/state/parvis``."""
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "parvis"


class HubSettings(Settings):
    """Everything that can be set on a hub."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX)

    data: Path = Field(default_factory=default_data_folder)
    """Folder for the hub's secrets and settings. Unless set: $XDG_STATE_HOME/parvis, else
    ~/.local/state/parvis."""
    publish: str | None = Field(default=None, repr=False)
    """The address of a public edge, as parvis edge --public printed it, or a file that holds it:
    the hub dials out to it, and phones reach the rooms there."""
    publish_ca: Path | None = None
    """PEM file with the authority of the public edge's certificate, where that is one of your own.
    Unless set: those that this system trusts."""
    network: NetworkSettings = NetworkSettings()
    bus: BusSettings = BusSettings()
    edges: EdgesSettings = EdgesSettings()
    room: RoomSettings = RoomSettings()
    access: AccessSettings = AccessSettings()
    site: SiteSettings = SiteSettings()
    limits: LimitSettings = LimitSettings()
    stage: StageSettings = StageSettings()
    reading: ReadingSettings = ReadingSettings()
    recording: RecordingSettings = RecordingSettings()
    store: StoreSettings = StoreSettings()
    log: LogSettings = LogSettings()


def load_settings(config: Path | None, flags: Mapping[str, Any]) -> HubSettings:
    """The hub's settings; see ``Sources.load``. Unless named, the file is ``parvis.toml`` in the
    data folder."""
    return Sources(HubSettings, _file_in_data_folder).load(config, flags)


def _file_in_data_folder(given: Layer, environment: Layer) -> Path | None:
    folder = given.get("data") or environment.get("data") or default_data_folder()
    path = Path(folder) / FILE_NAME
    return path if path.is_file() else None
