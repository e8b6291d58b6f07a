"""``parvis-unit selftest`` as a person or a service starts it: a real process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from parvis_device.config import UnitConfig
from parvis_device.errors import UnitError, UsageError
from parvis_device.identity import held
from parvis_device.selftest import command
from parvis_device.selftest.command import examine, settings_of, why_silent
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Language
from parvis_device.sound_cards import Side, SoundCard

COMMAND = [sys.executable, "-c", "from parvis_device.cli import main; main()", "selftest"]
NOBODY = "http://127.0.0.1:1"


def selftest(*arguments: str, state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--hub", NOBODY, "--state", str(state), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "GPIOZERO_PIN_FACTORY": "mock", "COLUMNS": "100", **environment},
    )


@pytest.fixture
def room(tmp_path: Path) -> str:
    path = tmp_path / "room.wav"
    noise = np.random.default_rng(1).standard_normal(48_000 * 3) * 10 ** (-70 / 20)
    soundfile.write(path, noise, 48_000, subtype="FLOAT")
    return f"file:{path}"


def test_a_service_gets_a_verdict_for_every_check(tmp_path: Path, room: str) -> None:
    done = selftest(
        *("--unattended", "--seconds", "1", "--json", "--light", "gpio", "--microphone", room),
        state=tmp_path / "state",
    )
    told = json.loads(done.stdout)
    verdicts = {one["check"]: one["verdict"] for one in told["checks"]}
    assert list(verdicts) == [
        *("button", "light", "microphone", "capture", "clock", "mute", "power", "disk", "network")
    ]
    assert [verdicts[name] for name in ("button", "light", "microphone", "mute")] == [
        "not_asked"
    ] * 4
    assert verdicts["network"] == "bad" and done.returncode == 1
    assert (told["passed"], told["complete"]) == (False, False)
    assert not (tmp_path / "state").exists(), "a test leaves nothing behind"
    assert "Traceback" not in done.stderr


def test_a_person_reads_the_table_in_their_language(tmp_path: Path, room: str) -> None:
    done = selftest(
        *("--unattended", "--seconds", "1", "--light", "none", "--button", "none"),
        *("--microphone", room),
        state=tmp_path / "state",
        LANG="fr_FR.UTF-8",
        LC_ALL="",
        LC_MESSAGES="",
    )
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert lines[0][:2] == ["–", "bouton"] and "aucun," in lines[0]
    assert lines[-2][:2] == ["✗", "réseau"]
    assert done.stdout.splitlines()[-1] == "1 vérification sur 9 a échoué."


async def test_where_nobody_can_answer_it_says_how(
    tmp_path: Path, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(None, {"state": tmp_path, "microphone": room})
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="add --unattended"):
        await examine(settings, Language.EN, unattended=False, seconds=1, quiet=True)


async def test_a_unit_that_runs_is_left_alone(tmp_path: Path, room: str) -> None:
    settings = settings_of(None, {"state": tmp_path, "microphone": room})
    with held(tmp_path), pytest.raises(UsageError, match="sudo systemctl stop parvis-unit"):
        await examine(settings, Language.EN, unattended=True, seconds=1, quiet=True)


@pytest.mark.parametrize(("says", "runs"), [("active", True), ("inactive", False), ("", False)])
async def test_a_service_that_runs_is_told_by_systemd(
    says: str, runs: bool, tmp_path: Path, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "systemctl"
    tool.write_text(f"#!/bin/sh\necho {says}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("sys.stdin", None)
    settings = settings_of(None, {"state": tmp_path / "state", "microphone": room})
    words = "the unit runs" if runs else "nobody can answer here"
    with pytest.raises(UsageError, match=words):
        await examine(settings, Language.EN, unattended=False, seconds=1, quiet=True)


def test_the_installed_settings_are_the_usual_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "unit.toml"
    installed.write_text('microphone = "unit_mic"\n')
    monkeypatch.setattr(command, "USUAL_SETTINGS", installed)
    monkeypatch.setattr(command, "USUAL_STATE", tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert settings_of(None, {}).microphone == "unit_mic"
    assert settings_of(None, {"microphone": "USB"}).microphone == "USB"
    assert settings_of(None, {}).state == tmp_path
    assert settings_of(installed, {}).state is None, "another file, another unit"
    with pytest.raises(UsageError, match="no such file"):
        settings_of(tmp_path / "nope.toml", {})


async def test_a_test_that_hangs_is_given_up_in_one_line() -> None:
    with pytest.raises(UnitError, match="did not end within 0 s, and was given up"):
        await command.within(0.0, asyncio.Event().wait())
    assert await command.within(None, asyncio.sleep(0, "done")) == "done"


CARD = SoundCard(index=3, name="USB table", channels=1, rate_hz=48_000)


@pytest.mark.parametrize(
    ("cards", "says"),
    [
        ((), Says.MICROPHONE_UNPLUGGED),
        ((CARD,), Says.MICROPHONE_UNKNOWN),
        ((SoundCard(1, "unit_mic", 1, 48_000),), Says.MICROPHONE_FAILED),
    ],
)
def test_a_silent_microphone_is_told_from_none(
    cards: tuple[SoundCard, ...], says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis_device.sound_cards.cards", {Side.MICROPHONE: cards}.__getitem__)
    wanted = UnitConfig(microphone="unit_mic").microphone
    assert why_silent(wanted, None, None).says is says
