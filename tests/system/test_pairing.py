"""A unit's life with an operator's hub: paired, heard, started again, copied, removed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes import sounds
from fakes.hearing import tone_level_dbfs
from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, listening
from fakes.processes import Program, command, running
from fakes.watcher import Watcher
from parvis_wire.commands import Next

pytestmark = [pytest.mark.system, pytest.mark.patient]

CODE, WRONG_CODE = "K7MQ-2HXD", "K7MQ-2HXE"


class Operator:
    """Who runs the hub, over its API."""

    def __init__(self, hub: HubProcess) -> None:
        token = json.loads((hub.folder / "hub" / "secrets.json").read_text())["operator_token"]
        self._http = httpx.Client(base_url=f"{hub.url}/api/v1")
        self._bear(token)
        secret = self.ask("POST", "/setup")["link"].partition("#setup=")[2]
        claimed = self.ask("POST", "/claim", {"secret": secret, "name": "Ada"})
        self._bear(claimed["token"])
        [secure] = [one for one in self.ask("GET", "/house")["listeners"] if one["certificate"]]
        self.https = f"https://127.0.0.1:{secure['port']}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def until(self, true: Callable[[Any], object]) -> Any:
        """Ask for the units, as the operator's page does, until they are so."""
        deadline_s = time.monotonic() + 60
        while not true(units := self.ask("GET", "/units")):
            assert time.monotonic() < deadline_s, units
            time.sleep(0.05)
        return units

    def waiting_in(self, state: str) -> Any:
        """The one unit that waits, once it is in this state."""
        return self.until(lambda units: [one["state"] for one in units["waiting"]] == [state])

    def _bear(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._http.close()


def unit(operator: Operator, state: Path, sound: Path) -> Any:
    """A unit with a label, started as an image starts it."""
    arguments = (
        *("--hub", operator.https, "--state", str(state), "--name", "Table 1"),
        *("--microphone", f"file:{sound}", "--loop", "--button", "keyboard", "--light", "terminal"),
    )
    return running(*command("parvis-unit", "run", *arguments), env={"PARVIS_UNIT_SETUP_CODE": CODE})


def pair(operator: Operator, program: Program) -> str:
    """With a slip of the operator's hand at first; the unit's fingerprint."""
    program.wait_for("light: unpaired")
    [found] = operator.waiting_in("waiting")["waiting"]
    print_ = str(found["unit"])
    operator.ask("POST", f"/units/{print_}/pair", {"code": WRONG_CODE})
    operator.waiting_in("wrong_code")
    operator.ask("POST", f"/units/{print_}/pair", {"code": CODE})
    operator.waiting_in("press")
    program.wait_for("light: press_to_pair")
    program.press()
    program.wait_for("light: idle")
    return print_


def test_a_unit_is_paired_heard_started_again_copied_and_removed(
    hub: HubProcess, machine: MachineWatch, tone_file: Path, tmp_path: Path
) -> None:
    operator = Operator(hub)
    state = tmp_path / "unit"
    with Watcher(hub.port, hub.secret) as host:
        with unit(operator, state, tone_file) as program:
            print_ = pair(operator, program)
            [paired] = operator.until(lambda units: units["paired"])["paired"]
            assert (paired["unit"], paired["how"], paired["by"]) == (print_, "code", "Ada")
            with listening(hub, tmp_path / "heard.wav") as heard:
                program.press()
                host.wait_for_view(lambda view: view.line, what="the hand")
                assert host.command(Next(id="n1")).refused is None
                program.wait_for("light: granted")
                program.press()
                program.wait_for("light: live")
                live_s = heard.seconds
                heard.wait_past(live_s + 2.5)
                view = host.wait_for_view(lambda view: view.floor)
                assert view.floor[0].participant == print_
            tone = heard.sound[round((live_s + 1) * sounds.RATE_HZ) :]
            assert tone_level_dbfs(tone, sounds.RATE_HZ, sounds.PITCH_HZ) > -40
        assert CODE not in "\n".join(program.lines) and "K7MQ2HXD" not in "\n".join(program.lines)

        with unit(operator, state, tone_file) as again:
            again.wait_for("light: (idle|next|queued|granted)")
            assert "light: unpaired" not in again.lines
            [known] = operator.until(lambda units: units["paired"][0]["here"])["paired"]
            assert known["unit"] == print_, "the same participant as before"

            copy = tmp_path / "copy"
            shutil.copytree(state, copy)
            with unit(operator, copy, tone_file) as clone:
                clone.wait_for("light: (idle|next|queued|granted)")
                again.wait_for("light: not_allowed")
                again.wait_for("parvis-unit forget --new-key")
                operator.ask("DELETE", f"/units/{print_}")
                removed_s = time.monotonic()
                clone.wait_for("light: not_allowed")
                machine.assert_within(1.0, removed_s, "gone")
                clone.wait_for("an operator can pair it again")
                assert operator.ask("GET", "/units")["paired"] == []
    operator.close()
