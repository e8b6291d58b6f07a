"""The tables of ``hardware/README.md``, made from the sources: written with ``tables``, checked
with ``check``.

A table stands between ``<!-- made: NAME -->`` and ``<!-- end -->``; what lies between is made.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from parvis_hardware import pins
from parvis_hardware.builds import bom
from parvis_hardware.builds.build import bom_source, load_all, load_bom
from parvis_hardware.errors import SourceError
from parvis_hardware.places import HARDWARE
from parvis_hardware.plans import acoustics
from parvis_hardware.plans import sources as plans

README = HARDWARE / "README.md"

_MADE = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def differences() -> list[str]:
    """Which tables of the README are not what the sources make."""
    text = README.read_text("utf-8")
    fresh = filled(text)
    wanted = [name for _, name, _ in _MADE.findall(fresh)]
    found = [f"README.md has no table {name!r}" for name in TABLES if name not in wanted]
    if fresh != text:
        found.append("README.md is stale: run PYTHONPATH=hardware python -m parvis_hardware tables")
    return found


def write() -> None:
    """Fill the README's tables."""
    README.write_text(filled(README.read_text("utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """A text with its tables made anew.

    Raises:
        SourceError: a table that is none.
    """

    def table(found: re.Match[str]) -> str:
        if found[2] not in TABLES:
            raise SourceError(README, found[2], f"nothing makes it; known are {', '.join(TABLES)}")
        return f"{found[1]}{TABLES[found[2]]()}{found[3]}"

    return _MADE.sub(table, text)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _status() -> str:
    rows = [
        [build.title.en, build.status.drawn, build.status.built, build.status.measured]
        for build in load_all().values()
    ]
    return _markdown(["build", "drawn", "built", "measured"], rows)


def _costs() -> str:
    rows = []
    for name, build in load_all().items():
        sums = bom.totals(load_bom(name), bom_source(name))
        limit = build.limits.without_computer_eur, build.limits.with_computer_eur
        prices = [f"{price:.2f} {sums.currency}" for price in (sums.parts, sums.together)]
        most = "none set" if limit[0] is None else f"{limit[0]:g} and {limit[1]:g}"
        rows.append([f"[{build.title.en}](builds/{name}/bom.csv)", *prices, most, sums.date])
    header = ["build", "parts without the computer", "with it", "at most", "prices of"]
    return _markdown(header, rows)


def _pins() -> str:
    rows = [
        [
            pin.name.upper(),
            str(pin.gpio),
            str(pin.header_pin),
            pin.direction,
            f"{pin.role}; {pin.wiring}",
            "yes" if pin.used else "not yet",
        ]
        for pin in pins.load()
    ]
    header = ["name", "GPIO", "header pin", "direction", "what is there", "the program uses it"]
    return _markdown(header, rows)


def _power() -> str:
    rows = []
    for plan in plans.budgets():
        poe = "none" if plan.poe_class is None else f"class {plan.poe_class} ({plan.poe_w:.1f} W)"
        heat = (
            "not computed"
            if plan.air_rise_k is None
            else f"+{plan.air_rise_k:.0f} K, to {plan.warmest_room_c:.0f} °C"
        )
        supply = f"{plan.most_w:.1f} of {plan.usable_w:.1f} W"
        board = f"{plan.board_5v.most:.0f} of {plan.fuse_ma:.0f} mA" if plan.fuse_ma else "none"
        rail = f"{plan.rail_3v3_ma:.0f} mA"
        what = [f"{plan.build}, {plan.computer}", f"{plan.typical_w:.1f} W", supply]
        rows.append([*what, board, rail, f"{plan.usb_ma:.0f} mA", poe, heat])
    header = ["build", "typical", "most, of what the supply may give", "control board's 5 V"]
    header += ["3.3 V", "USB", "PoE with a splitter", "air in a closed case, and the warmest room"]
    return _markdown(header, rows)


def _microphones() -> str:
    table = plans.acoustic_table()
    rows = []
    for name in table.microphones:
        row = acoustics.compare(name, table)
        figures = (row.speech_db_spl, row.over_noise_db, row.direct_over_reverberant_db)
        shown = [f"{figure:.0f} dB" for figure in (*figures, row.headroom_db)]
        where = [row.title, f"{row.distance_m:g} m"]
        rows.append(
            [*where, *shown, f"{row.critical_distance_m:.1f} m", f"{row.rate_hz // 1000} kHz"]
        )
    header = ["microphone", "at", "speech", "over noise", "direct over reverberant"]
    header += ["headroom, loud voice", "critical distance", "rate"]
    return _markdown(header, rows)


def _gain() -> str:
    table = plans.acoustic_table()
    rows = []
    for build in load_all().values():
        if build.program is None:
            continue
        both = [acoustics.gain_structure(build.microphone, table, loud) for loud in (False, True)]
        for usual, loud in zip(*both, strict=True):
            name = usual.name if usual.name == loud.name else f"{usual.name} / {loud.name}"
            levels = [f"{stage.mean_dbfs:.0f} / {stage.peak_dbfs:.0f}" for stage in (usual, loud)]
            rows.append([build.title.en, name, *levels, f"{loud.headroom_db:.0f} dB"])
    desk = acoustics.desk_levels(table)
    inward = f"{desk.nominal_dbfs:.0f}"
    rows.append(
        ["Hub", "from the desk, at its nominal level", inward, "", f"{desk.headroom_in_db:.0f} dB"]
    )
    outward = f"{desk.program_dbu:+.0f} dBu"
    rows.append(["Hub", "to the desk, program", outward, "", f"{desk.headroom_at_desk_db:.0f} dB"])
    header = ["build", "place", "voice without effort, mean / peak dBFS", "loud voice"]
    return _markdown([*header, "headroom"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "status": _status,
    "costs": _costs,
    "pins": _pins,
    "power": _power,
    "microphones": _microphones,
    "gain": _gain,
}
"""Name and maker of each table."""
