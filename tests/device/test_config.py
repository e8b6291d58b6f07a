"""Configuration: file, environment and flags, in this order of strength; mistakes in one line."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from parvis_device.config import ButtonKind, LightKind, UnitConfig, load
from parvis_device.errors import UsageError

HUB = {"hub": "http://hub:8000"}


def toml(folder: Path, text: str) -> Path:
    path = folder / "unit.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml(tmp_path, 'hub = "http://file"\nname = "file"\nmicrophone = "file mic"\n')
    monkeypatch.setenv("PARVIS_UNIT_NAME", "environment")
    monkeypatch.setenv("PARVIS_UNIT_HUB", "http://environment")
    config = load(file, {"hub": "http://flag"})
    assert (config.hub, config.name, config.microphone) == (
        "http://flag",
        "environment",
        "file mic",
    )


def test_defaults() -> None:
    config = load(None, HUB)
    assert (config.microphone, config.button, config.loop) == ("default", ButtonKind.GPIO, False)
    assert config.light_kind is LightKind.GPIO
    assert config.name and not config.always_open


def test_the_light_follows_the_button_unless_told() -> None:
    assert load(None, {**HUB, "button": "keyboard"}).light_kind is LightKind.TERMINAL
    assert load(None, {**HUB, "button": "none"}).always_open
    assert load(None, {**HUB, "button": "none", "light": "none"}).light_kind is LightKind.NONE


@pytest.mark.parametrize(
    ("key", "value"), [("output", "assistive"), ("play_delay_ms", 40), ("duplex", "half")]
)
def test_what_says_something_of_a_loudspeaker_needs_one(
    key: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = f"--{key.replace('_', '-')} is for a loudspeaker"
    assert flag in complaint(None, {**HUB, key: value})
    assert flag in complaint(None, {**HUB, key: value, "loudspeaker": "none"})
    text = f'"{value}"' if isinstance(value, str) else value
    assert flag in complaint(toml(tmp_path, f"{key} = {text}\n"), HUB)
    monkeypatch.setenv(f"PARVIS_UNIT_{key.upper()}", str(value))
    assert flag in complaint(None, HUB)
    assert load(None, {**HUB, "loudspeaker": "default"}).plays


def complaint(path: Path | None, flags: Mapping[str, object]) -> str:
    with pytest.raises(UsageError) as caught:
        load(path, flags)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--hub-fallback goes with --hub auto" in complaint(None, {**HUB, "hub_fallback": "x"})
    assert "no such file" in complaint(tmp_path / "nope.toml", HUB)
    assert "no TOML" in complaint(toml(tmp_path, "hub = "), {})
    unknown = complaint(toml(tmp_path, "colour = 'red'"), HUB)
    assert "unknown key 'colour'" in unknown and "microphone" in unknown
    assert "button = 'foot'" in complaint(toml(tmp_path, "button = 'foot'"), HUB)
    assert "name = " in complaint(None, {**HUB, "name": "x" * 41})
    binary = tmp_path / "unit.toml"
    binary.write_bytes(b"\xff\xfe")
    assert "no TOML" in complaint(binary, HUB)
    monkeypatch.setenv("PARVIS_UNIT_COLOUR", "red")
    assert "PARVIS_UNIT_COLOUR" in complaint(None, HUB)


def test_every_field_is_explained() -> None:
    for name, field in UnitConfig.model_fields.items():
        assert field.description, name
