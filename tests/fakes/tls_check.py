"""The hub's https listener under testssl.sh, a public checker of TLS servers; `scripts/soak tls`.

Everything that it finds worse than well is a fault, but for what a certificate of the hub's own
cannot have, which is listed here with its reason; the protocols and the cipher suites that it
could agree on are counted besides, so that a check which reached nothing is no good check.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.live_hub import LOOPBACK, live_hub

PROGRAMS = ("testssl", "testssl.sh")
"""Debian calls it by the first name, its makers by the second."""

CHECKS = (
    "--protocols",
    "--std",
    "--each-cipher",
    "--pfs",
    "--server-preference",
    "--server-defaults",
    "--vulnerable",
)
WITHIN_S = 900.0

WELL = frozenset({"OK", "INFO"})

ITS_OWN = {
    "cert_chain_of_trust": "self-signed: units pin the site's key, browsers are given files",
    "cert_revocation": "nobody but the hub signs it, so nobody else could revoke it",
    "engine_problem": "of the checker: this OpenSSL has no GOST",
}
"""What is marked down all the same, and why it stays."""

SPOKEN = {"TLS1_2", "TLS1_3"}
PROTOCOLS = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", *SPOKEN}


class NoChecker(Exception):
    """There is no testssl.sh on this machine."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checker's report."""

    name: str
    severity: str
    text: str

    def __str__(self) -> str:
        return f"{self.severity} {self.name}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """What it says of one server."""

    findings: tuple[Finding, ...]

    @property
    def protocols(self) -> set[str]:
        """Those that the server agreed on."""
        return {
            one.name
            for one in self.findings
            if one.name in PROTOCOLS and one.text.startswith("offered")
        }

    @property
    def ciphers(self) -> list[str]:
        """Those that the server agreed on."""
        return [one.text for one in self.findings if one.name.startswith("cipher_x")]

    @property
    def faults(self) -> list[str]:
        """What is not as promised, each in a line."""
        faults = [
            str(one)
            for one in self.findings
            if one.severity not in WELL and one.name not in ITS_OWN
        ]
        asked = {one.name for one in self.findings} & PROTOCOLS
        if asked != PROTOCOLS:
            faults.append(f"not asked: {' '.join(sorted(PROTOCOLS - asked))}")
        if self.protocols != SPOKEN:
            faults.append(f"spoken: {' '.join(sorted(self.protocols)) or 'nothing'}")
        faults += [f"a weak cipher suite: {one}" for one in self.ciphers if is_weak(one)]
        if not self.ciphers:
            faults.append("no cipher suite was agreed on: the server was not reached")
        return faults


def is_weak(cipher: str) -> bool:
    """Whether a suite lacks forward secrecy or an authenticated cipher."""
    strong = "TLS_AES" in cipher or "TLS_CHACHA20" in cipher or "ECDHE" in cipher
    return not strong or not ("GCM" in cipher or "CHACHA20" in cipher)


def report_of(lines: Iterable[dict[str, Any]]) -> Report:
    """From the checker's own file."""
    return Report(tuple(Finding(one["id"], one["severity"], one["finding"]) for one in lines))


def check(port: int) -> Report:
    """Asks the server on this port of loopback; takes some minutes.

    Raises:
        NoChecker: it is not installed.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise NoChecker(f"no {PROGRAMS[1]} here: scripts/setup testssl")
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        options = ("--warnings", "off", "--color", "0", "--quiet", "--jsonfile", str(told))
        where = f"{LOOPBACK}:{port}"
        asked = (program, *options, *CHECKS, "--nodns", "none", where)
        subprocess.run(asked, stdout=subprocess.DEVNULL, timeout=WITHIN_S, check=False)
        return report_of(json.loads(told.read_text()))


async def _hub_under_check(folder: Path) -> Report:
    async with live_hub(folder, tls=True) as hub:
        return await asyncio.to_thread(check, hub.https_port)


def soak_tls() -> bool:
    """A hub's https listener, as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = asyncio.run(_hub_under_check(Path(folder)))
        except NoChecker as error:
            print(f"tls: not run: {error}")
            return False
    for cipher in report.ciphers:
        print(f"  {' '.join(cipher.split())}")
    print(
        f"tls: {len(report.findings)} findings; spoken: {' '.join(sorted(report.protocols))}; "
        f"{len(report.ciphers)} cipher suites; {'; '.join(report.faults) or 'nothing weak'}"
    )
    return not report.faults
