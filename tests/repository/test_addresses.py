"""No file names a package registry's host or one machine's path; no lock file holds an address.

Where packages come from is each machine's own setting; a file that names it breaks behind every
mirror.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Each name is written in two parts so that this file passes its own test.
REGISTRY_HOSTS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "yarnpkg" + ".com",
    "deb.debian" + ".org",
    "security.debian" + ".org",
    "archive.ubuntu" + ".com",
    "archive.raspberrypi" + ".com",
)
# A home folder, or this checkout's own place: true on one machine only.
MACHINE_PATHS = (r"/home/[a-z]\w*/", r"/Users/\w+/", re.escape(str(REPOSITORY)) + r"\b")
LOCK_NAMES = ("package-lock.json", "constraints.txt")
ADDRESS = re.compile(r"\b(?:https?|git|file|ssh)(?:\+\w+)?://")


def tracked_files() -> list[Path]:
    """Every file that git knows, or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = [REPOSITORY / name for name in listing.split("\0") if name]
    return [path for path in paths if path.is_file()]


def registry_hosts(text: str) -> list[str]:
    """The registry hosts that `text` names."""
    return [host for host in REGISTRY_HOSTS if host in text]


def machine_paths(text: str) -> list[str]:
    """The paths in `text` that exist on one machine only."""
    return [found.group() for pattern in MACHINE_PATHS for found in re.finditer(pattern, text)]


def lock_addresses(name: str, text: str) -> list[str]:
    """What a lock file says about where a package comes from (a funding link is not that)."""
    if name.endswith(".json"):
        return [said for said in strings_outside_funding(json.loads(text)) if ADDRESS.search(said)]
    return [line for line in text.splitlines() if ADDRESS.search(line)]


def strings_outside_funding(value: object) -> Iterator[str]:
    """Every string in a JSON value, at any depth, except what lies under a key `funding`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_outside_funding(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "funding":
                yield from strings_outside_funding(item)


def readable(path: Path) -> str:
    """The text of a file; a picture's or a sound's bytes stand for themselves."""
    return path.read_bytes().decode("utf-8", errors="replace")


def test_no_file_names_a_registry_host() -> None:
    named = {str(path): registry_hosts(readable(path)) for path in tracked_files()}
    assert {path: hosts for path, hosts in named.items() if hosts} == {}


def test_no_file_names_a_path_of_a_machine() -> None:
    named = {str(path): machine_paths(readable(path)) for path in tracked_files()}
    assert {path: paths for path, paths in named.items() if paths} == {}


def test_lock_files_hold_no_address() -> None:
    locks = [path for path in tracked_files() if path.name in LOCK_NAMES]
    assert {path.name for path in locks} == set(LOCK_NAMES)
    named = {str(path): lock_addresses(path.name, readable(path)) for path in locks}
    assert {path: lines for path, lines in named.items() if lines} == {}


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_a_registry_host_is_seen(host: str) -> None:
    assert registry_hosts(f'index-url = "https://{host}/simple"') == [host]


def test_a_machine_path_is_seen() -> None:
    assert machine_paths("see " + "/home" + "/alice/parvis/README.md")
    assert machine_paths(f"cd {REPOSITORY} && make")
    assert machine_paths("/run/user/1000 and /usr/lib/python3") == []


@pytest.mark.parametrize(
    "line",
    [
        "numpy @ https://example.org/numpy.whl",
        "opuslib @ git+https://example.org/opuslib",
        "numpy @ file:///opt/wheels/numpy.whl",
    ],
)
def test_an_address_in_the_constraints_is_seen(line: str) -> None:
    assert lock_addresses("constraints.txt", f"numpy==2.0\n{line}\n") == [line]


def test_an_address_in_the_page_lock_is_seen() -> None:
    address = "https://registry.example/vite/-/vite-8.0.0.tgz"
    lock = {"packages": {"node_modules/vite": {"version": "8.0.0", "resolved": address}}}
    assert lock_addresses("package-lock.json", json.dumps(lock)) == [address]


def test_a_funding_link_is_no_address_of_a_package() -> None:
    lock = {
        "packages": {"node_modules/vite": {"funding": [{"url": "https://example.org/sponsor"}]}}
    }
    assert lock_addresses("package-lock.json", json.dumps(lock)) == []
