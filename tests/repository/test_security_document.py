"""The document of what is promised names tests that are there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs/security.md"

PROOF = re.compile(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`")


def proofs(text: str) -> list[tuple[str, str]]:
    """Every test that stands behind a promise: its file, and its name or nothing."""
    return [(file, name) for file, name in PROOF.findall(text)]


def test_promises_are_found() -> None:
    assert proofs("| x | `tests/a/test_b.py::test_c` | |") == [("tests/a/test_b.py", "test_c")]
    assert len(proofs(DOCUMENT.read_text("utf-8"))) > 20


@pytest.mark.parametrize(("file", "name"), proofs(DOCUMENT.read_text("utf-8")))
def test_what_proves_a_promise_is_there(file: str, name: str) -> None:
    path = REPOSITORY / file
    assert path.is_file()
    assert not name or f"def {name}(" in path.read_text("utf-8")
