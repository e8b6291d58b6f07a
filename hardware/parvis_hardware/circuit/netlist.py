"""The netlist: parts, nets and cables of ``netlist.toml``, whole or of one build.

Reading refuses what cannot be written down at all (a name that is unknown, a pin that is in two
nets or does not exist); ``rules`` says what can be written down and is still wrong.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parvis_hardware.circuit.parts import Kind, PinType, Terminal
from parvis_hardware.errors import SourceError

SOURCE = "netlist.toml"
BUILDS = ("table", "small", "hub")
UNIT_BUILDS = ("table", "small")
"""What has a control board."""


@dataclass(frozen=True, slots=True)
class Load:
    """Current that a part takes from one of its feeds, in milliamperes."""

    typical: float
    most: float
    fault: float = 0.0
    """When the program misbehaves; 0 when that cannot make it more."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part with a reference."""

    reference: str
    kind: Kind
    where: str
    builds: tuple[str, ...] = UNIT_BUILDS
    value: str = ""
    outside: bool = False
    protection: str = ""
    """Of a bought apparatus with connectors that people reach: what protects them."""
    hold_ma: float = 0.0
    forward_v: float = 0.0
    loads: Mapping[str, Load] = field(default_factory=dict)
    """By the feed's pin."""
    sits_on: Mapping[str, str] = field(default_factory=dict)
    """By build: the part onto whose pins it is plugged, each on the one of the same number."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire of a cable: pin to pin, with its colour (IEC 60757)."""

    first: str
    second: str
    colour: str


@dataclass(frozen=True, slots=True)
class Cable:
    """Wires that run together from one place to another."""

    reference: str
    name: str
    length_mm: int
    gauge: str
    ends: tuple[str, str]
    wires: tuple[Wire, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Short bridges at its far end."""
    builds: tuple[str, ...] = UNIT_BUILDS
    note: str = ""


@dataclass(frozen=True, slots=True)
class Netlist:
    """Everything that is connected; pins are written ``REFERENCE.PIN``."""

    parts: Mapping[str, Part]
    nets: Mapping[str, tuple[str, ...]]
    cables: Mapping[str, Cable]

    def of_build(self, build: str) -> "Netlist":
        """What one build has of it: other builds' parts, pins and cables left out."""
        parts = {
            name: replace(
                part, sits_on={key: on for key, on in part.sits_on.items() if key == build}
            )
            for name, part in self.parts.items()
            if build in part.builds
        }
        kept = {
            name: tuple(pin for pin in pins if pin.partition(".")[0] in parts)
            for name, pins in self.nets.items()
        }
        return Netlist(
            parts=parts,
            nets={name: pins for name, pins in kept.items() if pins},
            cables={name: cable for name, cable in self.cables.items() if build in cable.builds},
        )

    def terminal(self, pin: str) -> Terminal:
        """What a pin is."""
        reference, _, name = pin.partition(".")
        return self.parts[reference].kind.pins[name]

    def part_of(self, pin: str) -> Part:
        """The part that a pin belongs to."""
        return self.parts[pin.partition(".")[0]]

    def net_of(self, pin: str) -> str | None:
        """The net a pin is in; None for one that is not connected."""
        return next((name for name, pins in self.nets.items() if pin in pins), None)

    def is_ground(self, net: str) -> bool:
        """Whether a net is a reference."""
        return any(self.terminal(pin).type is PinType.GROUND for pin in self.nets[net])

    def of_type(self, net: str, *types: PinType) -> list[str]:
        """The pins of a net that are of one of these types."""
        return [pin for pin in self.nets[net] if self.terminal(pin).type in types]

    def joined(self, net: str) -> Iterator[tuple[Part, str]]:
        """The parts through which current passes from this net, and the net behind each."""
        for pin in self.nets[net]:
            part, name = self.part_of(pin), pin.partition(".")[2]
            for pair in part.kind.joins:
                if name in pair:
                    other = pair[1] if name == pair[0] else pair[0]
                    behind = self.net_of(f"{part.reference}.{other}")
                    if behind is not None and behind != net:
                        yield part, behind


def parse(text: str, kinds: Mapping[str, Kind]) -> Netlist:
    """The netlist of a source text.

    Raises:
        SourceError: an unknown name, a pin in two nets, a pin that does not exist.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(SOURCE, "the file", f"it is no TOML: {error}") from error
    parts = {name: _part(name, row, kinds) for name, row in table["parts"].items()}
    nets = {name: tuple(pins) for name, pins in table["nets"].items()}
    netlist = Netlist(parts, nets, {})
    _refuse_doubled(netlist)
    cables = {name: _cable(name, row) for name, row in table.get("cables", {}).items()}
    for name, cable in cables.items():
        for wire in cable.wires:
            for pin in (wire.first, wire.second):
                _refuse_unknown(netlist, f"cables.{name}", pin)
    return replace(netlist, cables=cables)


def _part(name: str, row: dict[str, Any], kinds: Mapping[str, Kind]) -> Part:
    entry = f"parts.{name}"
    values = dict(row)
    kind = kinds.get(values.pop("kind", ""))
    if kind is None:
        raise SourceError(SOURCE, entry, f"kind {row.get('kind')!r} is not in parts.toml")
    feeds = [pin for pin, terminal in kind.pins.items() if terminal.type is PinType.FEED]
    said = values.pop("ma_by_feed", {feed: values["ma"] for feed in feeds if "ma" in values})
    values.pop("ma", None)
    builds = tuple(values.pop("builds", UNIT_BUILDS))
    if wrong := [build for build in builds if build not in BUILDS]:
        raise SourceError(SOURCE, entry, f"no build {wrong[0]!r}: say {', '.join(BUILDS)}")
    try:
        loads = {feed: Load(**load) for feed, load in said.items()}
        return Part(reference=name, kind=kind, builds=builds, loads=loads, **values)
    except TypeError as error:
        raise SourceError(
            SOURCE, entry, f"a key that is none, or one is missing: {error}"
        ) from error


def _cable(name: str, row: dict[str, Any]) -> Cable:
    values = dict(row)
    try:
        wires = tuple(Wire(*wire) for wire in values.pop("wires"))
        links = tuple((first, second) for first, second in values.pop("links", ()))
        for key in ("ends", "builds"):
            if key in values:
                values[key] = tuple(values[key])
        return Cable(reference=name, wires=wires, links=links, **values)
    except (TypeError, KeyError, ValueError) as error:
        raise SourceError(
            SOURCE, f"cables.{name}", f"a key that is none, or one is missing: {error}"
        ) from error


def _refuse_doubled(netlist: Netlist) -> None:
    taken: dict[str, str] = {}
    for net, pins in netlist.nets.items():
        for pin in pins:
            _refuse_unknown(netlist, f"nets.{net}", pin)
            if pin in taken:
                raise SourceError(
                    SOURCE, f"nets.{net}", f"{pin} is in net {taken[pin]} already: one of the two"
                )
            taken[pin] = net


def _refuse_unknown(netlist: Netlist, entry: str, pin: str) -> None:
    reference, _, name = pin.partition(".")
    if reference not in netlist.parts:
        raise SourceError(SOURCE, entry, f"{pin}: there is no part {reference!r}")
    kind = netlist.parts[reference].kind
    if name not in kind.pins:
        known = ", ".join(sorted(kind.pins, key=lambda said: (not said.isdigit(), said.zfill(3))))
        raise SourceError(SOURCE, entry, f"{pin}: a {kind.name} has no pin {name!r} but {known}")
