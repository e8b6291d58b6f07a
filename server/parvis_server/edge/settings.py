"""The edge's settings, declared once: TOML file, environment ``PARVIS_EDGE_…``, flags."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from parvis_server.bus.settings import BusSettings
from parvis_server.config import LogSettings
from parvis_server.settings_sources import Section, Settings, Sources

FILE_NAME = "parvis-edge.toml"

DEFAULT_SITE = "parvis"
"""Of a hub and its edges that have a bus to themselves."""

PLACE = re.compile(r":[0-9]{1,5}|/e/[0-9]{1,2}|https?://[A-Za-z0-9.\[\]:-]{1,253}")
SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class EdgeNetworkSettings(Section):
    """Where the edge listens, and as whom."""

    host: str = Field(default="0.0.0.0", min_length=1)
    """Address to listen on; 0.0.0.0 is every IPv4 address of this machine."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """TCP port of pages and sockets; 0 takes a free one. With a certificate it is https."""
    names: tuple[str, ...] = ()
    """Names by which browsers reach this edge, such as edge2.example.org; addresses are known."""
    certificate: Path | None = None
    """PEM file with the certificate for https and those that vouch for it; read again when it
    changes."""
    key: Path | None = None
    """PEM file with the certificate's private key."""
    behind_proxy: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies, such as 127.0.0.1: what they say in X-Forwarded-For
    and X-Forwarded-Proto is believed."""
    pages: tuple[str, ...] = ()
    """Where pages come from that may listen here, besides this edge's own: :8080 is a port of the
    same host, anything else an origin, such as https://room.example."""

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

    @field_validator("pages")
    @classmethod
    def _are_places(cls, pages: tuple[str, ...]) -> tuple[str, ...]:
        for page in pages:
            if not PLACE.fullmatch(page) or page.startswith("/"):
                raise ValueError(f"{page!r} is no origin and no port: say https://room.example")
        return pages

    @model_validator(mode="after")
    def _both_files_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            there, missing = ("certificate", "key") if self.key is None else ("key", "certificate")
            raise ValueError(f"{there} is given without {missing}: give both files, or none")
        return self


class EdgeSettings(Settings):
    """Everything that can be set on an edge."""

    model_config = SettingsConfigDict(env_prefix="PARVIS_EDGE_")

    data: Path = Field(default_factory=lambda: default_edge_folder())
    """Folder for the secret of a public edge. Unless set: $XDG_STATE_HOME/parvis-edge, else
    ~/.local/state/parvis-edge."""
    site: str = DEFAULT_SITE
    """Name of the hub and its edges on a bus that several share."""
    place: str | None = None
    """Where browsers reach this edge: an origin such as https://edge2.example.org, :8081 for a port
    of the page's host, or /e/1 for a path of it. Unless set: from address, names and port."""
    public: str | None = None
    """The name that phones reach this machine by, such as room.example: the hub then dials out to
    it, by the address that is printed."""
    network: EdgeNetworkSettings = EdgeNetworkSettings()
    bus: BusSettings = BusSettings()
    log: LogSettings = LogSettings()

    @field_validator("place")
    @classmethod
    def _is_a_place(cls, place: str | None) -> str | None:
        if place is not None and not PLACE.fullmatch(place):
            raise ValueError(f"{place!r} is no place: say https://edge2.example, :8081 or /e/1")
        return place

    @field_validator("site")
    @classmethod
    def _is_a_site(cls, site: str) -> str:
        if not SITE.fullmatch(site):
            raise ValueError(f"{site!r}: small letters, digits and -, at most 32 of them")
        return site

    @model_validator(mode="after")
    def _one_way_to_the_hub(self) -> Self:
        if self.public is None and self.bus.url is None:
            raise ValueError(
                "an edge needs its hub: say --bus with the address of the hub's bus, or --public "
                "with the name that phones reach this machine by"
            )
        return self


def default_edge_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_STATE_HOME/parvis-edge``, else ``~/.local/state/parvis-edge``."""
    state = environment.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "parvis-edge"


def load_edge_settings(config: Path | None, flags: Mapping[str, Any]) -> EdgeSettings:
    """The edge's settings; see ``Sources.load``. Unless named, the file is ``parvis-edge.toml`` in
    the data folder."""
    return Sources(EdgeSettings, _file_in_data_folder).load(config, flags)


def _file_in_data_folder(given: dict[str, Any], environment: dict[str, Any]) -> Path | None:
    folder = given.get("data") or environment.get("data") or default_edge_folder()
    path = Path(folder) / FILE_NAME
    return path if path.is_file() else None
