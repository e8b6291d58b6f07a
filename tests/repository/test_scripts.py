"""The scripts' own promises: clear lines when a machine lacks something, and safe shell habits.

`scripts/setup` runs here in a copied checkout on a PATH of stand-ins: it sees the machine it is
told to see.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PROMISED = {"setup", "demo", "test", "check", "build", "bench", "hardware"}
SHELL_SCRIPTS = [
    path for path in (REPOSITORY / "scripts").iterdir() if path.is_file() and not path.suffix
]
# The plain programs that setup calls; everything else on the machine is out of its sight.
PLAIN_PROGRAMS = (
    "bash",
    "cat",
    "dirname",
    "env",
    "flock",
    "grep",
    "mktemp",
    "rm",
    "sed",
    "sha256sum",
    "true",
)
LIBRARIES_PRESENT = "echo 'libopus.so.0 libportaudio.so.2'"


class Machine:
    """A machine with a checkout and only the programs it is given."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.programs = folder / "programs"
        self.programs.mkdir()
        (self.checkout / "scripts").mkdir(parents=True)
        for name in ("scripts/setup", "pyproject.toml", "constraints.txt"):
            shutil.copy(REPOSITORY / name, self.checkout / name)
        for name in PLAIN_PROGRAMS:
            found = shutil.which(name)
            assert found, f"this machine has no {name}"
            (self.programs / name).symlink_to(found)
        self.has("id", "echo 1000")
        self.has("ldconfig", "true")

    def has(self, program: str, script: str) -> None:
        """Give the machine a program that does what `script` says."""
        path = self.programs / program
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def setup(self, profile: str) -> subprocess.CompletedProcess[str]:
        """Run scripts/setup there."""
        return subprocess.run(
            [self.checkout / "scripts/setup", profile],
            env={"PATH": str(self.programs)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_missing_packages_without_root_give_the_one_line_to_run(machine: Machine) -> None:
    machine.has("apt-get", "exit 1")
    done = machine.setup("run")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.endswith(
        "sudo apt-get update && sudo apt-get install --no-install-recommends libopus0 libportaudio2"
    )


def test_a_sudo_that_asks_for_a_password_is_not_used(machine: Machine) -> None:
    machine.has("apt-get", "exit 1")
    machine.has("sudo", "exit 1")
    assert "run this, then start again" in machine.setup("run").stderr


def test_a_sudo_without_password_installs(machine: Machine) -> None:
    machine.has("apt-get", 'echo "$@" >> "$0.said"')
    machine.has("sudo", 'shift; exec "$@"')
    machine.setup("run")
    said = (machine.programs / "apt-get.said").read_text().splitlines()
    assert said[0].endswith("update")
    assert said[1].endswith("libopus0 libportaudio2")
    assert "--no-remove" in said[1] and "--no-install-recommends" in said[1]


def test_a_failing_apt_shows_its_own_words(machine: Machine) -> None:
    machine.has("apt-get", "echo 'E: no space left' >&2; exit 100")
    machine.has("sudo", 'shift; exec "$@"')
    done = machine.setup("run")
    assert done.returncode == 1
    assert "E: no space left" in done.stderr
    assert "setup: failed: Debian packages" in done.stderr


def test_a_system_without_apt_is_told_what_is_missing(machine: Machine) -> None:
    done = machine.setup("run")
    assert done.returncode == 1
    assert "no apt" in done.stderr and "libopus0 libportaudio2" in done.stderr


@pytest.mark.parametrize(("profile", "package"), [("janus", "janus"), ("mumble", "mumble-server")])
def test_a_server_to_compare_with_is_installed_alone(
    machine: Machine, profile: str, package: str
) -> None:
    machine.has("apt-get", 'echo "$@" >> "$0.said"')
    machine.has("sudo", 'shift; exec "$@"')
    machine.has("systemctl", "true")
    done = machine.setup(profile)
    if Path("/usr/share/doc/mumble-server").exists() and profile == "mumble":
        assert (done.returncode, done.stdout) == (0, ""), "it is there: nothing to do"
        return
    assert done.returncode == 0, done.stderr
    said = (machine.programs / "apt-get.said").read_text().splitlines()
    assert said[1].endswith(f" {package}")


def test_an_old_python_gives_a_clear_line(machine: Machine) -> None:
    machine.has("ldconfig", LIBRARIES_PRESENT)
    machine.has("python3", 'test "$1" = --version && echo Python 3.10.12')
    done = machine.setup("run")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "needs Python 3.11 or newer" in line and "Python 3.10.12" in line


def test_an_unknown_profile_gives_a_clear_line(machine: Machine) -> None:
    done = machine.setup("everything")
    assert done.returncode == 1
    known = "'run', 'test', 'firmware', 'hardware', 'janus', 'mumble', 'testssl' or 'fanout'"
    assert done.stderr == f"setup: unknown profile 'everything': say {known}\n"


@pytest.mark.parametrize(
    "path", [*SHELL_SCRIPTS, REPOSITORY / ".ci/run"], ids=lambda path: path.name
)
def test_a_script_is_executable_and_stops_at_errors(path: Path) -> None:
    assert os.access(path, os.X_OK)
    assert "set -euo pipefail" in path.read_text()


def test_the_promised_scripts_are_there() -> None:
    assert {path.name for path in SHELL_SCRIPTS} >= PROMISED


class Proof:
    """`scripts/test` in a checkout of its own, where pytest and npm note how they are called."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder
        for name in ("scripts", ".venv/bin", "server/web", "tests"):
            (folder / name).mkdir(parents=True)
        (folder / "tests/test_plain.py").write_text("")
        (folder / "tests/test_sound.py").write_text("pytestmark = pytest.mark.system\n")
        shutil.copy(REPOSITORY / "scripts/test", folder / "scripts/test")
        self.program("scripts/setup", "true")
        self.program(".venv/bin/npm", "true")
        self.program(".venv/bin/pytest", 'printf "%s|" "$@" >> calls; echo >> calls')

    def program(self, path: str, script: str) -> None:
        (self.checkout / path).write_text(f"#!/bin/sh\n{script}\n")
        (self.checkout / path).chmod(0o755)

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code and the last line."""
        done = subprocess.run(
            [self.checkout / "scripts/test", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()[-1]

    @property
    def calls(self) -> list[list[str]]:
        """What pytest was asked to prove, each time."""
        lines = (self.checkout / "calls").read_text().splitlines()
        asked = [line.rstrip("|").split("|") for line in lines]
        return [arguments for arguments in asked if "--collect-only" not in arguments]


@pytest.fixture
def proof(tmp_path: Path) -> Proof:
    return Proof(tmp_path)


def test_each_proof_is_in_exactly_one_of_three_passes(proof: Proof) -> None:
    assert proof.run() == (0, "scripts/test: all passed")
    [beside, patient, alone] = proof.calls
    assert beside[0] == patient[0] == alone[0] == "-m"
    rest = f"not ({beside[1]})"
    assert (patient[1], alone[1]) == (f"{rest} and patient", f"{rest} and not patient")
    assert beside[2] == "-n", "on every core"
    assert patient[2:4] == ["-n", "2"]
    assert "-n" not in alone
    files = [[one for one in asked if one.endswith(".py")] for asked in proof.calls]
    assert files == [[], ["tests/test_sound.py"], ["tests/test_sound.py"]], "who else has no mark"


def test_byte_code_is_made_once_before_workers_need_it(proof: Proof) -> None:
    proof.program(
        ".venv/bin/pytest", 'echo "$1 ${PYTHONDONTWRITEBYTECODE-kept}" >> "$PWD/order"; sleep 0.1'
    )
    done = subprocess.run(
        [proof.checkout / "scripts/test"],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=True,
    )
    assert done.returncode == 0
    order = (proof.checkout / "order").read_text().splitlines()
    assert order == ["--collect-only kept", "-m kept", "-m kept", "-m kept"]


def test_it_says_how_long_each_part_took(proof: Proof) -> None:
    done = subprocess.run(
        [proof.checkout / "scripts/test"], capture_output=True, text=True, check=True
    )
    told = re.findall(r"^scripts/test: +\d+:\d\d  (.*)$", done.stdout, re.MULTILINE)
    assert told[:2] == ["setup", "the page's tests"]
    assert told[-2:] == ["alone", "in all"]


@pytest.mark.parametrize("failing", ["worksteal", "and patient", "not patient"])
def test_all_passes_run_when_one_fails(proof: Proof, failing: str) -> None:
    note = 'printf "%s|" "$@" >> calls; echo >> calls'
    proof.program(".venv/bin/pytest", f'{note}; case "$*" in *"{failing}"*) exit 1;; esac')
    code, said = proof.run()
    assert code == 1
    assert said.startswith("scripts/test: FAILED: ")
    assert len(proof.calls) == 3


def test_a_failing_page_does_not_stop_pythons_tests(proof: Proof) -> None:
    proof.program(".venv/bin/npm", "exit 1")
    code, said = proof.run()
    assert code == 1
    assert said == "scripts/test: FAILED: the page's tests"
    assert len(proof.calls) == 3


def test_a_part_runs_as_it_is_asked(proof: Proof) -> None:
    assert proof.run("tests/wire", "-k", "packet")[0] == 0
    assert proof.calls == [["tests/wire", "-k", "packet"]]
