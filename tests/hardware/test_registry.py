"""The build's own frame: what is registered exists, and what cannot be is one clear line."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from parvis_hardware import __main__ as command
from parvis_hardware import registry
from parvis_hardware.errors import CheckFailed, ToolMissing
from parvis_hardware.registry import Check, Maker


def write_word(out: Path) -> list[Path]:
    """A maker for these tests."""
    (out / "word.txt").write_text("parvis\n")
    return [out / "word.txt"]


def promise_more_than_is_made(out: Path) -> list[Path]:
    return [out / "nothing.txt"]


def find_two() -> list[str]:
    return ["one thing differs", "so does another"]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry with one check that finds nothing and two makers."""
    monkeypatch.setattr(registry, "_load", lambda place: globals().get(place, list))
    makers = (Maker("word", "write_word", "a word"), Maker("liar", "promise_more_than_is_made", ""))
    for module in (registry, command):
        monkeypatch.setattr(module, "MAKERS", makers)
        monkeypatch.setattr(module, "CHECKS", (Check("calm", "nothing", "all is well"),))


@pytest.mark.parametrize(
    "entry", [*registry.MAKERS, *registry.CHECKS], ids=lambda entry: entry.name
)
def test_what_is_registered_is_there(entry: Maker | Check) -> None:
    module, _, function = entry.place.partition(":")
    found = importlib.util.find_spec(module)
    assert found is not None and found.origin is not None
    assert f"def {function}(" in Path(found.origin).read_text(encoding="utf-8")
    assert entry.what


def test_names_are_different() -> None:
    names = [maker.name for maker in registry.MAKERS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("check", registry.CHECKS, ids=lambda check: check.name)
def test_the_sources_agree(check: Check) -> None:
    assert check.load()() == []


@pytest.mark.usefixtures("only")
def test_outputs_are_listed_with_their_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["build", "word", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert f"0.0 kB  {tmp_path}/word.txt" in told
    assert "check calm: 0 differences" in told and told.endswith("1 outputs, 0.0 kB\n")


@pytest.mark.usefixtures("only")
def test_an_output_that_is_not_there_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["build", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("hardware: liar says that it made")


@pytest.mark.usefixtures("only")
def test_an_unknown_name_is_answered_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["build", "wrod", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "hardware: nothing makes 'wrod': known are word, liar\n"


@pytest.mark.usefixtures("only")
def test_differences_stop_the_build_each_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "CHECKS", (Check("two", "find_two", "nothing differs"),))
    with pytest.raises(CheckFailed, match="2 differences"):
        command.check()
    said = capsys.readouterr().err.splitlines()
    assert said == ["hardware: two: one thing differs", "hardware: two: so does another"]


def test_a_library_that_is_not_installed_is_named() -> None:
    missing = Maker("cad", "a_library_that_nobody_has.parts:make", "")
    with pytest.raises(
        ToolMissing, match="a_library_that_nobody_has is not installed: run scripts"
    ):
        missing.load()
