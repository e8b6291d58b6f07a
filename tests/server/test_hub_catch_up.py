"""A process for each recording that those who come late may hear; it leaves nothing behind."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakes.recordings import Said, write_recording
from fakes.voices import voice
from parvis_server import hub_catch_up
from parvis_server.hub_catch_up import HubCatchUp
from parvis_server.replay.index import Index

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
ID = "20260921T120001Z-1"
PATIENCE_S = 60.0


class Room:
    """A live room, as far as catching up looks at it."""

    def __init__(self, *, catch_up: bool) -> None:
        self.event_taps: set[Any] = set()
        terms = SimpleNamespace(catch_up=catch_up)
        self.view = SimpleNamespace(
            room="main", recording=SimpleNamespace(recording=ID, terms=terms)
        )
        self.memory = SimpleNamespace(withdrawn=frozenset(), unpublished=frozenset())
        self.room = SimpleNamespace(view=self.view, state=SimpleNamespace(memory=self.memory))

    def changed(self) -> None:
        for tap in tuple(self.event_taps):
            tap(None)


async def until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  # another process does it
            await asyncio.sleep(0.05)


async def test_it_runs_while_it_is_wanted_and_leaves_nothing(tmp_path: Path) -> None:
    folder = write_recording(tmp_path, [ANN, BOB], length_s=4, is_growing=True)
    late, room = HubCatchUp(tmp_path), Room(catch_up=True)
    late.follow(room)  # type: ignore[arg-type]
    running = asyncio.create_task(late.run())
    there = late.of("main")
    assert there == folder / "catch_up"
    await until((there / "index.json").exists)

    def names() -> list[str | None]:
        told = Index.model_validate_json((there / "index.json").read_bytes())
        return [one.name for one in told.chapters]

    assert names() == ["Ann", "Bob"]
    room.memory.unpublished = frozenset({(ID, "bob-id"), ("20200101T000000Z-1", "ann-id")})
    room.changed()
    await until(lambda: names() == ["Ann"])
    room.view.recording = None
    room.changed()
    await until(lambda: not there.exists())
    assert late.of("main") is None
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_nobody_hears_what_its_host_did_not_allow(tmp_path: Path) -> None:
    late = HubCatchUp(tmp_path)
    late.follow(Room(catch_up=False))  # type: ignore[arg-type]
    assert late.of("main") is None and late.of("other") is None


async def test_a_process_that_cannot_begin_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: asyncio.Queue[None] = asyncio.Queue()

    async def no_process(*command: str, **pipes: int) -> None:
        tried.put_nowait(None)
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(hub_catch_up, "AGAIN_S", 0)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", no_process)
    late = HubCatchUp(tmp_path)
    late.follow(Room(catch_up=True))  # type: ignore[arg-type]
    running = asyncio.create_task(late.run())
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(3):
            await tried.get()
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_copy_that_cannot_be_deleted_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(folder: Path, **how: bool) -> None:
        if not how.get("ignore_errors"):
            raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(shutil, "rmtree", busy)
    hub_catch_up._remove(tmp_path / "missing")
    assert not caplog.records
    hub_catch_up._remove(tmp_path)
    assert "cannot be deleted" in caplog.text and "resource busy" in caplog.text
