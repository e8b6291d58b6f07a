"""The trials of the emulated machine leave none of them running, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emulated import boot, unit
from emulated.report import Report
from parvis_firmware.emulation import initramfs, tools


class Switched:
    """A machine that is only on or off."""

    made: list[Switched]

    def __init__(self, parts: object) -> None:
        self.is_on = True
        self.made.append(self)

    def cut(self) -> None:
        self.is_on = False


class Hub:
    """Nothing that is waited for comes, but what came before."""

    def __init__(self, waits: int) -> None:
        self._waits = waits

    def label(self, into: Path) -> tuple[str, bytes]:
        return "code", b""

    def until_units(self, true: Callable[[Any], object], within_s: float, what: str) -> Any:
        self._waits -= 1
        assert self._waits >= 0, what
        return {"waiting": [{"unit": "u"}], "paired": []}


@pytest.mark.parametrize("waits", [0, 1])
def test_a_trial_that_fails_leaves_no_machine_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: int
) -> None:
    @contextmanager
    def house(folder: Path) -> Iterator[Hub]:
        yield Hub(waits)

    def nothing(*_: object) -> bytes:
        return b""

    monkeypatch.setattr(Switched, "made", [], raising=False)
    monkeypatch.setattr(boot, "house", house)
    monkeypatch.setattr(boot, "WHILE_STARTING_S", (0.0, 0.0))
    monkeypatch.setattr(unit, "Machine", Switched)
    monkeypatch.setattr(unit, "boot_partition", nothing)
    monkeypatch.setattr(tools, "run", nothing)
    monkeypatch.setattr(initramfs, "boot", nothing)
    monkeypatch.setattr(unit, "speech_bytes", nothing)
    kernel = SimpleNamespace(image=tmp_path)
    image: Any = SimpleNamespace(disk=tmp_path, busybox=b"", kernel=kernel)
    with pytest.raises(AssertionError):
        boot.cuts_alone(tmp_path, image, 4, Report("boot"))
    assert len(Switched.made) == waits + 1
    assert not any(machine.is_on for machine in Switched.made)
