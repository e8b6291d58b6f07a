"""Whether the cables bring every net together: what the boards do not join, wires do."""

from collections.abc import Iterable, Iterator

from parvis_hardware.circuit.netlist import Netlist, Part

BOARDS = ("computer", "control board")
"""Places where copper joins the pins of a net; everywhere else each pin stands alone."""

COLOURS = frozenset({"BK", "BN", "RD", "OG", "YE", "GN", "BU", "VT", "GY", "WH", "PK", "TQ"})
"""IEC 60757, as WireViz writes them."""


def findings(netlist: Netlist) -> list[str]:
    """Where cables and nets of one build disagree."""
    found = []
    for cable in netlist.cables.values():
        pairs = [(wire.first, wire.second) for wire in cable.wires]
        for first, second in [*pairs, *cable.links]:
            nets = netlist.net_of(first), netlist.net_of(second)
            if None in nets or nets[0] != nets[1]:
                found.append(
                    f"cable {cable.reference} joins {first} (net {nets[0]}) "
                    f"to {second} (net {nets[1]})"
                )
        found += [
            f"cable {cable.reference}: {wire.colour!r} is no colour of IEC 60757"
            for wire in cable.wires
            if wire.colour not in COLOURS
        ]
    for net in netlist.nets:
        islands = _islands(netlist, net)
        if len(islands) > 1:
            apart = " | ".join(" ".join(sorted(island)) for island in islands)
            found.append(f"no cable brings net {net} together: {apart}")
    return found


def _islands(netlist: Netlist, net: str) -> list[set[str]]:
    """The pins of a net in groups that boards and cables join."""
    pins = netlist.nets[net]
    by_board = [[pin for pin in pins if netlist.part_of(pin).where == board] for board in BOARDS]
    joined: list[Iterable[str]] = [group for group in by_board if group]
    for cable in netlist.cables.values():
        joined += [(wire.first, wire.second) for wire in cable.wires if wire.first in pins]
        joined += [link for link in cable.links if link[0] in pins]
    joined += [
        (f"{part.reference}.{number}", f"{on}.{number}") for part, on, number in _plugged(netlist)
    ]
    islands = [{pin} for pin in pins]
    for group in joined:
        touched = [island for island in islands if island & set(group)]
        if not touched:
            continue
        islands = [island for island in islands if island not in touched]
        islands.append(set().union(*touched))
    return islands


def _plugged(netlist: Netlist) -> Iterator[tuple[Part, str, str]]:
    """Every pin of a part that sits on another: the part, the other's reference, the number."""
    for part in netlist.parts.values():
        for on in part.sits_on.values():
            for number in part.kind.pins:
                yield part, on, number
