"""Setup codes for units that are being made: one for each label, and the file that goes on each.

No hub is asked: a code is known to the label and to the unit alone, until an operator types it.
The same is true of the Wi-Fi that a unit without a network opens. ``sheets`` sets the labels.
"""

import csv
import io
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import segno

from parvis_server.errors import UsageError
from parvis_wire.identity import SETUP_CODE_ALPHABET, new_setup_code

UNIT_FILE = "parvis.toml"
PICTURE_FILE = "code.svg"
LIST_FILE = "codes.csv"

HEADS = ("unit", "name", "setup_code", "hotspot", "hotspot_password", "file")

HOTSPOT_PREFIX = "Parvis-"
HOTSPOT_SIGNS = 4
HOTSPOT_PASSWORD_CHARACTERS = 12
"""60 bits: who recorded the hotspot's handshake guesses for longer than the unit lasts."""


@dataclass(frozen=True, slots=True)
class Hotspot:
    """The Wi-Fi that a unit opens while it has no network, so that a phone can set it up."""

    name: str
    """Of the air, for everybody: says nothing of the setup code."""
    password: str = field(repr=False)
    """WPA2, this unit's own; small letters, which phones offer first."""

    @property
    def scanned(self) -> str:
        """What its QR code holds; none of the signs needs a backslash."""
        return f"WIFI:T:WPA;S:{self.name};P:{self.password};;"


def new_hotspot(signs: str) -> Hotspot:
    """One with these signs in its name, and a password that nobody else has."""
    alphabet = SETUP_CODE_ALPHABET.lower()
    password = "".join(secrets.choice(alphabet) for _ in range(HOTSPOT_PASSWORD_CHARACTERS))
    return Hotspot(HOTSPOT_PREFIX + signs, password)


@dataclass(frozen=True, slots=True)
class Label:
    """One unit that is being made."""

    folder: str
    """Of its file."""
    name: str
    code: str = field(repr=False)
    hotspot: Hotspot
    hub: str | None = None
    """Address of its hub; None: it looks for one."""

    @property
    def spelled(self) -> str:
        """The code as the label shows it: two groups of four."""
        return f"{self.code[:4]}-{self.code[4:]}"

    @property
    def file(self) -> str:
        """Its settings, below the folder of all."""
        return f"{self.folder}/{UNIT_FILE}"

    @property
    def picture(self) -> str:
        """The QR code of its label, below the folder of all."""
        return f"{self.folder}/{PICTURE_FILE}"

    @property
    def scanned(self) -> str:
        """What the label's QR code holds, in the signs that make it small."""
        return f"PARVIS:{self.code}"

    @property
    def settings(self) -> str:
        """What stands in them; a JSON string is one of TOML too."""
        lines = [
            "# Settings of one unit: parvis-unit run --config parvis.toml",
            "# Keep it to yourself: whoever has the code and is near can pair this unit.",
            f"name = {json.dumps(self.name, ensure_ascii=False)}",
            f"setup_code = {json.dumps(self.spelled)}",
            f"hotspot_name = {json.dumps(self.hotspot.name)}",
            f"hotspot_password = {json.dumps(self.hotspot.password)}",
        ]
        if self.hub is not None:
            lines.append(f"hub = {json.dumps(self.hub)}")
        return "\n".join(lines) + "\n"


def new_labels(count: int, first: int, name: str, hub: str | None) -> list[Label]:
    """``count`` labels, numbered from ``first``; no code and no hotspot's name comes twice."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(new_setup_code())
    signs: set[str] = set()
    while len(signs) < count:
        signs.add("".join(secrets.choice(SETUP_CODE_ALPHABET) for _ in range(HOTSPOT_SIGNS)))
    numbers = range(first, first + count)
    digits = max(2, len(str(numbers[-1])))
    return [
        Label(f"unit-{number:0{digits}}", f"{name} {number}", code, new_hotspot(four), hub)
        for number, code, four in zip(numbers, codes, signs, strict=True)
    ]


def write_labels(labels: list[Label], folder: Path, *, over: bool = False) -> Path:
    """Write settings and a QR code for each, and a list of all; gives the list.

    Args:
        labels: what to write.
        folder: made where it is missing; nobody else may read what is in it.
        over: replace files that are there.

    Raises:
        UsageError: one is there already, and then none is written; or it cannot be written.
    """
    listed = folder / LIST_FILE
    made = [path for label in labels for path in (label.file, label.picture)]
    if not over:
        _refuse_what_is_there([*(folder / path for path in made), listed])
    texts = {path: text for each in labels for path, text in _texts(each)}
    write_files(folder, {name: text.encode() for name, text in texts.items()})
    write_files(folder, {LIST_FILE: _list(labels).encode()})
    return listed


def _texts(label: Label) -> tuple[tuple[str, str], ...]:
    return (label.file, label.settings), (label.picture, qr_picture(label.scanned))


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, for its owner alone.

    Raises:
        UsageError: they cannot be written.
    """
    try:
        for name, content in files.items():
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(folder / name, content)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from error


def _refuse_what_is_there(paths: list[Path]) -> None:
    for path in paths:
        if path.exists():
            raise UsageError(
                f"{path} is there already, and its code would be lost: choose another --out, "
                "or say --overwrite"
            )


def qr_picture(text: str) -> str:
    """A QR code, 15 % of which may be scratched away; not a micro one, which phones do not read."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", scale=8, border=4)
    return drawn.getvalue().decode()


def _list(labels: list[Label]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows(
        (each.folder, each.name, each.spelled, each.hotspot.name, each.hotspot.password, each.file)
        for each in labels
    )
    return written.getvalue()


def _write(path: Path, content: bytes) -> None:
    """For its owner alone, also where a file with other rights was there."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
    draft.replace(path)
