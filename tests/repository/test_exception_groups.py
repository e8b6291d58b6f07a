"""Nothing is raised inside an `except*` clause.

Before Python 3.11.4 an exception raised there is wrapped in a group once more, so a person's
mistake ends in a traceback. Debian 12 has Python 3.11.2.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in (
        "device",
        "firmware",
        "hardware",
        "server/parvis_audio",
        "server/parvis_server",
        "server/parvis_wire",
    )
    for path in (REPOSITORY / folder).rglob("*.py")
)


def raises_in_except_star(source: str) -> list[int]:
    """The lines inside `except*` clauses that raise: a `raise` with an exception, or `sys.exit`."""
    return sorted(
        node.lineno
        for group in ast.walk(ast.parse(source))
        if isinstance(group, ast.TryStar)
        for handler in group.handlers
        for node in ast.walk(handler)
        if is_raise(node)
    )


def is_raise(node: ast.AST) -> TypeGuard[ast.Raise | ast.Call]:
    """Whether `node` raises something new. A bare `raise` passes on the group and is allowed."""
    if isinstance(node, ast.Raise):
        return node.exc is not None
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "exit")


def excepting(body: str) -> Iterator[str]:
    for clause in ("except*", "except"):
        yield f"try:\n    pass\n{clause} ValueError as group:\n    {body}\n"


def test_there_are_sources() -> None:
    assert len(SOURCES) > 50


def test_nothing_is_raised_in_except_star() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): raises_in_except_star(path.read_text(encoding="utf-8"))
        for path in SOURCES
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("body", ["raise OSError from None", "sys.exit(1)"])
def test_a_raise_in_except_star_is_seen(body: str) -> None:
    starred, plain = excepting(body)
    assert raises_in_except_star(starred) == [4]
    assert raises_in_except_star(plain) == []


def test_passing_the_group_on_is_allowed() -> None:
    starred, _ = excepting("raise")
    assert raises_in_except_star(starred) == []
