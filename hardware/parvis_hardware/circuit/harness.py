"""The harness of a build: every wire with its ends, colour and length, made from the netlist.

``wireviz_input`` gives what WireViz draws, ``wire_rows`` the list to cut and crimp from.
"""

from dataclasses import replace
from typing import Any

from parvis_hardware.circuit.netlist import Cable, Netlist, Part
from parvis_hardware.words import Speaker

LINK_MM = 30
"""Length of a bridge between two lamps."""

WIRE_COLUMNS = (
    *("cable", "wire", "from", "to", "net", "colour"),
    *("gauge", "length mm", "end at from", "end at to"),
)

_TITLES = {
    "plug_2": "JST XHP-2",
    "plug_3": "JST XHP-3",
    "plug_4": "JST XHP-4",
    "plug_5": "JST XHP-5",
    "computer": "computer",
    "header_40": "2 x 20 header",
    "button": "button",
    "latching_dpdt": "switch",
    "jack": "jack 3.5 mm",
    "lamp": "LED",
    "ring_ws2812": "ring",
    "codec_zero": "Codec Zero",
    "electret": "capsule",
    "power_supply": "supply",
    "usb_microphone": "USB microphone",
    "usb_audio": "audio interface",
    "desk": "the hall's desk",
}
COLOURS = {
    **{"BK": "black", "BN": "brown", "RD": "red", "OG": "orange", "YE": "yellow", "GN": "green"},
    **{"BU": "blue", "VT": "violet", "GY": "grey", "WH": "white", "PK": "pink", "TQ": "turquoise"},
}


def wire_rows(netlist: Netlist) -> list[list[str]]:
    """Every wire of a build, in the order of the cables; bridges last in theirs."""
    rows = []
    for cable in netlist.cables.values():
        for number, wire in enumerate(cable.wires, start=1):
            net = netlist.net_of(wire.first) or ""
            place = [f"{cable.reference} {cable.name}", str(number), wire.first, wire.second, net]
            colour = COLOURS[wire.colour]
            rows.append([*place, colour, cable.gauge, str(cable.length_mm), *cable.ends])
        for first, second in cable.links:
            net = netlist.net_of(first) or ""
            place = [f"{cable.reference} {cable.name}", "bridge", first, second, net]
            rows.append([*place, "black", cable.gauge, str(LINK_MM), cable.ends[1], cable.ends[1]])
    return rows


def wireviz_input(netlist: Netlist, font: str, say: Speaker) -> dict[str, Any]:
    """What WireViz reads: connectors, cables, connections, with their words in one language."""
    pins: dict[str, list[str]] = {}
    cables: dict[str, Any] = {}
    connections: list[Any] = []
    for cable in netlist.cables.values():
        ends = [(wire.first, wire.second, wire.colour) for wire in cable.wires]
        cables[cable.reference] = _drawn_cable(cable, [colour for _, _, colour in ends], say)
        connections += _connections(cable.reference, [end[:2] for end in ends], pins)
        if cable.links:
            bridge = say("phrases", "{cable} bridges").format(cable=cable.reference)
            colours = ["BK"] * len(cable.links)
            joined = replace(cable, length_mm=LINK_MM, ends=(cable.ends[1], cable.ends[1]))
            cables[bridge] = _drawn_cable(joined, colours, say)
            connections += _connections(bridge, list(cable.links), pins)
    connectors = {
        reference: _drawn_connector(netlist.parts[reference], found, netlist, say)
        for reference, found in pins.items()
    }
    return {
        "options": {"fontname": font, "bgcolor": "WH", "mini_bom_mode": False},
        "connectors": connectors,
        "cables": cables,
        "connections": connections,
    }


def _drawn_cable(cable: Cable, colours: list[str], say: Speaker) -> dict[str, Any]:
    name, gauge = say("cables", cable.name), say("gauges", cable.gauge)
    drawn = {
        "wirecount": len(colours),
        "colors": colours,
        "type": say("phrases", "{name}: {gauge}").format(name=name, gauge=gauge),
        "length": cable.length_mm,
        "length_unit": "mm",
        "show_wirenumbers": False,
    }
    first, second = (say("ends", end) for end in cable.ends)
    notes = [
        say("phrases", "from: {end}").format(end=first),
        say("phrases", "to: {end}").format(end=second),
    ]
    notes += [say("notes", cable.note)] if cable.note else []
    return drawn | {"notes": "\n".join(map(_folded, notes))}


def _folded(words: str, width: int = 40) -> str:
    lines = [""]
    for word in words.split(" "):  # fixed spaces hold
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _connections(
    cable: str, ends: list[tuple[str, str]], pins: dict[str, list[str]]
) -> list[list[dict[str, Any]]]:
    """One connection for each wire; ``pins`` collects what each connector needs."""
    found: list[list[dict[str, Any]]] = []
    for number, (first, second) in enumerate(ends, start=1):
        sides: list[dict[str, Any]] = []
        for pin in (first, second):
            reference, _, name = pin.partition(".")
            known = pins.setdefault(reference, [])
            if name not in known:
                known.append(name)
            sides.append({reference: [_as_wireviz(name)]})
        found.append([sides[0], {cable: [number]}, sides[1]])
    return found


def _as_wireviz(pin: str) -> str | int:
    """WireViz reads digits as a number wherever it finds them."""
    return int(pin) if pin.isdecimal() else pin


def _drawn_connector(part: Part, pins: list[str], netlist: Netlist, say: Speaker) -> dict[str, Any]:
    """A part with the pins that a wire goes to, each with the name of its net."""
    title = say("kinds", _TITLES[part.kind.name])
    nets = [netlist.net_of(f"{part.reference}.{pin}") or "" for pin in pins]
    return {
        "type": f"{title} {say.value(part.value) if part.value else ''}".strip(),
        "subtype": say("places", part.where),
        "pins": [_as_wireviz(pin) for pin in pins],
        "pinlabels": nets,
        "show_pincount": False,
    }
