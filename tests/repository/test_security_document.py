"""The documents of what is promised name tests that are there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = (REPOSITORY / "docs/security.md", REPOSITORY / "docs/privacy.md")

PROOF = re.compile(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`")


def proofs(text: str) -> list[tuple[str, str]]:
    """Every test that stands behind a promise: its file, and its name or nothing."""
    return [(file, name) for file, name in PROOF.findall(text)]


def test_promises_are_found() -> None:
    assert proofs("| x | `tests/a/test_b.py::test_c` | |") == [("tests/a/test_b.py", "test_c")]
    security, privacy = (proofs(document.read_text("utf-8")) for document in DOCUMENTS)
    assert len(security) > 20
    assert len(privacy) == 9, "one for each ground of the order"


@pytest.mark.parametrize(
    ("file", "name"),
    [proof for document in DOCUMENTS for proof in proofs(document.read_text("utf-8"))],
)
def test_what_proves_a_promise_is_there(file: str, name: str) -> None:
    path = REPOSITORY / file
    assert path.is_file()
    assert not name or f"def {name}(" in path.read_text("utf-8")
