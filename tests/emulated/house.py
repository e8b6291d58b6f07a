"""A network of its own, with a hub and a DHCP server on it: what an emulated unit is plugged into.

The whole process has to be started in a network namespace of its own (``unshare --net``): nothing
that is made here is seen by this machine's networks, and nothing of it is left when the process
ends.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from fakes.processes import Program, command, running

TAP = "unit0"
HUB_ADDRESS = "10.77.0.1"
PORT = 8080
HOST_LINE = r"host: http://[^/]+/host#k=(\S+)"
LOOK_S = 0.1
STOP_S = 20.0


class NoNetwork(Exception):
    """It cannot be made here; says why."""


def make_network() -> None:
    """A cable with nobody at its other end yet.

    Raises:
        NoNetwork: this machine does not let us, or this is not a namespace of our own.
    """
    if len(Path("/proc/net/dev").read_text().splitlines()) > 3:
        raise NoNetwork(
            "this is no network namespace of its own: start it by scripts/firmware-test"
        )
    for words in (
        "link set lo up",
        f"tuntap add dev {TAP} mode tap",
        f"address add {HUB_ADDRESS}/24 dev {TAP}",
        f"link set {TAP} up",
    ):
        done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoNetwork(f"ip {words}: {done.stderr.strip()}")


@contextmanager
def addresses() -> Iterator[Program]:
    """Who gives the unit its address, as a venue's router does."""
    with running(
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root"),
        *(f"--interface={TAP}", "--bind-interfaces", "--dhcp-range=10.77.0.10,10.77.0.50,1h"),
        *("--leasefile-ro", "--no-ping", "--log-facility=-", "--pid-file="),
    ) as server:
        server.wait_for("DHCP, IP range")
        yield server


class House:
    """The hub, and who runs it."""

    def __init__(self, folder: Path) -> None:
        """Starts it; it announces itself to the unit's network."""
        self.folder = folder
        flags = ("--port", str(PORT), "--data", str(folder), "--title", "Emulated hall")
        announcing = {"PARVIS_HUB_NETWORK__ANNOUNCE": "true"}
        hub = (sys.executable, "-m", "emulated.quick_hub", "hub")
        self.program = Program(*hub, *flags, env=announcing)
        self.secret = str(self.program.wait_for(HOST_LINE)[1])
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{PORT}/api/v1", timeout=30)
        self._bear(json.loads((folder / "secrets.json").read_text())["operator_token"])
        opened = self.ask("POST", "/setup")["link"].partition("#setup=")[2]
        self._bear(self.ask("POST", "/claim", {"secret": opened, "name": "Ada"})["token"])

    @property
    def link(self) -> str:
        """For listeners."""
        return f"http://127.0.0.1:{PORT}/r/main"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request of the operator's."""
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def until_units(self, true: Callable[[Any], object], within_s: float, what: str) -> Any:
        """The hub's units, once they are so."""
        deadline_s = time.monotonic() + within_s
        while not true(units := self.ask("GET", "/units")):
            assert time.monotonic() < deadline_s, f"{what}, within {within_s:.0f} s: {units}"
            time.sleep(LOOK_S)
        return units

    def cli(self, *words: str) -> str:
        """What a command of ``parvis`` says on this hub's machine."""
        asked = subprocess.run(
            command("parvis", *words), capture_output=True, text=True, check=False
        )
        assert asked.returncode == 0, f"parvis {' '.join(words)}: {asked.stderr}{asked.stdout}"
        return asked.stdout

    def label(self, into: Path) -> tuple[str, bytes]:
        """A unit's code, and the parvis.toml for its boot partition."""
        self.cli("label", "--count", "1", "--no-pdf", "--name", "Table", "--out", str(into))
        (settings,) = into.rglob("parvis.toml")
        text = settings.read_text(encoding="utf-8")
        found = re.search(r'^setup_code = "([^"]+)"', text, re.MULTILINE)
        assert found is not None, text
        return found[1], settings.read_bytes()

    def close(self) -> None:
        """End it, and whatever it started."""
        self._http.close()
        self.program.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.program.process.wait(STOP_S)
        self.program.kill_all()
        self.program.close_input()

    def _bear(self, token: str) -> None:
        self._http.headers["Authorization"] = f"Bearer {token}"


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """A hub and its network."""
    make_network()
    with addresses():
        made = House(folder)
        try:
            yield made
        finally:
            made.close()
