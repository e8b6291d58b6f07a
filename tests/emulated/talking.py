"""A unit's turn, from the hand to what a listener hears."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emulated.house import PORT, House
from fakes import sounds
from fakes.hearing import Judgement, judge_speech
from fakes.parvis import Listening
from fakes.processes import command, running
from fakes.watcher import Watcher
from parvis_firmware.emulation.machine import Machine
from parvis_wire.commands import CloseAll, Next

HEARD_DBFS = -50.0
"""Above this somebody speaks; a silent unit sends nothing."""
PATIENCE_S = 120.0
"""The unit runs on an emulated processor, and this machine may have other work."""


@contextmanager
def listener(house: House, path: Path) -> Iterator[Listening]:
    """``parvis listen`` on the hub's machine, from its first sound on."""
    with running(*command("parvis", "listen", house.link, "--output", str(path), "--json")) as it:
        heard = Listening(it, path)
        try:
            heard.wait_past(0.5, PATIENCE_S)
            yield heard
        finally:
            heard.end()


@dataclass
class Table:
    """The host's side of one unit's turns."""

    house: House
    host: Watcher
    turns: int = 0

    def speak(self, machine: Machine, unit: str) -> None:
        """A press raises the hand, the host calls, a press opens the microphone."""
        if self.is_live(unit):
            return
        self.turns += 1
        machine.press()
        self.host.wait_for_view(lambda view: view.line, PATIENCE_S, "the hand")
        refused = self.host.command(Next(id=f"n{self.turns}")).refused
        assert refused is None, refused
        self.host.wait_for_view(
            lambda view: view.floor and view.floor[0].participant == unit, PATIENCE_S, "the turn"
        )
        machine.press()

    def end_turn(self) -> None:
        """The host ends every turn."""
        self.turns += 1
        refused = self.host.command(CloseAll(id=f"c{self.turns}")).refused
        assert refused is None, refused
        self.host.wait_for_view(lambda view: not view.floor, PATIENCE_S, "nobody on the floor")

    def is_live(self, unit: str) -> bool:
        """Whether it has the floor."""
        view = self.host.view
        return view is not None and any(one.participant == unit for one in view.floor)


def sound_after(heard: Listening, from_s: float, within_s: float) -> float:
    """When somebody was first heard after a moment of the monotonic clock, on that clock."""
    deadline_s = time.monotonic() + within_s
    while True:
        first = max(0, round((from_s - heard.began_s) * sounds.RATE_HZ))
        block = heard.sound[first:]
        block = block[: len(block) // 480 * 480].reshape(-1, 480)
        loud = np.flatnonzero(np.sqrt(np.mean(block**2, axis=1)) > 10 ** (HEARD_DBFS / 20))
        if loud.size:
            return heard.began_s + (first + int(loud[0]) * 480) / sounds.RATE_HZ
        assert time.monotonic() < deadline_s, f"nothing is heard within {within_s:.0f} s"
        time.sleep(0.1)


def judged(heard: Listening, passes: int = 2) -> Judgement:
    """What a listener understands of the speech that is said over and over, from now on."""
    original = sounds.speech()
    begin_s = heard.seconds
    length_s = len(original) / sounds.RATE_HZ
    heard.wait_past(begin_s + passes * (length_s + 1.0) + 2.0, PATIENCE_S)
    return judge_speech(original, heard.sound[round(begin_s * sounds.RATE_HZ) :], sounds.RATE_HZ)


@contextmanager
def at_table(house: House) -> Iterator[Table]:
    """With a host at the console."""
    with Watcher(PORT, house.secret) as host:
        yield Table(house, host)
