"""Computes the checkout's own plans: the adapter from files to the pure modules."""

from parvis_hardware.builds.build import load, load_all
from parvis_hardware.circuit import sources
from parvis_hardware.enclosure.layout import lay_out
from parvis_hardware.enclosure.parameters import read_enclosures
from parvis_hardware.places import HARDWARE
from parvis_hardware.plans import acoustics, power
from parvis_hardware.plans.acoustics import AcousticTable
from parvis_hardware.plans.power import Budget, PowerTable, Size


def power_table() -> PowerTable:
    """``power.toml`` of the checkout."""
    return power.parse((HARDWARE / "power.toml").read_text("utf-8"))


def acoustic_table() -> AcousticTable:
    """``acoustics.toml`` of the checkout."""
    return acoustics.parse((HARDWARE / "acoustics.toml").read_text("utf-8"))


def case_mm(build: str) -> Size | None:
    """The outside of a build's first enclosure; None for a build that has none."""
    for given in read_enclosures():
        if given.name in load(build).enclosures[:1]:
            layout = lay_out(given)
            return given.outer.width, layout.depth, layout.top_at(layout.depth / 2)
    return None


def budgets() -> list[Budget]:
    """Each build with its computer."""
    table = power_table()
    return [
        power.budget(name, build.computer, sources.netlist().of_build(name), table, case_mm(name))
        for name, build in load_all().items()
    ]


def power_findings() -> list[str]:
    """What the builds take beyond what supplies, fuses, pins and heat allow."""
    table = power_table()
    return [line for plan in budgets() for line in power.findings(plan, table)]


def acoustic_findings() -> list[str]:
    """What the units' microphones do not keep."""
    table = acoustic_table()
    chosen = [build.microphone for build in load_all().values() if build.program is not None]
    return [line for name in chosen for line in acoustics.findings(name, table)]
