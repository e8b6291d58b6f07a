"""A real unit and its real updater: a bundle that its hub offers is run and kept, others are not.

The program in the bundle is this checkout's own, under another version; the libraries are those of
the environment that runs the tests. What systemd does, starting the unit anew, the test does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import platform
import sys
import sysconfig
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path

import pytest
import soundfile

from fakes import sounds
from fakes.bundles import DAY, Maker
from fakes.house import OPERATOR, claimed_hub, trust_of, utc_ms
from fakes.live_hub import LiveHub
from parvis_device.update.disk import Disk
from parvis_device.update.judgement import Here
from parvis_device.update.staging import open_bundle, stage
from parvis_server.trust.units import How
from parvis_server.updates.quiet import Quiet
from parvis_wire.identity import from_text
from parvis_wire.update import UpdateFault, UpdateState, UpdateStep

pytestmark = [pytest.mark.system, pytest.mark.patient]

REPOSITORY = Path(__file__).parents[2]
PARVIS_UNIT = Path(sys.executable).with_name("parvis-unit")
PYTHON = sys.implementation.cache_tag or ""
OLD, NEW = "9.0.0", "9.1.0"
PATIENCE_S = 120.0


def program(to: Path, version: str, *, broken: bool = False) -> bytes:
    """This checkout's program as a wheel of another version."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as zipped:
        for source in ("device/parvis_device", "server/parvis_wire", "server/parvis_audio"):
            folder = REPOSITORY / source
            for path in sorted(folder.rglob("*.py")):
                zipped.write(path, path.relative_to(folder.parent))
        if broken:
            zipped.writestr("typer.py", "raise ImportError('a library is missing')\n")
        about = f"Metadata-Version: 2.4\nName: parvis\nVersion: {version}\n"
        zipped.writestr(f"parvis-{version}.dist-info/METADATA", about)
    return to.read_bytes()


class Table:
    """A unit's card, the processes that run from it, and the hub that it belongs to."""

    def __init__(self, folder: Path, hub: LiveHub) -> None:
        self.folder, self.hub = folder, hub
        self.maker = Maker()
        self.prefix, self.state = folder / "opt", folder / "state"
        self.wish = folder / "restart.wish"
        self.unit = ""
        libraries = sysconfig.get_paths()["purelib"]
        self.environment = {
            **os.environ,
            "PYTHONPATH": libraries,
            "STATE_DIRECTORY": str(self.state),
            "RUNTIME_DIRECTORY": str(folder),
        }

    def bundle(self, version: str, *, broken: bool = False) -> bytes:
        wheel = program(self.folder / "x.whl", version, broken=broken)
        files = {f"wheels/parvis-{version}-py3-none-any.whl": wheel}
        terms = {"machine": platform.machine(), "python": PYTHON, "unpacked_bytes": 50_000_000}
        return self.maker.bundle(files, version=version, **terms)

    def install(self) -> None:
        """The program that the unit came with, and the maker's key."""
        arrived = self.folder / "first"
        arrived.write_bytes(self.bundle(OLD))
        here = Here(platform.machine(), PYTHON, "0.0", DAY)
        versions = self.prefix / "versions"
        versions.mkdir(parents=True)
        with open_bundle(arrived) as opened:
            key = from_text(self.maker.public, 32)
            stage(opened, key, here, versions / OLD, Disk())
        (self.prefix / "current").symlink_to(f"versions/{OLD}")
        soundfile.write(self.folder / "tone.wav", sounds.tone(5.0), 48_000)

    async def said(self, *arguments: object) -> str:
        command = [str(self.prefix / "current/bin/parvis-unit"), *map(str, arguments)]
        pipe = asyncio.subprocess.PIPE
        asked = await asyncio.create_subprocess_exec(*command, stdout=pipe, env=self.environment)
        out, _ = await asked.communicate()
        assert asked.returncode == 0
        return out.decode()

    async def pair(self) -> None:
        """An operator hands over its key; whose bundles it takes is pinned."""
        await self.said("update", "pin", self.maker.public, "--prefix", self.prefix)
        facts = json.loads(await self.said("identity", "--state", self.state, "--json"))
        self.unit = facts["unit"]
        by = (OPERATOR.name, OPERATOR.address)
        key = from_text(facts["key"], 32)
        trust_of(self.hub).pair(key, "Table 1", How.OPERATOR, *by, utc_ms())

    async def keep_running(self) -> None:
        """The unit, as systemd keeps it: started again when it ends, and when it is asked for."""
        sound = f"file:{self.folder / 'tone.wav'}"
        flags = ("--hub", self.hub.http, "--microphone", sound, "--loop", "--light", "none")
        while True:
            command = [str(self.prefix / "current/bin/parvis-unit"), "run", *flags]
            running = await asyncio.create_subprocess_exec(
                *command, "--button", "keyboard", stdin=asyncio.subprocess.PIPE,
                env=self.environment,
            )  # fmt: skip
            try:
                await self._wished(running)
            finally:
                if running.returncode is None:
                    running.terminate()
                await running.wait()

    async def _wished(self, running: asyncio.subprocess.Process) -> None:
        """Until the updater wants the unit started anew, or it ends by itself."""
        for _ in itertools.count():
            if running.returncode is not None or self.wish.exists():
                break
            await asyncio.sleep(0.1)
        self.wish.unlink(missing_ok=True)

    async def keep_updating(self) -> None:
        """The updater, as systemd keeps it: from the program that was kept last."""
        restart = self.folder / "restart"
        restart.write_text(f"#!/bin/sh\ntouch {self.wish}\n")
        restart.chmod(0o755)
        while True:
            good = self.prefix / "good"
            runs_from = good if good.exists() else self.prefix / "current"
            places = (
                *("--prefix", self.prefix, "--exchange", self.state / "update"),
                *("--pulse", self.folder / "pulse.json", "--root", self.folder / "root"),
            )
            command = (runs_from / "bin/parvis-unit", "update", "watch", *places)
            running = await asyncio.create_subprocess_exec(
                *map(str, command), "--restart-command", str(restart), env=self.environment
            )
            try:
                await running.wait()
            finally:
                if running.returncode is None:
                    running.terminate()
                    await running.wait()
            await asyncio.sleep(0.2)

    def offer(self, content: bytes) -> None:
        path = self.folder / "offered.parvis-update"
        path.write_bytes(content)
        self.hub.hub.updates._shelf.put(path)

    @property
    def version(self) -> str | None:
        stream = self.hub.live.streams.get(self.unit)
        here = stream is not None and stream.first is not None
        software = stream.software if here and stream is not None else None
        return None if software is None else software.version

    @property
    def update(self) -> UpdateState | None:
        stream = self.hub.live.streams.get(self.unit)
        software = None if stream is None else stream.software
        return None if software is None else software.update


@asynccontextmanager
async def table(folder: Path) -> AsyncIterator[Table]:
    async with claimed_hub(folder / "hub") as hub:
        hub.hub.updates._quiet = Quiet(0)
        made = Table(folder, hub)
        await asyncio.to_thread(made.install)
        await made.pair()
        running = [asyncio.create_task(made.keep_running())]
        running.append(asyncio.create_task(made.keep_updating()))
        try:
            yield made
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what real processes do."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


async def test_a_unit_takes_a_newer_program_and_no_bad_one(tmp_path: Path) -> None:
    async with table(tmp_path) as unit:
        await until(lambda: unit.version == OLD, "the unit joins with the program it came with")

        tampered = bytearray(unit.bundle(NEW))
        tampered[len(tampered) // 2] ^= 1
        shelf = unit.hub.hub.updates._shelf
        shelf.folder.mkdir(exist_ok=True)
        # The hub's own check would find it, too: this hub is not honest.
        (shelf.folder / "x.parvis-update").write_bytes(tampered)
        refused = UpdateState(step=UpdateStep.REFUSED, version=NEW, fault=UpdateFault.TAMPERED)
        await until(lambda: unit.update == refused, "a tampered bundle is refused")
        shelf.withdraw()

        await asyncio.to_thread(unit.offer, unit.bundle(NEW, broken=True))
        broken = refused.model_copy(update={"fault": UpdateFault.DOES_NOT_START})
        await until(lambda: unit.update == broken, "a program that does not start is not tried")
        assert unit.version == OLD

        await asyncio.to_thread(unit.offer, unit.bundle(NEW))
        done = UpdateState(step=UpdateStep.DONE, version=NEW)
        await until(lambda: unit.version == NEW and unit.update == done, "a good one is kept")
        assert (unit.prefix / "good").resolve().name.startswith(f"{NEW}-")
        assert metadata.version("parvis") != NEW, "it is the bundle's program that said so"
