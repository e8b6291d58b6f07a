"""The rules of the netlist: what can be written down and is still wrong, one line for each.

Each rule is a function from the netlist of one build to findings. All look at the worst case: a
switch counts as closed, a clamp and a diode as absent, a plug as pulled where a level is asked for.
"""

from collections.abc import Callable, Iterable

from parvis_hardware.circuit.netlist import Netlist
from parvis_hardware.circuit.parts import HEADER_PINS, PinType

MARGIN_V = 0.3
"""By how much a level may exceed a supply before it feeds it backwards (half a diode's drop)."""

PLUGS = ("plug_2", "plug_3", "plug_4", "plug_5")
"""Connectors inside the enclosure: they pass on what they are given."""


def driven_once(netlist: Netlist) -> list[str]:
    """Nothing is driven by two: outputs, supplies and ground exclude one another."""
    found: list[str] = []
    for net in netlist.nets:
        outputs = netlist.of_type(net, PinType.OUTPUT)
        supplies = {pin.partition(".")[0] for pin in netlist.of_type(net, PinType.SUPPLY)}
        ground = ["ground"] if netlist.is_ground(net) else []
        drivers = [*outputs, *sorted(supplies), *ground]
        if len(drivers) > 1:
            found.append(f"net {net} is driven {len(drivers)} times: by {' and '.join(drivers)}")
    return found


def everything_connected(netlist: Netlist) -> list[str]:
    """A pin that does something is in a net, and a net has two ends."""
    connected = {pin for pins in netlist.nets.values() for pin in pins}
    found = [
        f"{part.reference}.{pin} is connected to nothing"
        for part in netlist.parts.values()
        for pin in part.kind.pins
        if pin not in part.kind.open and f"{part.reference}.{pin}" not in connected
    ]
    for net, pins in netlist.nets.items():
        movable = [pin for pin in pins if not _may_end(netlist, pin)]
        if len(pins) == 1 and movable:
            found.append(f"net {net} ends at {pins[0]} and goes nowhere")
    return found


def _may_end(netlist: Netlist, pin: str) -> bool:
    part = netlist.part_of(pin)
    return part.kind.name in PLUGS or pin.partition(".")[2] in part.kind.open


def highest_volts(netlist: Netlist) -> dict[str, float]:
    """The highest level that each net can have, through everything that conducts."""
    sources = {
        net: max(
            (netlist.terminal(pin).volts for pin in pins if not netlist.is_ground(net)),
            default=0.0,
        )
        for net, pins in netlist.nets.items()
    }
    volts = dict(sources)
    waiting = [net for net in netlist.nets if sources[net] > 0]
    while waiting:
        net = waiting.pop()
        for _, behind in netlist.joined(net):
            if not netlist.is_ground(behind) and volts[behind] < volts[net]:
                volts[behind] = volts[net]
                waiting.append(behind)
    return volts


def no_pin_sees_too_much(netlist: Netlist) -> list[str]:
    """No 5 V reaches what stands 3.3 V; no supply is fed backwards; every feed is in its range."""
    volts = highest_volts(netlist)
    found: list[str] = []
    for net, pins in netlist.nets.items():
        for pin in pins:
            terminal = netlist.terminal(pin)
            if terminal.type in (PinType.INPUT, PinType.FEED) and volts[net] > terminal.max_v:
                found.append(
                    f"{pin} stands {terminal.max_v:g} V, net {net} brings {volts[net]:g} V"
                )
            if terminal.type is PinType.FEED and volts[net] < terminal.min_v:
                found.append(f"{pin} needs {terminal.min_v:g} V, net {net} brings {volts[net]:g} V")
            sourcing = terminal.type in (PinType.SUPPLY, PinType.OUTPUT)
            if sourcing and volts[net] > terminal.volts + MARGIN_V:
                found.append(
                    f"{pin} gives {terminal.volts:g} V and would be fed {volts[net]:g} V by {net}"
                )
    return found


def every_input_has_a_level(netlist: Netlist) -> list[str]:
    """An input is held at a level with every plug pulled, and its driver's one is high enough."""
    found: list[str] = []
    for net in netlist.nets:
        for pin in netlist.of_type(net, PinType.INPUT):
            terminal = netlist.terminal(pin)
            if not (terminal.pull or _is_held(netlist, net, pin)):
                found.append(f"{pin} has no level of its own in net {net} with its plug pulled")
            weak = [
                driver
                for driver in _drivers(netlist, net)
                if netlist.terminal(driver).volts < terminal.high_v
            ]
            for driver in weak:
                found.append(
                    f"{pin} needs {terminal.high_v:g} V for a one, "
                    f"{driver} drives {netlist.terminal(driver).volts:g} V"
                )
    return found


def _drivers(netlist: Netlist, net: str) -> list[str]:
    """The outputs that drive a net, directly or through a resistor or fuse."""
    behind = [
        other for part, other in netlist.joined(net) if part.kind.name in ("resistor", "fuse")
    ]
    return [pin for other in (net, *behind) for pin in netlist.of_type(other, PinType.OUTPUT)]


def _is_held(netlist: Netlist, net: str, pin: str) -> bool:
    part = netlist.part_of(pin)
    own = {name.partition(".")[0] for name in netlist.of_type(net, PinType.GROUND, PinType.FEED)}
    if netlist.is_ground(net) or part.reference in own:
        return True
    if netlist.terminal(pin).with_feed:
        return bool(_drivers(netlist, net))
    if any(netlist.part_of(driver).where == part.where for driver in _drivers(netlist, net)):
        return True
    supplied = (PinType.SUPPLY, PinType.FEED)
    return any(
        through.kind.name == "resistor"
        and through.where == part.where
        and (netlist.is_ground(behind) or bool(netlist.of_type(behind, *supplied)))
        for through, behind in netlist.joined(net)
    )


def outside_is_protected(netlist: Netlist) -> list[str]:
    """Each contact that people reach goes through a fuse to a clamp, and no input lies there."""
    found: list[str] = []
    for part in netlist.parts.values():
        if not part.outside or part.protection:
            continue
        for name in part.kind.pins:
            net = netlist.net_of(f"{part.reference}.{name}")
            if net is not None and not netlist.is_ground(net):
                found += _unprotected(netlist, f"{part.reference}.{name}", net)
    return found


def _unprotected(netlist: Netlist, pin: str, net: str) -> Iterable[str]:
    beside = [other for other in netlist.nets[net] if other != pin]
    kinds = {netlist.part_of(other).kind.name for other in beside} - set(PLUGS)
    if "fuse" not in kinds:
        yield f"{pin} is reached from outside and has no fuse in net {net}"
        return
    if kinds != {"fuse"}:
        yield f"{pin} is reached from outside: net {net} has more than its fuse"
    for fuse, behind in netlist.joined(net):
        if fuse.kind.name != "fuse":
            continue
        if not any(_clamps(netlist, other) for other in netlist.nets[behind]):
            yield f"{pin} is reached from outside and has no clamp (ESD) behind {fuse.reference}"
        for other in netlist.of_type(behind, PinType.INPUT):
            yield f"{other} lies at the clamp itself: put a resistor between"


def _clamps(netlist: Netlist, pin: str) -> bool:
    reference, _, name = pin.partition(".")
    if netlist.parts[reference].kind.name != "clamp" or name != "K":
        return False
    ground = netlist.net_of(f"{reference}.A")
    return ground is not None and netlist.is_ground(ground)


def a_turned_plug_does_no_harm(netlist: Netlist) -> list[str]:
    """The ribbon put on the computer the wrong way round (pin n on pin 41 - n) shorts no supply."""
    computer = netlist.parts.get("A1")
    found: list[str] = []
    for number in range(1, HEADER_PINS + 1):
        supply = None if computer is None else computer.kind.pins.get(str(number))
        board_pin = f"J1.{HEADER_PINS + 1 - number}"
        net = netlist.net_of(board_pin) if "J1" in netlist.parts else None
        if supply is not None and supply.type is PinType.SUPPLY and net is not None:
            found.append(
                f"a turned ribbon puts the computer's pin {number} ({supply.volts:g} V) on "
                f"{board_pin}, net {net}: leave that pin of J1 open"
            )
    return found


RULES: tuple[Callable[[Netlist], list[str]], ...] = (
    driven_once,
    everything_connected,
    no_pin_sees_too_much,
    every_input_has_a_level,
    outside_is_protected,
    a_turned_plug_does_no_harm,
)


def findings(netlist: Netlist) -> list[str]:
    """What all rules say about one build."""
    return [line for rule in RULES for line in rule(netlist)]
