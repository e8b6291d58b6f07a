"""The maker of the enclosures: STEP, STL, check table and pictures below ``out``."""

import tempfile
from pathlib import Path

from build123d import Part, export_step, export_stl

from parvis_hardware.enclosure.assembly import Assembly, assemble
from parvis_hardware.enclosure.checks import Row, check
from parvis_hardware.enclosure.layout import lay_out
from parvis_hardware.enclosure.meshes import FINE_MM, FINE_RADIANS
from parvis_hardware.enclosure.parameters import Parameters, read_enclosures
from parvis_hardware.enclosure.pictures import draw_all
from parvis_hardware.errors import CheckFailed
from parvis_hardware.stamp import version


def make(out: Path) -> list[Path]:
    """Make every enclosure of the tables.

    Raises:
        SourceError: a parameter that breaks an enclosure.
        CheckFailed: a solid that does not keep what it is held to.
    """
    outputs: list[Path] = []
    for parameters in read_enclosures():
        outputs += make_one(parameters, out)
    return outputs


def make_one(parameters: Parameters, out: Path) -> list[Path]:
    """Make one enclosure; print its table."""
    assembly = assemble(lay_out(parameters), f"Parvis {parameters.name}\n{version()}")
    folder = out / "enclosure" / parameters.name
    files = _export(assembly, folder)
    rows = _measure(assembly, {path.stem: path for path in files if path.suffix == ".stl"})
    table = folder / "checks.txt"
    lines = [f"enclosure {parameters.name}: {parameters.outer.title}", *[r.line() for r in rows]]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(*lines, sep="\n", flush=True)
    _refuse_broken(parameters.name, rows)
    return [*files, table, *draw_all(assembly, out / "pictures" / "enclosure" / parameters.name)]


def _export(assembly: Assembly, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, solid in assembly.printable.items():
        solid.label = f"parvis_{assembly.layout.parameters.name}_{name}"
        step, stl = folder / f"{name}.step", folder / f"{name}.stl"
        export_step(solid, str(step))
        _write_stl(solid, stl)
        files += [step, stl]
    return files


def _write_stl(solid: Part, path: Path) -> None:
    export_stl(solid, str(path), tolerance=FINE_MM, angular_tolerance=FINE_RADIANS)


def _measure(assembly: Assembly, files: dict[str, Path]) -> list[Row]:
    with tempfile.TemporaryDirectory() as scratch:
        unsigned = {}
        for name in ("base", "lid"):
            unsigned[name] = Path(scratch) / f"{name}.stl"
            _write_stl(assembly.unsigned[name], unsigned[name])
        return check(assembly, files, unsigned)


def _refuse_broken(name: str, rows: list[Row]) -> None:
    for row in rows:
        if not row.is_kept:
            raise CheckFailed(
                f"enclosure {name}, {row.subject}, {row.what}: {row.found}; allowed {row.allowed}"
            )
