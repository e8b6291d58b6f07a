"""The picture of a label in the guides: set by the program that prints them, codes of nobody."""

from pathlib import Path

from parvis_hardware.errors import ToolMissing
from parvis_hardware.places import LANGUAGES

EXAMPLE_SEAT = "http://192.0.2.20:8080/r/example#seat=no-such-seat"
"""TEST-NET-1 (RFC 5737): belongs to nobody."""


def make_example(out: Path) -> list[Path]:
    """Its visible side, as a picture in each language."""
    from parvis_server.errors import UsageError
    from parvis_server.labels import Hotspot, Label
    from parvis_server.labels.sheets import single

    label = Label("unit-04", "Table 4", "EXAMP2E2", Hotspot("Parvis-ABCD", "example2only"))
    folder = out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for language in LANGUAGES:
        try:
            front = single(label, language, lambda _: EXAMPLE_SEAT, form="png")
        except UsageError as error:
            raise ToolMissing("typst") from error
        path = folder / f"label.{language}.png"
        path.write_bytes(front)
        made.append(path)
    return made
