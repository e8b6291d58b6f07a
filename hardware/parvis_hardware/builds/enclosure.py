"""Whether the printed enclosure and a build's other sources mean the same things."""

from collections.abc import Iterable

from parvis_hardware.builds.bom import Line
from parvis_hardware.builds.build import Build, load_all, load_bom
from parvis_hardware.circuit import sources
from parvis_hardware.circuit.netlist import Netlist
from parvis_hardware.circuit.perfboard import Board
from parvis_hardware.enclosure.layout import Layout, lay_out
from parvis_hardware.enclosure.parameters import read_enclosures

INSERTS, SCREWS, LID_SCREWS, FEET = "E2", "E3", "E4", "E5"
"""References of the list of parts."""


def differences() -> list[str]:
    """Where enclosures and lists of parts, netlist or control board differ."""
    layouts = {given.name: lay_out(given) for given in read_enclosures()}
    builds = load_all()
    found = [
        f"enclosure {name} is for build {layout.parameters.outer.build!r}, which does not list it"
        for name, layout in layouts.items()
        if name not in builds[layout.parameters.outer.build].enclosures
    ]
    for name, build in builds.items():
        found += [f"{name}: no enclosure {it!r}" for it in build.enclosures if it not in layouts]
        for it in build.enclosures:
            if it in layouts:
                found += of_enclosure(build, load_bom(name), layouts[it])
                found += of_electronics(
                    sources.netlist().of_build(name), sources.board(), layouts[it]
                )
    return found


def of_enclosure(build: Build, lines: Iterable[Line], layout: Layout) -> list[str]:
    """Screws, inserts, feet and ballast that are bought."""
    name = layout.parameters.name
    bought = {reference: line for line in lines for reference in line.references}
    board_screws = len(layout.holes) + len(layout.perfboard_holes)
    wanted = {
        INSERTS: board_screws + len(layout.columns),
        SCREWS: board_screws,
        LID_SCREWS: len(layout.columns),
        FEET: len(layout.feet),
    }
    found = [
        f"{name} takes {count} of {reference}, the list of parts of the "
        f"{build.title.en.lower()} has {bought[reference].quantity}"
        for reference, count in wanted.items()
        if bought[reference].quantity != count
    ]
    length = f"M2.5 x {layout.parameters.parts.screw.lid_length_mm:g},"
    if length not in bought[LID_SCREWS].description:
        found.append(f"{name} takes lid screws {length[:-1]}, the list has other ones")
    told = " ".join(line.description for line in bought.values() if "ballast" in line.description)
    for bar in layout.parameters.outer.ballast:
        size = f"{bar.size[0]:g} x {bar.size[2]:g} x {bar.size[1]:g} mm"
        if size not in told:
            found.append(f"{name} takes a ballast of {size}, the list of parts has not")
    return found


def of_electronics(netlist: Netlist, board: Board, layout: Layout) -> list[str]:
    """The ring's pixels, and room for the control board."""
    parts, name = layout.parameters.parts, layout.parameters.name
    found = []
    pixels = f"{parts.ring.pixels} pixels"
    if netlist.parts["LR1"].value != pixels:
        found.append(f"{name} has a ring of {pixels}, the netlist {netlist.parts['LR1'].value}")
    if layout.perfboard_holes:
        high, wide = parts.perfboard.size_mm[0], parts.perfboard.size_mm[1]
    else:
        box = layout.parameters.board.boxes["control_board"]
        wide, high = box.x[1] - box.x[0], box.y[1] - box.y[0]
    if board.size_mm[0] > wide + 0.1 or board.size_mm[1] > high + 0.1:
        size = f"{board.size_mm[0]:.1f} x {board.size_mm[1]:.1f}"
        found.append(f"{name} has room for {wide:.1f} x {high:.1f}, the control board is {size}")
    return found
