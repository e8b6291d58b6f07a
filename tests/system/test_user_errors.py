"""What people do wrong with each command: one clear line, the right exit code, no traceback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.processes import command, free_port

pytestmark = [pytest.mark.system, pytest.mark.beside]

USAGE, RUN_TIME = 2, 1
LIMIT_S = 40

ERROR_LINE = re.compile(r"(parvis|parvis-unit|Error): ")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is typed (a field in braces is filled in by the test), and what must be said."""

    typed: str
    code: int
    says: str
    """A pattern that the line must match."""

    def __str__(self) -> str:
        return self.typed


MISTAKES = (
    # parvis hub
    Mistake("parvis hub --port {taken_port}", RUN_TIME, r"{taken_port}"),
    Mistake("parvis hub --port 70000", USAGE, r"--port.*65535"),
    Mistake("parvis hub --data {file} --port 0", RUN_TIME, r"not-a-folder"),
    Mistake("parvis hub --config {unknown_key} --port 0", USAGE, r"colour"),
    Mistake("parvis hub --config {missing} --port 0", USAGE, r"nothing-here"),
    Mistake("parvis hub --config {noise} --port 0", USAGE, r"TOML"),
    Mistake("parvis hub --host 192.0.2.200 --port 0", USAGE, r"192\.0\.2\.200"),
    Mistake("parvis hub --log-format xml --port 0", USAGE, r"xml"),
    Mistake("parvis hub --nonsense", USAGE, r"--nonsense"),
    Mistake("parvis hub --port 0 --tls-port {taken_port}", RUN_TIME, r"--tls-port \d+"),
    Mistake("parvis hub --port 0 --tls-port many", USAGE, r"tls_port"),
    Mistake("parvis hub --port 0 --certificate {noise}", USAGE, r"without key"),
    Mistake("parvis hub --port 0 --certificate {noise} --key {noise}", USAGE, r"BEGIN CERTIFICATE"),
    # parvis listen
    Mistake("parvis listen nonsense --output {wav}", USAGE, r"nonsense"),
    Mistake("parvis listen ftp://localhost/r/main --output {wav}", USAGE, r"ftp"),
    Mistake(
        "parvis listen http://127.0.0.1:{free_port}/r/main --output {wav} --seconds 3",
        RUN_TIME,
        r"127\.0\.0\.1:{free_port}",
    ),
    Mistake(
        "parvis listen http://no-such-hub.invalid/r/main --output {wav} --seconds 3",
        RUN_TIME,
        r"no-such-hub\.invalid",
    ),
    Mistake("parvis listen http://127.0.0.1:{free_port}/r/main", USAGE, r"--output"),
    Mistake(
        "parvis listen http://127.0.0.1:{free_port}/r/main --output {folder}/no/x.wav",
        RUN_TIME,
        r"no/x\.wav",
    ),
    Mistake(
        "parvis listen http://127.0.0.1:{free_port}/r/main --output {full_disk}",
        RUN_TIME,
        r"disk is full",
    ),
    Mistake(
        "parvis listen http://127.0.0.1:{free_port}/r/main --output {folder}/x.mp3", USAGE, r"WAV"
    ),
    # parvis demo
    Mistake("parvis demo --port {taken_port}", RUN_TIME, r"{taken_port}"),
    Mistake("parvis demo --port many", USAGE, r"--port.*integer"),
    # parvis bench, parvis
    Mistake("parvis bench nonsense", USAGE, r"nonsense"),
    Mistake("parvis nonsense", USAGE, r"nonsense"),
    # parvis-unit
    Mistake("parvis-unit run --hub-fallback nonsense --button none", USAGE, r"nonsense"),
    Mistake("parvis-unit forget", USAGE, r"--yes"),
    Mistake(
        "{unit} --microphone none --loudspeaker file:{wav} --state {noise}", RUN_TIME, "--state"
    ),
    Mistake("parvis-unit run --hub nonsense --button none", USAGE, r"nonsense"),
    Mistake("parvis-unit run --hub ftp://x --button none", USAGE, r"ftp"),
    Mistake("{unit} --microphone file:{missing}", USAGE, r"nothing-here"),
    Mistake("{unit} --microphone file:{noise}", USAGE, r"noise\.wav"),
    Mistake("{unit} --microphone file:{empty}", USAGE, r"empty\.wav"),
    Mistake("{unit} --microphone file:{folder}", USAGE, r"folder"),
    Mistake("{unit} --microphone no-such-microphone", RUN_TIME, r"no-such-microphone"),
    Mistake("{unit} --microphone 999", RUN_TIME, r"999"),
    Mistake("{unit} --button pedal", USAGE, r"pedal"),
    Mistake("{unit} --config {unknown_key}", USAGE, r"colour"),
    Mistake("{unit} --config {missing}", USAGE, r"nothing-here"),
    Mistake("{unit} --loop --microphone default", USAGE, r"--loop"),
)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Everything that the table's braces name."""
    (tmp_path / "noise.wav").write_bytes(os.urandom(5000))
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "not-a-folder").write_bytes(b"")
    full_disk = tmp_path / "full.wav"
    full_disk.symlink_to("/dev/full")
    (tmp_path / "unknown.toml").write_text('colour = "red"\n')
    with socket.create_server(("0.0.0.0", 0)) as taken:
        yield {
            "taken_port": str(taken.getsockname()[1]),
            "free_port": str(free_port()),
            "file": str(tmp_path / "not-a-folder"),
            "missing": str(tmp_path / "nothing-here.toml"),
            "unknown_key": str(tmp_path / "unknown.toml"),
            "noise": str(tmp_path / "noise.wav"),
            "empty": str(tmp_path / "empty.wav"),
            "folder": str(tmp_path),
            "full_disk": str(full_disk),
            "wav": str(tmp_path / "heard.wav"),
            "unit": "parvis-unit run --hub http://127.0.0.1:9 --button none",
        }


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_gets_one_clear_line(
    mistake: Mistake, places: dict[str, str], tmp_path: Path
) -> None:
    told_in_one_line(mistake, places, tmp_path, {})


LINK = "http://127.0.0.1:9/r/main"
WITHOUT = (
    ("opus", Mistake("parvis hub --port 0 --data {folder}/d", RUN_TIME, "apt install libopus0")),
    ("opus", Mistake(f"parvis listen {LINK} --output {{wav}}", RUN_TIME, "apt install libopus0")),
    ("opus", Mistake("parvis demo --port {free_port}", RUN_TIME, "apt install libopus0")),
    ("opus", Mistake("{unit} --microphone file:{speech}", RUN_TIME, "apt install libopus0")),
    ("portaudio", Mistake("{unit} --microphone default", RUN_TIME, "apt install libportaudio2")),
    ("portaudio", Mistake("parvis-unit devices", RUN_TIME, "apt install libportaudio2")),
    ("portaudio", Mistake(f"parvis listen {LINK} --play", RUN_TIME, "libportaudio2")),
)
"""A library of the system that is not installed, and what then needs it."""


@pytest.mark.parametrize(("library", "mistake"), WITHOUT, ids=str)
def test_a_missing_library_is_told_with_what_to_install(
    library: str, mistake: Mistake, places: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import ctypes.util\n"
        "found = ctypes.util.find_library\n"
        f"ctypes.util.find_library = lambda name: None if name == {library!r} else found(name)\n"
    )
    soundfile.write(tmp_path / "speech.wav", np.zeros(48_000), 48_000)
    places["speech"] = str(tmp_path / "speech.wav")
    told_in_one_line(mistake, places, tmp_path, {"PYTHONPATH": str(tmp_path)})


def told_in_one_line(
    mistake: Mistake, places: dict[str, str], tmp_path: Path, environment: dict[str, str]
) -> None:
    typed = mistake.typed.format_map(places).format_map(places).split()
    done = subprocess.run(
        command(typed[0], *typed[1:]),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_S,
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "dumb"} | environment,
    )
    said = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == mistake.code, said
    assert "Traceback" not in done.stdout + done.stderr, said
    says = mistake.says.replace("{taken_port}", places["taken_port"])
    says = says.replace("{free_port}", places["free_port"])
    # Before the error, a program that waited may have said what it was doing.
    errors = [line for line in done.stderr.splitlines() if ERROR_LINE.match(line)]
    assert len(errors) == 1 and errors[0] == done.stderr.splitlines()[-1], said
    assert re.search(says, errors[0]), said
