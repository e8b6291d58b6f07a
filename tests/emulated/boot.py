"""The emulated boot: from the first power-on of a written card to an update that is taken back.

    unshare --net python -m emulated.boot [--cuts N]

Everything is real but the silicon: Debian's arm64 kernel, systemd, NetworkManager, ALSA, the unit's
services as they lie on a card; a hub, a listener and a DHCP server on this machine, on a network
that only they are on.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from emulated import updates
from emulated.house import House, NoNetwork, house
from emulated.report import Report
from emulated.talking import PATIENCE_S, Table, at_table, judged, listener, sound_after
from emulated.unit import UNIT, Card, resident_mb, said_at_s, service
from fakes.parvis import Listening
from parvis_firmware.emulation import tools
from parvis_firmware.emulation.cache import Cache, usual_folder
from parvis_firmware.emulation.image import Image, image
from parvis_firmware.emulation.machine import Machine, said_of
from parvis_firmware.errors import FirmwareError, ToolsMissing

FIRST_START_S, PAIRING_TO_SOUND_S, RESIDENT_MB = 90.0, 10.0, 110.0
"""Asked of a unit."""
LEAST_STOI = 0.4
"""It is this speech that is heard: another one reaches 0.2. An emulated processor does not keep up
with the sound's own pace (0.64 on two idle cores), so what an ear would say of a real unit is not
asked here, but of the same path without emulation (``tests/system``)."""
WANTS_TO_JOIN = "waits: an operator"
BOOT_S = 600.0
UPDATE_S = 600.0
GONE_S = 90.0
CUTS = 3
STARTED = ("parvis-update", "parvis-provision", "parvis-selftest", "parvis-unit")
PARTS = ("heard", "hang", "netem", "update", "cuts")
WHILE_STARTING_S, AFTER_START_S = (2.0, 45.0), (0.0, 10.0)
NETEM = "delay 60ms 20ms distribution normal loss 2%"


class Trial:
    """One card, one hub, and what happens to them."""

    def __init__(self, folder: Path, made: Image, hub: House, report: Report) -> None:
        """Write the card."""
        self.folder, self.image, self.hub, self.report = folder, made, hub, report
        self.card = Card(made, folder / "card")
        code, settings = hub.label(folder / "label")
        self.code, self.settings = code, settings
        self.card.write_anew({"parvis.toml": settings})
        self.unit = ""

    def first_start(self, machine: Machine) -> None:
        """Power comes: until an operator sees that it wants to join."""
        units = self.hub.until_units(lambda units: units["waiting"], BOOT_S, "a unit that waits")
        host_s = time.monotonic() - machine.on_s
        self.unit = units["waiting"][0]["unit"]
        self.report.figure("first power-on to 'wants to join', this machine's clock", host_s, "s")
        guest_s = said_at_s(machine, WANTS_TO_JOIN)
        self.report.figure(
            "the same by the guest's clock, since its kernel began", guest_s, "s", FIRST_START_S
        )
        for name in STARTED:
            used = said_of(machine.ask(f"systemctl show {name} --property=CPUUsageNSec"))
            self.report.say(f"  processor of {name}: {int(used['CPUUsageNSec']) / 1e9:.1f} s")

    def pair_quietly(self, machine: Machine) -> float:
        """By the code of its label and a press; when that was."""
        self.hub.ask("POST", f"/units/{self.unit}/pair", {"code": self.code})
        self.hub.until_units(
            lambda units: [one["state"] for one in units["waiting"]] == ["press"],
            PATIENCE_S,
            "its button is awaited",
        )
        pressed_s = time.monotonic()
        machine.press()
        self.here()
        return pressed_s

    def pair(self, machine: Machine, table: Table, heard: Listening) -> None:
        """Then its first words."""
        pressed_s = self.pair_quietly(machine)
        self.report.say(
            f"paired: {self.unit}, {time.monotonic() - pressed_s:.1f} s after the press"
        )
        table.speak(machine, self.unit)
        sound_s = sound_after(heard, pressed_s, PATIENCE_S) - pressed_s
        self.report.figure(
            "pairing to sound, its hand and its turn between", sound_s, "s", PAIRING_TO_SOUND_S
        )

    def here(self, within_s: float = BOOT_S) -> None:
        """Until the hub has it, as the one that it was."""
        self.hub.until_units(
            lambda units: [one["unit"] for one in units["paired"] if one["here"]] == [self.unit],
            within_s,
            "the unit is here",
        )

    def understood(self, heard: Listening, what: str) -> None:
        """What a listener understands now."""
        judgement = judged(heard)
        self.report.least(f"{what}: a listener understands (STOI)", judgement.stoi, LEAST_STOI)
        self.report.say(f"  {judgement}")

    def hang(self, machine: Machine, table: Table, heard: Listening) -> None:
        """The program stands still: systemd kills it, and it is heard again."""
        before = service(machine, "MainPID", "NRestarts")
        machine.ask(f"kill -STOP {before['MainPID']}")
        hung_s = time.monotonic()
        machine.wait_for(
            f"[ $(systemctl show {UNIT} --property=NRestarts --value) -gt {before['NRestarts']} ]",
            PATIENCE_S,
        )
        why = machine.ask(f"journalctl -b -u {UNIT} --no-pager --grep 'Watchdog timeout' | tail -1")
        self.report.say(f"hung: {why.strip()}")
        self.here()
        table.speak(machine, self.unit)
        again_s = sound_after(heard, time.monotonic(), PATIENCE_S) - hung_s
        self.report.figure(
            "from hanging to its voice again (15 s of it the watchdog's)", again_s, "s"
        )

    def impair(self, machine: Machine, heard: Listening) -> None:
        """Its network gets as bad as a full hall's Wi-Fi."""
        card = machine.ask("ls /sys/class/net | grep -v lo | head -1").strip()
        machine.ask(f"modprobe sch_netem && tc qdisc add dev {card} root netem {NETEM}")
        self.report.say(f"netem in the guest: {NETEM}")
        self.understood(heard, "through netem")
        machine.ask(f"tc qdisc del dev {card} root")

    def update(self, machine: Machine) -> None:
        """A tampered one is refused, a good one kept, one that is deaf taken back."""
        before = updates.running_version(self.hub)
        expected = (
            (updates.TAMPERED, ("refused", "tampered"), before),
            (updates.GOOD, ("done", None), updates.GOOD),
            (updates.BROKEN, ("undone", "silent"), updates.GOOD),
        )
        for version, end, runs in expected:
            updates.offer(self.hub, updates.make(self.image, version, self.folder))
            found, took_s = updates.end_of(self.hub, version, UPDATE_S)
            self.report.say(f"update {version}: {found[0]}, {found[1] or 'kept'}, {took_s:.0f} s")
            assert found == end, f"{version}: {found}, and {end} was expected"
            updates.withdraw(self.hub)
            self.here()
            assert updates.running_version(self.hub) == runs
        self.report.say(f"it runs {machine.ask('readlink /opt/parvis/current').strip()}")

    def cut_first_starts(self, count: int, dice: random.Random) -> Machine:
        """Cards that were never used, whose power fails in their first start; then they come to
        want to join all the same. The machine of the last one."""
        assert count > 0
        for number in range(1, count + 1):
            self.card.write_anew({"parvis.toml": self.settings})
            machine = self.card.start()
            time.sleep(dice.uniform(*WHILE_STARTING_S))
            machine.cut()
            self.hub.until_units(lambda units: not units["waiting"], GONE_S, "nobody waits")
            machine = self.card.start()
            units = self.hub.until_units(lambda units: units["waiting"], BOOT_S, "a unit waits")
            self.unit = units["waiting"][0]["unit"]
            self.report.say(f"power cut {number} in a first start: {self.unit} wants to join")
            if number < count:
                machine.cut()
        return machine

    def cut(self, machine: Machine, count: int, dice: random.Random) -> Machine:
        """Cut its power at random moments; it comes back each time, as who it was.

        Every other time the power fails again while it starts.
        """
        for number in range(1, count + 1):
            machine.cut()
            machine = self._restarted(number, dice)
        return machine

    def _restarted(self, number: int, dice: random.Random) -> Machine:
        self.hub.until_units(
            lambda units: not any(one["here"] for one in units["paired"]), GONE_S, "it is gone"
        )
        machine = self.card.start()
        if number % 2 == 0:
            wait_s = dice.uniform(*WHILE_STARTING_S)
            time.sleep(wait_s)
            machine.cut()
            machine = self.card.start()
        self.here()
        back_s = time.monotonic() - machine.on_s
        self.report.say(f"power cut {number}: it is back after {back_s:.0f} s, as {self.unit}")
        time.sleep(dice.uniform(*AFTER_START_S))
        return machine


def trial(folder: Path, made: Image, cuts: int, parts: Sequence[str], report: Report) -> None:
    """Its first start, its pairing and its first words, and what is asked for of the rest."""
    with ExitStack() as stack:
        hub = stack.enter_context(house(folder / "hub"))
        one = Trial(folder, made, hub, report)
        stack.callback(one.card.pull)
        machine = one.card.start()
        one.first_start(machine)
        if {"heard", "hang", "netem"} & set(parts):
            table = stack.enter_context(at_table(hub))
            heard = stack.enter_context(listener(hub, folder / "heard.wav"))
            one.pair(machine, table, heard)
            one.understood(heard, "speech from the unit's microphone")
            report.figure("the unit's program, resident", resident_mb(machine), "MB", RESIDENT_MB)
            if "hang" in parts:
                one.hang(machine, table, heard)
            if "netem" in parts:
                one.impair(machine, heard)
        else:
            one.pair_quietly(machine)
        if "update" in parts:
            one.update(machine)
        if "cuts" in parts:
            machine = one.cut(machine, cuts, random.Random())
        machine.off()


def cuts_alone(folder: Path, made: Image, count: int, report: Report) -> None:
    """Nothing but power cuts: a quarter of them in the first start of a new card."""
    with ExitStack() as stack:
        hub = stack.enter_context(house(folder / "hub"))
        one, dice = Trial(folder, made, hub, report), random.Random()
        first = max(1, count // 4)
        stack.callback(one.card.pull)
        machine = one.cut_first_starts(first, dice)
        one.pair_quietly(machine)
        machine = one.cut(machine, count - first, dice)
        machine.off()
        report.say(f"{count} power cuts: it came back each time")


def told_end(report: Report, work: Callable[[], None]) -> int:
    """Do it and say how it ended; the exit code: 1 when something is not as asked, 3 when a tool
    is missing."""
    # Who ends this asks for the machines that it started to be ended, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    try:
        tools.require()
        work()
    except ToolsMissing as error:
        print(f"{report.name}: {error}", file=sys.stderr)
        return error.exit_code
    except (FirmwareError, NoNetwork, AssertionError) as error:
        report.failed.append(str(error))
    return report.verdict()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="boot", description=__doc__)
    parser.add_argument("--cuts", type=int, default=CUTS, help="how often the power fails")
    parser.add_argument("--parts", nargs="*", choices=PARTS, help="of the trial; unless given: all")
    parser.add_argument("--only-cuts", action="store_true", help="nothing but that")
    asked = parser.parse_args()
    cache, report = Cache(usual_folder()), Report("boot")

    def work() -> None:
        with tempfile.TemporaryDirectory(prefix="boot-", dir=cache.folder) as folder:
            made = image(cache, fresh=False)
            if asked.only_cuts:
                cuts_alone(Path(folder), made, asked.cuts, report)
            else:
                trial(Path(folder), made, asked.cuts, asked.parts or PARTS, report)

    return told_end(report, work)


if __name__ == "__main__":
    sys.exit(main())
