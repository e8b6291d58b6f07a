"""The command ``parvis-unit`` as a person meets it: a real process, mistakes in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from parvis_device.identity import held, open_identity
from parvis_wire.identity import from_text, spelled

COMMAND = [sys.executable, "-c", "from parvis_device.cli import main; main()"]
LOOPBACK = "http://127.0.0.1:1"


def unit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def test_help_has_examples() -> None:
    for arguments in (["--help"], ["run", "--help"], ["devices", "--help"]):
        done = unit(*arguments)
        assert done.returncode == 0
        assert "parvis-unit" in done.stdout and "xample" in done.stdout
    assert "PARVIS_UNIT_MICROPHONE" in unit("run", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["run", "--hub", LOOPBACK, "--hub-fallback", LOOPBACK],
            2,
            "--hub-fallback goes with --hub auto",
        ),
        (["run", "--hub-fallback", "nonsense"], 2, "is no hub address"),
        (["forget"], 2, "add --yes"),
        (["run", "--nope"], 2, "No such option"),
        (["run", "--button", "foot"], 2, "not one of"),
        (["run", "--hub", "nonsense"], 2, "is no hub address"),
        (["run", "--hub", LOOPBACK, "--microphone", "file:/nope.wav"], 2, "no such file"),
        (["run", "--hub", LOOPBACK, "--loop"], 2, "--loop is for a sound file"),
        (["run", "--hub", LOOPBACK, "--microphone", ""], 2, "--microphone ''"),
        (
            ["run", "--hub", LOOPBACK, "--output", "line"],
            2,
            "--output is for a loudspeaker: add --loudspeaker default",
        ),
        (
            ["run", "--hub", LOOPBACK, "--play-delay-ms", "80"],
            2,
            "--play-delay-ms is for a loudspeaker: add --loudspeaker default",
        ),
        (["run", "--config", "/nope.toml"], 2, "no such file"),
        (["devices", "--json"], 2, "add --seconds"),
        (["frobnicate"], 2, "No such command"),
        (
            ["run", "--hub", LOOPBACK, "--microphone", "nonsense", "--button", "none"],
            1,
            "there is no microphone 'nonsense'",
        ),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], code: int, words: str) -> None:
    done = unit(*arguments)
    told = [line for line in done.stderr.splitlines() if line.startswith("parvis-unit: ")]
    assert done.returncode == code
    assert len(told) == 1 and words in told[0]
    assert "Traceback" not in done.stderr


def test_a_key_device_needs_the_keyboard(tmp_path: Path) -> None:
    sound = tmp_path / "s.wav"
    soundfile.write(sound, [0.0] * 480, 48_000)
    done = unit(
        "run",
        "--hub",
        LOOPBACK,
        "--microphone",
        f"file:{sound}",
        "--key-device",
        "/dev/null",
        "--light",
        "none",
        GPIOZERO_PIN_FACTORY="mock",
    )
    assert done.returncode == 2 and "--button keyboard" in done.stderr


def test_a_file_that_ends_ends_the_unit_well(tmp_path: Path) -> None:
    sound = tmp_path / "s.wav"
    soundfile.write(sound, [0.0] * 4800, 48_000)
    done = unit(
        "run",
        "--hub",
        LOOPBACK,
        "--microphone",
        f"file:{sound}",
        "--button",
        "none",
        "--log-format",
        "json",
    )
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "light: connecting"
    messages = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert messages[-1] == "the sound file is over"


def test_the_unit_imports_neither_scipy_nor_the_hub() -> None:
    script = (
        "import sys, parvis_device.app, parvis_device.microphones.portaudio,"
        "parvis_device.microphones.file, parvis_device.buttons.keyboard;"
        "print(sorted({'scipy', 'fastapi', 'uvicorn', 'parvis_server'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_without_pins_the_button_to_use_is_named(tmp_path: Path) -> None:
    sound = tmp_path / "talk.wav"
    soundfile.write(sound, [0.0] * 480, 48_000)
    done = unit(
        *("run", "--hub", LOOPBACK, "--microphone", f"file:{sound}"), GPIOZERO_PIN_FACTORY="none"
    )
    assert done.returncode == 1
    assert "use --button keyboard" in done.stderr
    assert "Traceback" not in done.stderr


def test_who_the_unit_is_and_whose(tmp_path: Path) -> None:
    file = tmp_path / "parvis.toml"
    file.write_text('setup_code = "K7MQ-2HXD"\n')
    state = tmp_path / "state"
    first = unit("identity", "--state", str(state))
    assert first.returncode == 0
    assert "setup code: none" in first.stdout and "site:       none" in first.stdout
    known = unit("identity", "--state", str(state), "--config", str(file), "--json")
    facts = json.loads(known.stdout)
    assert spelled(facts["unit"]) in first.stdout
    assert (facts["has_code"], facts["site"]) == (True, None) and len(facts["key"]) == 43
    assert "K7MQ" not in known.stdout + known.stderr
    open_identity(state).belong_to(from_text(facts["key"], 32))  # any key will do
    assert f"site:       {spelled(facts['unit'])}" in unit("identity", "--state", str(state)).stdout
    assert unit("forget", "--state", str(state)).returncode == 2, "nobody can answer"
    with held(state):
        done = unit("forget", "--state", str(state), "--yes")
    assert done.returncode == 0 and "when it is started again" in done.stdout
    assert "nothing to forget" in unit("forget", "--state", str(state), "--yes").stdout
    assert unit("forget", "--state", str(state), "--yes", "--new-key").returncode == 0
    later = json.loads(unit("identity", "--state", str(state), "--json").stdout)
    assert later["unit"] != facts["unit"]


def test_a_damaged_key_ends_the_unit_with_one_line(tmp_path: Path) -> None:
    sound = tmp_path / "s.wav"
    soundfile.write(sound, [0.0] * 480, 48_000)
    (tmp_path / "unit.key").write_text("nonsense")
    arguments = ("--hub", LOOPBACK, "--microphone", f"file:{sound}", "--button", "none")
    done = unit("run", *arguments, "--state", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("parvis-unit: ")
    assert "unit.key is damaged" in done.stderr and "Traceback" not in done.stderr
