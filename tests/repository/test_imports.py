"""Who may import whom: the walls between the packages, read from the source with `ast`.

Pure modules decide and adapters move bytes. A pure module that imports a socket, a clock, a thread
or a hardware library has stopped being pure, whatever its tests say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = {
    "parvis_device": REPOSITORY / "device/parvis_device",
    "parvis_wire": REPOSITORY / "server/parvis_wire",
    "parvis_audio": REPOSITORY / "server/parvis_audio",
    "parvis_server": REPOSITORY / "server/parvis_server",
    "parvis_hardware": REPOSITORY / "hardware/parvis_hardware",
    "parvis_firmware": REPOSITORY / "firmware/parvis_firmware",
}

# What a pure module may not import.
IMPURE = frozenset(
    {
        # sockets, clocks, threads, processes
        *("_thread", "asyncio", "concurrent", "multiprocessing", "queue", "sched", "select"),
        *(
            "selectors",
            "signal",
            "socket",
            "socketserver",
            "ssl",
            "subprocess",
            "threading",
            "time",
        ),
        # files and libraries of the system
        *("ctypes", "fcntl", "glob", "io", "os", "pathlib", "shutil", "sys", "tempfile"),
        # hardware and network libraries
        *("av", "fastapi", "gpiozero", "httpx", "lgpio", "opuslib", "prometheus_client", "psutil"),
        *("serial", "sounddevice", "soundfile", "starlette", "uvicorn", "websockets"),
    }
)

# Pure as a whole; the modules named are adapters, each with its reason.
PURE_PACKAGES: dict[str, dict[str, str]] = {
    "parvis_wire": {
        "schema": "the exporter's command line: writes the JSON Schema to a file",
    },
    "parvis_audio": {
        "libsamplerate": "the one adapter over libsamplerate: loads the library",
        "opus": "the one adapter over libopus: loads the library",
        "sound_file": "reads and writes sound files",
    },
}

# Inside the two programs: the modules and folders that decide.
PURE_MODULES = (
    *("parvis_device.button", "parvis_device.candidates", "parvis_device.capture"),
    *("parvis_device.converter_clock", "parvis_device.gate", "parvis_device.introduction"),
    *("parvis_device.light", "parvis_device.link_state", "parvis_device.mistakes"),
    *("parvis_device.buttons.keys", "parvis_device.pairing"),
    *("parvis_device.provisioning.boot_hold", "parvis_device.provisioning.machine"),
    "parvis_device.provisioning.networks",
    *("parvis_device.provisioning.nmcli", "parvis_device.provisioning.settings_text"),
    *("parvis_device.provisioning.page.http", "parvis_device.provisioning.page.view"),
    "parvis_device.provisioning.page.words",
    *("parvis_device.microphones.framing", "parvis_device.onsets", "parvis_device.packetizer"),
    *("parvis_device.player", "parvis_device.seat", "parvis_device.sender"),
    *("parvis_device.install.manifest", "parvis_device.install.plan"),
    *("parvis_device.install.receipt", "parvis_device.install.steps"),
    *("parvis_device.selftest.checks", "parvis_device.selftest.findings"),
    *("parvis_device.selftest.hearing", "parvis_device.selftest.judging"),
    *("parvis_device.selftest.says", "parvis_device.selftest.words"),
    *("parvis_device.talk", "parvis_device.timekeeper", "parvis_device.uplink"),
    *("parvis_device.update.judgement", "parvis_device.update.lifecycle"),
    *("parvis_device.update.planning", "parvis_device.update.record"),
    *("parvis_device.update.shown", "parvis_server.updates.quiet"),
    "parvis_server.bench.impairment.patterns",
    *("parvis_server.edge.crowd", "parvis_server.edge.hub_watch"),
    *("parvis_server.edge.room", "parvis_server.edge.sisters"),
    *("parvis_server.demo.melody", "parvis_server.demo.scenario", "parvis_server.demo.script"),
    *("parvis_server.engine.boundary", "parvis_server.engine.mix_engine"),
    *("parvis_server.engine.program", "parvis_server.engine.schedule"),
    *("parvis_server.engine.sources", "parvis_server.engine.tick_meter"),
    *("parvis_server.doctor.findings", "parvis_server.link.bus_rights"),
    *("parvis_server.link.link_end", "parvis_server.link.packets", "parvis_server.link.proof"),
    *("parvis_server.link.publish_address", "parvis_server.link.window"),
    *("parvis_server.media", "parvis_server.room"),
    *("parvis_server.net.admission", "parvis_server.net.credentials"),
    *("parvis_server.net.duplicates", "parvis_server.net.rate"),
    *("parvis_server.net.exchange", "parvis_server.net.house_rules", "parvis_server.net.proof"),
    *("parvis_server.net.numbering", "parvis_server.net.send_queue"),
    *("parvis_server.engine.tap", "parvis_server.record.disk", "parvis_server.record.effects"),
    *("parvis_server.record.messages", "parvis_server.record.ogg_opus"),
    *("parvis_server.record.ogg_page", "parvis_server.record.places"),
    *("parvis_server.record.recorder", "parvis_server.record.recording"),
    *("parvis_server.record.take", "parvis_server.record.track"),
    *("parvis_server.replay.bleed", "parvis_server.replay.bus", "parvis_server.replay.chapters"),
    *("parvis_server.replay.feed", "parvis_server.replay.index", "parvis_server.replay.placing"),
    *("parvis_server.replay.retention", "parvis_server.replay.waveform"),
    *("parvis_server.store.events", "parvis_server.store.words"),
    *("parvis_firmware.agreement", "parvis_firmware.partitions", "parvis_firmware.unit_files"),
    "parvis_server.trust",
)

# The adapters among them, each with its reason.
ADAPTERS_INSIDE: dict[str, str] = {
    "parvis_server.room.make_docs": "the tables' command line: writes a document to a file",
}

# package or folder -> what nothing in it may import, and why
FORBIDDEN: dict[str, dict[str, str]] = {
    "parvis_device": {
        "parvis_server": "the unit installs on a Pi without the hub",
        "parvis_hardware": "a tool of the checkout: it is not in the wheel",
        "parvis_firmware": "a tool of the checkout: it is not in the wheel",
        "scipy": "it would cost the unit 40 MB of memory",
        "fastapi": "the hub's; the unit installs without it",
    },
    "parvis_server": {
        "parvis_device": "the hub knows units by the contract only",
        "parvis_hardware": "a tool of the checkout: it is not in the wheel",
        "parvis_firmware": "a tool of the checkout: it is not in the wheel",
    },
    "parvis_wire": {
        "parvis_device": "the contract knows neither side",
        "parvis_server": "the contract knows neither side",
        "parvis_audio": "the contract carries sound, it does not make it",
    },
    "parvis_audio": {
        "parvis_device": "both sides use it, it uses neither",
        "parvis_server": "both sides use it, it uses neither",
        "scipy": "the unit imports parvis_audio",
    },
    "parvis_server.room": {"parvis_server.media": "audio never passes through the room"},
    "parvis_server.media": {"parvis_server.room": "policy never appears in the mix"},
}

OPUS_ADAPTER = "parvis_audio.opus"

SOUND_LIBRARIES = frozenset({OPUS_ADAPTER, "parvis_audio.libsamplerate"})
"""They load a library, but sound in gives sound out: a pure module may use them."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: the module that says it, what it imports (dotted), and the line."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def imports_of(module: str, source: str, is_package: bool = False) -> Iterator[Import]:
    """Every import in `source`, also those inside functions; relative ones are made absolute.

    `from a import b` gives `a.b`: whether b is a module or a name, `a.b` starts with `a`.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(module, name.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module.split(".") if node.module else [])]
            for name in node.names:
                yield Import(module, ".".join([*base, name.name]), node.lineno)


def within(name: str, module: str) -> bool:
    """Whether dotted `name` is `module` or lies in it."""
    return name == module or name.startswith(module + ".")


def is_pure(module: str) -> bool:
    """Whether the rules ask `module` to be pure."""
    package, _, inside = module.partition(".")
    if package in PURE_PACKAGES:
        return not any(within(inside, adapter) for adapter in PURE_PACKAGES[package])
    if any(within(module, adapter) for adapter in ADAPTERS_INSIDE):
        return False
    return any(within(module, pure) for pure in PURE_MODULES)


def broken_rules(found: Import) -> Iterator[str]:
    """What is wrong with one import, in words; nothing when it is allowed."""
    for place, rules in FORBIDDEN.items():
        for forbidden, reason in rules.items():
            if within(found.importer, place) and within(found.imported, forbidden):
                yield f"{found}: {reason}"
    if is_pure(found.importer) and found.imported.partition(".")[0] in IMPURE:
        yield f"{found}: a pure module takes time and bytes as arguments"
    if within(found.imported, "opuslib") and found.importer != OPUS_ADAPTER:
        yield f"{found}: only {OPUS_ADAPTER} touches opuslib"


@cache
def modules(package: str) -> tuple[tuple[str, Path], ...]:
    """The dotted name and the file of every module of `package`: looked up once for all tests."""
    folder = PACKAGES[package]
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return tuple(found)


def all_imports(package: str) -> Iterator[Import]:
    for module, path in modules(package):
        source = path.read_text(encoding="utf-8")
        yield from imports_of(module, source, is_package=path.name == "__init__.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_keep_to_the_rules(package: str) -> None:
    broken = [words for found in all_imports(package) for words in broken_rules(found)]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("package", PURE_PACKAGES)
def test_every_adapter_on_the_list_exists_and_needs_its_place(package: str) -> None:
    found = {
        module
        for module, path in modules(package)
        for said in imports_of(module, path.read_text(encoding="utf-8"))
        if said.imported.partition(".")[0] in IMPURE
    }
    listed = {f"{package}.{adapter}" for adapter in PURE_PACKAGES[package]}
    assert listed <= found, f"no longer adapters, take them off the list: {listed - found}"


@pytest.mark.parametrize("adapter", ADAPTERS_INSIDE)
def test_every_adapter_among_pure_modules_needs_its_place(adapter: str) -> None:
    assert any(within(adapter, pure) for pure in PURE_MODULES)
    found = all_imports(adapter.partition(".")[0])
    imported = {said.imported.partition(".")[0] for said in found if said.importer == adapter}
    assert imported & IMPURE, f"{adapter} is gone, or no longer an adapter: take it off the list"


@pytest.mark.parametrize("module", PURE_MODULES)
def test_every_pure_module_on_the_list_exists(module: str) -> None:
    known = [name for package in PACKAGES for name, _ in modules(package)]
    assert any(within(name, module) for name in known), (
        f"{module} is gone or renamed: mend the list"
    )


def adapters_behind(start: str, imported_by: Mapping[str, Iterable[str]]) -> list[str]:
    """The chains of our own imports that lead from a pure module to one that is an adapter.

    `imported_by` gives for each of our modules what it imports. `SOUND_LIBRARIES` are none here.
    """
    chains: list[tuple[str, ...]] = [(start,)]
    found: list[str] = []
    seen = {start}
    while chains:
        chain = chains.pop()
        if any(name.partition(".")[0] in IMPURE for name in imported_by[chain[-1]]):
            found.append(" -> ".join(chain))
        nearest = {module_of(name, imported_by) for name in imported_by[chain[-1]]}
        for module in sorted(nearest - seen - {""} - SOUND_LIBRARIES):
            seen.add(module)
            chains.append((*chain, module))
    return found


def module_of(name: str, ours: Iterable[str]) -> str:
    """The longest of our modules that dotted `name` lies in; empty when it is none of ours."""
    return max((module for module in ours if within(name, module)), key=len, default="")


def test_no_pure_module_reaches_an_adapter() -> None:
    imported_by: dict[str, set[str]] = {}
    for package in PACKAGES:
        imported_by.update({module: set() for module, _ in modules(package)})
        for found in all_imports(package):
            imported_by[found.importer].add(found.imported)
    pure = [module for module in imported_by if is_pure(module)]
    assert len(pure) > len(PURE_MODULES)
    assert [chain for module in pure for chain in adapters_behind(module, imported_by)] == []


# --- the checker itself must see what it is for ---


def test_an_adapter_behind_a_pure_module_is_seen() -> None:
    imported_by = {
        "ours.mixer": ["dataclasses", "ours.sources.Source"],
        "ours.sources": ["ours.socket_reader", "ours.mixer"],
        "ours.socket_reader": ["socket"],
    }
    chain = "ours.mixer -> ours.sources -> ours.socket_reader"
    assert adapters_behind("ours.mixer", imported_by) == [chain]
    assert adapters_behind("ours.mixer", {**imported_by, "ours.socket_reader": ["math"]}) == []


def broken_in(module: str, source: str) -> list[str]:
    return [words for found in imports_of(module, source) for words in broken_rules(found)]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("parvis_device.link", "from parvis_server.app import App"),
        ("parvis_device.run", "def later():\n    import parvis_server"),
        ("parvis_server.app", "import parvis_device.talk as talk"),
        ("parvis_wire.rtp", "import time"),
        ("parvis_wire.messages", "from ..parvis_server import room"),
        ("parvis_wire.serial", "if True:\n    from os import path"),
        ("parvis_audio.levels", "import sounddevice"),
        ("parvis_audio.levels", "from scipy.signal import sosfilt"),
        ("parvis_device.microphone", "import scipy"),
        ("parvis_device.light", "from time import monotonic_ns"),
        ("parvis_server.room.hands", "import asyncio"),
        ("parvis_server.media.mixer", "import threading"),
        ("parvis_server.engine.ticker", "import opuslib.api"),
        ("parvis_server.room.hands", "from parvis_server.media.mixer import Mixer"),
        ("parvis_server.media.mixer", "from .. import room"),
    ],
)
def test_a_forbidden_import_is_seen(module: str, source: str) -> None:
    assert broken_in(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("parvis_device.link", "import asyncio, websockets\nfrom parvis_wire import rtp"),
        ("parvis_server.engine.ticker", "import time\nfrom parvis_audio.opus import Encoder"),
        ("parvis_audio.opus", "import ctypes\nimport opuslib.api"),
        ("parvis_wire.rtp", "import struct\nfrom . import serial\nfrom .errors import WireError"),
        (
            "parvis_server.room.hands",
            "import timeit_of_another_name\nfrom dataclasses import dataclass",
        ),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    assert broken_in(module, source) == []


def test_relative_imports_are_made_absolute() -> None:
    found = imports_of(
        "parvis_server.room.hands", "from ..media import mixer\nfrom . import events"
    )
    assert [said.imported for said in found] == [
        "parvis_server.media.mixer",
        "parvis_server.room.events",
    ]
    [inside_package] = imports_of("parvis_server.room", "from .hands import Hand", is_package=True)
    assert inside_package.imported == "parvis_server.room.hands.Hand"
