"""Files and functions stay short enough to be read: a file over the limit holds two things."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PYTHON_FOLDERS = ("device", "firmware", "hardware", "server", "tests", "scripts")
PAGE_FOLDER = "server/web/src"
# Medians are alike in all the code bases we learn from; quality shows in the longest function.
FILE_LINES = 400
FUNCTION_LINES = 60


def python_files() -> Iterator[Path]:
    """Every Python file of ours (no installed package lies in these folders)."""
    for folder in PYTHON_FOLDERS:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


def page_files() -> Iterator[Path]:
    """The page's own TypeScript, without what a script generates."""
    for path in sorted((REPOSITORY / PAGE_FOLDER).rglob("*.ts*")):
        if "generated" not in path.name and "generated" not in path.parts:
            yield path


def long_functions(source: str) -> list[tuple[str, int]]:
    """Name and length in lines (docstring included) of every function over the limit."""
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions
    ]
    return [(name, lines) for name, lines in lengths if lines > FUNCTION_LINES]


def line_count(text: str) -> int:
    return len(text.splitlines())


def shown(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_there_is_something_to_measure() -> None:
    assert len(list(python_files())) > 10


def test_files_are_short() -> None:
    """A thousand files and more in one test: one each took more CPU than reading them."""
    counted = {
        shown(path): line_count(path.read_text(encoding="utf-8"))
        for path in (*python_files(), *page_files())
    }
    long = {path: lines for path, lines in counted.items() if lines > FILE_LINES}
    assert long == {}, "it holds two things"


def test_functions_are_short() -> None:
    measured = {
        shown(path): long_functions(path.read_text(encoding="utf-8")) for path in python_files()
    }
    assert {path: functions for path, functions in measured.items() if functions} == {}


def test_a_long_function_is_seen() -> None:
    body = "\n".join(f"    x = {number}" for number in range(FUNCTION_LINES))
    assert long_functions(f"async def endless():\n{body}\n") == [("endless", FUNCTION_LINES + 1)]
    inside_class = "class A:\n" + "\n".join(
        "    " + line for line in ["def f(self):", *body.splitlines()]
    )
    assert [name for name, _ in long_functions(inside_class)] == ["f"]


def test_a_function_at_the_limit_passes() -> None:
    body = "\n".join(f"    x = {number}" for number in range(FUNCTION_LINES - 1))
    assert long_functions(f"def just():\n{body}\n") == []
