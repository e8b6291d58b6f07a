"""The exported schema is fresh, and its command line says so."""

from pathlib import Path

import pytest

from parvis_wire import schema


def test_the_committed_schema_is_fresh() -> None:
    assert schema.main(["--check"]) == 0


def test_a_stale_schema_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schema, "PATH", tmp_path / schema.FILE_NAME)
    assert schema.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert schema.main(["--check"]) == 0


def test_an_unknown_argument_gets_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main(["--what"]) == 2
    assert "usage" in capsys.readouterr().err
