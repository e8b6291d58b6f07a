"""The checks of this checkout: reads the files, asks the pure rules and the tools of the system."""

import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_firmware import agreement, cloud_init, unit_files
from parvis_firmware.agreement import Tree
from parvis_firmware.manifest import Manifest, parse
from parvis_firmware.places import CHECKOUT, CONFIG_TXT, FIRMWARE, MANIFEST, PINS, ROOTFS, SERVICES

MOST_EXPOSURE: Final = 3.0
"""What ``systemd-analyze security`` may give a service."""
TOOL_TIMEOUT_S: Final = 60
CARD: Final = "unitmic"
UDEV_RULES: Final = "etc/udev/rules.d/85-parvis-unit.rules"
ALSA_OWN: Final = "/usr/share/alsa/alsa.conf"
"""What ALSA reads before a system's asound.conf."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is checked."""

    manifest: Manifest
    tree: Tree
    rootfs: Path

    @classmethod
    def read(cls, manifest_file: Path = MANIFEST, rootfs: Path = ROOTFS) -> "Sources":
        """Of the checkout; raises ``SourceError``."""
        return cls(read_manifest(manifest_file), tree_of(rootfs), rootfs)


def read_manifest(path: Path = MANIFEST) -> Manifest:
    """Of the checkout; raises ``SourceError``."""
    return parse(path.read_text(encoding="utf-8"))


def tree_of(rootfs: Path) -> Tree:
    """The overlay below ``rootfs``."""
    files = sorted(path for path in rootfs.rglob("*") if path.is_file())
    units = {
        path.name: unit_files.parse(path.name, path.read_text(encoding="utf-8"))
        for path in files
        if path.parent == rootfs / SERVICES
    }
    return Tree(tuple(str(path.relative_to(rootfs)) for path in files), units)


class Missing(Exception):
    """A tool of the system is not there: the check is left out, and that is said."""


def exposure(sources: Sources) -> Iterator[str]:
    """How much each service could do to the machine, as systemd counts it."""
    for name in sorted(name for name in sources.tree.units if name.endswith(".service")):
        path = sources.rootfs / SERVICES / name
        said = _run("systemd-analyze", "security", "--offline=yes", "--no-pager", str(path))
        figure = _exposure(said.stdout)
        if figure is None:
            yield f"systemd-analyze security says nothing of {name}: {said.stderr.strip()}"
        elif figure > MOST_EXPOSURE:
            yield f"{name} is exposed by {figure}: at most {MOST_EXPOSURE}"


def _exposure(told: str) -> float | None:
    line = next((line for line in told.splitlines() if "Overall exposure level" in line), "")
    words = line.partition(".service: ")[2].split()
    return float(words[0]) if words else None


def verify(sources: Sources) -> Iterator[str]:
    """What systemd itself says of the files, laid over a root in which the program is there."""
    _tool("systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(sources.rootfs, root, dirs_exist_ok=True)
        _stand_ins(root, sources.tree)
        names = [
            name for name in sorted(sources.tree.units) if name.endswith((".service", ".timer"))
        ]
        said = _run("systemd-analyze", "verify", "--man=no", f"--root={root}", *names)
        lines = (line.replace(str(root), "") for line in said.stderr.splitlines())
        yield from (line for line in lines if any(name in line for name in names))


def _stand_ins(root: Path, tree: Tree) -> None:
    """The programs that the services start, and the targets that systemd brings."""
    for unit in tree.units.values():
        for key in ("ExecStart", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost"):
            for command in unit.all("Service", key):
                program = root / command.lstrip("-@:+!").split()[0].lstrip("/")
                program.parent.mkdir(parents=True, exist_ok=True)
                program.write_text("#!/bin/sh\n")
                program.chmod(0o755)
    for system in (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system")):
        if system.is_dir():
            target = root / "usr/lib/systemd/system"
            shutil.copytree(system, target, dirs_exist_ok=True, symlinks=True)
            break


def names_the_microphone(sources: Sources) -> Iterator[str]:
    """ALSA reads asound.conf, and its name for the microphone leads to the card that udev names."""
    ours = sources.rootfs / "etc/asound.conf"
    config = f"{ALSA_OWN}:{ours}"
    said = _run("arecord", "-q", "-D", "unit_mic", "-s", "1", "/dev/null", ALSA_CONFIG_PATH=config)
    found = said.returncode == 0 or f"card index for {CARD}" in said.stderr
    if not found:  # a machine without that card says so, which is as good
        yield f"ALSA finds no unit_mic in etc/asound.conf: {said.stderr.strip()}"
    if f'ATTR{{id}}="{CARD}"' not in (sources.rootfs / UDEV_RULES).read_text(encoding="utf-8"):
        yield f"{UDEV_RULES} names no card {CARD}, which etc/asound.conf opens"


def shell(sources: Sources) -> Iterator[str]:
    """shellcheck reads every script of the folder, and those that are made for cards."""
    with tempfile.TemporaryDirectory() as made:
        for role, text in cloud_init.scripts(sources.manifest):
            (Path(made) / f"first-start.{role}.sh").write_text(text, encoding="utf-8")
        scripts = [path for path in sorted(FIRMWARE.rglob("*")) if _is_shell(path)]
        scripts += sorted(Path(made).iterdir())
        said = _run("shellcheck", "--format=gcc", *map(str, scripts))
        yield from said.stdout.splitlines()


def _is_shell(path: Path) -> bool:
    if not path.is_file() or path.suffix in {".py", ".md", ".toml", ".png", ".gz", ".in"}:
        return False
    with path.open("rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and b"sh" in first and b"python" not in first


def pins_agree(sources: Sources) -> Iterator[str]:
    """See ``agreement.pins``."""
    pins_toml = tomllib.loads(PINS.read_text(encoding="utf-8"))
    return agreement.pins(sources.manifest, sources.tree, pins_toml)


def fragments_agree(sources: Sources) -> Iterator[str]:
    """See ``agreement.fragments``."""
    there = {path.name: path.read_text(encoding="utf-8") for path in CONFIG_TXT.iterdir()}
    return agreement.fragments(sources.manifest, there)


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the sources."""

    name: str
    what: str
    differences: Callable[[Sources], Iterator[str]]


CHECKS: Final = (
    Check(
        "overlay",
        "manifest.toml and rootfs/ name the same files",
        lambda of: agreement.overlay(of.manifest, of.tree),
    ),
    Check(
        "services",
        "manifest.toml and the service files agree",
        lambda of: agreement.services(of.manifest, of.tree),
    ),
    Check(
        "endurance",
        "what must not end is watched and starts again",
        lambda of: agreement.endurance(of.tree),
    ),
    Check("pins", "the services and front-ends agree with hardware/pins.toml", pins_agree),
    Check("fragments", "manifest.toml and boot/config.txt.d agree", fragments_agree),
    Check(
        "cloud-init",
        "the templates are what cloud-init reads",
        lambda of: cloud_init.faults(of.manifest),
    ),
    Check("verify", "systemd reads the services", verify),
    Check("exposure", f"systemd-analyze security gives at most {MOST_EXPOSURE}", exposure),
    Check("microphone", "ALSA reads asound.conf", names_the_microphone),
    Check("shell", "shellcheck reads the scripts", shell),
)


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Missing(name)
    return path


def _run(tool: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_tool(tool), *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **environment},
        timeout=TOOL_TIMEOUT_S,
        check=False,
    )
