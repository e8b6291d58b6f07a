"""The sheet for the first power: what must ring, what must not, and which voltages follow.

All lines come from the netlist; the words, in both languages, from ``bringup.toml``.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from parvis_hardware.circuit.netlist import Netlist
from parvis_hardware.circuit.parts import PI_HIGH_V, PinType
from parvis_hardware.circuit.rules import highest_volts
from parvis_hardware.errors import SourceError
from parvis_hardware.places import LANGUAGES
from parvis_hardware.plans.power import GPIO_V, ohms

SOURCE = "bringup.toml"
LOW_MAX_V = 0.8
"""What a GPIO pin surely reads as a zero."""
LEAST_OHM = 100
"""Between a supply and ground there must be more, before the parts are powered."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Pins that are one piece of metal."""

    net: str
    pins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voltage:
    """A level to measure against ground."""

    net: str
    pin: str
    low_v: float
    high_v: float


def rings(netlist: Netlist) -> list[Ring]:
    """Each net with two pins or more on board and cables, the computer left out."""
    found = []
    for net, pins in netlist.nets.items():
        reached = tuple(
            pin for pin in pins if netlist.part_of(pin).where not in ("computer", "outside")
        )
        if len(reached) > 1:
            found.append(Ring(net, reached))
    return found


def apart(netlist: Netlist) -> list[tuple[str, str]]:
    """Pairs of nets that must not be joined: supplies and ground, and neighbours on the header."""
    supplies = [net for net in ("5V", "5V_BOARD", "3V3") if net in netlist.nets]
    pairs = [(net, "GND") for net in supplies]
    pairs += [(first, "3V3") for first in supplies if first != "3V3"]
    on_header = {
        int(pin.partition(".")[2]): net
        for net, pins in netlist.nets.items()
        for pin in pins
        if pin.startswith("J1.")
    }
    for number, net in sorted(on_header.items()):
        for neighbour in (number + 1 if number % 2 else 0, number + 2):
            other = on_header.get(neighbour, net)
            if other != net and (net, other) not in pairs:
                pairs.append((net, other))
    return pairs


def voltages(netlist: Netlist) -> list[Voltage]:
    """What the board's own nets show at first power, nothing pressed, the program not running."""
    volts = highest_volts(netlist)
    found = []
    for net in netlist.nets:
        pin = next(
            (pin for pin in netlist.nets[net] if pin.startswith(("J1.", "U1.", "J6."))), None
        )
        fed = netlist.of_type(net, PinType.SUPPLY, PinType.FEED)
        read = [pin for pin in netlist.of_type(net, PinType.INPUT) if pin.startswith("A1.")]
        if pin is not None and fed:
            found.append(
                Voltage(net, pin, round(volts[net] * 0.95, 2), round(volts[net] * 1.05, 2))
            )
        elif pin is not None and read:
            found.append(Voltage(net, pin, GPIO_V * 0.95, GPIO_V * 1.05))
    return found


def closed_volts(netlist: Netlist, net: str) -> float:
    """The level of an input while its contact is closed: its pull-up over its series resistor."""
    up = [ohms(part) for part, behind in netlist.joined(net) if behind == "3V3"]
    down = [
        ohms(part)
        for part, behind in netlist.joined(net)
        if behind != "3V3" and part.kind.name == "resistor"
    ]
    if len(up) != 1 or len(down) != 1:
        raise SourceError(
            "netlist.toml", f"nets.{net}", "not one pull-up and one resistor in series"
        )
    return GPIO_V * down[0] / (up[0] + down[0])


def findings(netlist: Netlist) -> list[str]:
    """Inputs whose level while closed is no zero, or while open no one."""
    found = []
    for net in ("HAND", "MUTE_SENSE"):
        if net in netlist.nets:
            level = closed_volts(netlist, net)
            if level > LOW_MAX_V:
                found.append(f"{net} is {level:.2f} V while closed: a zero is under {LOW_MAX_V} V")
            if highest_volts(netlist)[net] < PI_HIGH_V:
                found.append(f"{net} reaches no {PI_HIGH_V} V while open")
    return found


def read_words(text: str) -> Mapping[str, Mapping[str, str]]:
    """The words of the sheet.

    Raises:
        SourceError: a word that is missing in a language.
    """
    words: Mapping[str, Any] = tomllib.loads(text)
    for name in WORDS:
        for language in LANGUAGES:
            if not words.get(name, {}).get(language):
                raise SourceError(
                    SOURCE, name, f"no words in {language!r}: each needs both languages"
                )
    return words


WORDS = (
    *("title", "before", "rings", "apart", "power", "voltages", "closed", "then", "net", "pins"),
    *("between", "must_be", "seen", "measured", "who", "over", "not_built", "stop", "point"),
)
"""What ``bringup.toml`` must have."""


def document(build_title: str, netlist: Netlist, words: Mapping[str, str], version: str) -> str:
    """The sheet as typst source; ``words`` are those of its language."""
    box = "#box(width: 9pt, height: 9pt, stroke: 0.6pt)"
    ring_rows = [[_code(ring.net), _codes(ring.pins), box] for ring in rings(netlist)]
    apart_rows = [[_code(f"{one} – {other}"), words["over"], box] for one, other in apart(netlist)]
    volt_rows = [
        [
            _code(said.net),
            _code(said.pin),
            f"{_volts(said.low_v, words)} – {_volts(said.high_v, words)} V",
            "",
        ]
        for said in voltages(netlist)
    ]
    closed_rows = [
        [
            _code(net),
            words["closed"],
            f"{_volts(closed_volts(netlist, net), words)} V (< {_volts(LOW_MAX_V, words)} V)",
            "",
        ]
        for net in ("HAND", "MUTE_SENSE")
    ]
    heads = [f"*{words['net']}*", f"*{words['pins']}*", f"*{words['must_be']}*"]
    return "\n".join(
        [
            _PAGE.format(foot=f"Parvis {version} · {words['not_built']}"),
            f"= {words['title']} – {build_title}",
            words["before"],
            f"== 1. {words['rings']}",
            _table(("auto", "1fr", "auto"), [heads[0], heads[1], ""], ring_rows),
            f"== 2. {words['apart']}",
            _table(("1fr", "auto", "auto"), [f"*{words['between']}*", heads[2], ""], apart_rows),
            f"== 3. {words['power']}",
            words["stop"],
            f"== 4. {words['voltages']}",
            _table(
                ("auto", "1fr", "auto", "22mm"),
                [*heads, f"*{words['measured']}*"],
                volt_rows + closed_rows,
            ),
            words["then"],
            f"#v(6mm) {words['who']} #box(width: 1fr, repeat[.])",
        ]
    )


_PAGE = """#set page(paper: "a4", margin: 18mm, footer: text(8pt)[{foot}])
#set text(font: "DejaVu Sans", size: 9pt)
#set par(justify: false)
#show heading.where(level: 1): set text(15pt)
#show heading.where(level: 2): set text(11pt)
#set table(stroke: 0.4pt + gray, inset: 4pt)"""


def _table(columns: tuple[str, ...], head: list[str], rows: Iterable[list[str]]) -> str:
    cells = "".join(f"[{cell}], " for row in rows for cell in row)
    header = "".join(f"[{cell}], " for cell in head)
    return f"#table(columns: ({', '.join(columns)}), table.header({header}), {cells})"


def _volts(volts: float, words: Mapping[str, str]) -> str:
    return f"{volts:.2f}".replace(".", words["point"])


def _code(words: str) -> str:
    return f"`{words}`"


def _codes(pins: Iterable[str]) -> str:
    return ", ".join(_code(pin) for pin in pins)
