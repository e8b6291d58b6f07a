"""`scripts/soak venue`: hub, edge and phones in networks of their own, and the cable is cut.

Started with ``--guests`` it is the phones: a process in their network, which says when the cable
shall be cut and mended, and what was found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import soundfile
import trustme

from fakes import sounds
from fakes.hearing import tone_gaps
from fakes.machine import MachineWatch, machine_watch
from fakes.parvis import RATE_HZ, HubProcess, Listening, listening, unit
from fakes.processes import ProcessError, Program, command, free_port, running
from fakes.public_edge import HOW_TO_JOIN
from fakes.stalls import Verdict, excused, judge_gaps
from fakes.venue import FAILED, PublicEvening
from fakes.venue_networks import EDGE_ADDRESS, HUB_ADDRESS, Networks, networks

BACK_WITHIN_S = 3.0
GUESTS_S = 180.0
"""What the phones take beside the cut, at the very most."""

KNOCK = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
CUT, MEND, DONE = "the cable is cut", "the cable is mended", "found: "


@dataclass
class Venue:
    """Everything that runs."""

    networks: Networks
    hub: HubProcess
    heard: Listening
    url: str
    authority: Path


def soak_venue(minutes: float) -> bool:
    """Whether the hall went on, and the audience was back in time, after a cut of so long."""
    with (
        tempfile.TemporaryDirectory() as name,
        machine_watch() as machine,
        networks() as made,
        venue(made, Path(name)) as here,
    ):
        closed = _is_closed(here)
        found, cut_s, mended_s = _evening(here, minutes * 60)
        verdict = _in_the_hall(here.heard, machine, cut_s, mended_s)
    back = max(found["told_back_s"], found["heard_again_s"])
    print(
        f"venue: nothing comes in from outside: {closed}; {mended_s - cut_s:.0f} s without "
        f"internet: told after {found['told_away_s']:.1f} s, told that it is back "
        f"{found['told_back_s']:.1f} s after the repair, heard after {found['heard_again_s']:.1f} "
        f"s; in the hall: {len(verdict.ours)} gaps of ours, {len(verdict.machines)} beside stalls "
        "of the machine"
    )
    return closed and not verdict.ours and back <= BACK_WITHIN_S


@contextmanager
def venue(made: Networks, folder: Path) -> Iterator[Venue]:
    """Edge, hub and a table with a microphone, each in its network."""
    authority = trustme.CA()
    root, chain, key = (folder / name for name in ("root.pem", "chain.pem", "key.pem"))
    certificate = authority.issue_cert(EDGE_ADDRESS)
    authority.cert_pem.write_to_path(str(root))
    certificate.cert_chain_pems[0].write_to_path(str(chain))
    certificate.private_key_pem.write_to_path(str(key))
    tone, port = folder / "tone.wav", free_port()
    soundfile.write(tone, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
    name = f"{EDGE_ADDRESS}:{port}"
    told = ("--public", name, "--port", str(port), "--data", str(folder / "edge"))
    files = ("--certificate", str(chain), "--key", str(key))
    with ExitStack() as stack:
        edge = stack.enter_context(
            running(*made.inside(made.edge), *command("parvis", "edge", *told, *files))
        )
        address = edge.wait_for(HOW_TO_JOIN)[1]
        published = ("--publish", address, "--publish-ca", str(root))
        hub = HubProcess(folder, *published, inside=made.inside(made.hub))
        stack.callback(hub.close)
        stack.enter_context(unit(hub, "Table", tone, "none"))
        heard = stack.enter_context(listening(hub, folder / "heard.wav"))
        edge.wait_for("the hub in the venue is linked")
        yield Venue(made, hub, heard, f"wss://{name}", root)


def _is_closed(here: Venue) -> bool:
    """Nobody outside gets a connection to the hub, though they know the way."""
    made = here.networks
    knock = (sys.executable, "-c", KNOCK, HUB_ADDRESS, str(here.hub.port))
    outside = Program(*made.inside(made.edge), *knock).wait(10)
    router = Program(*made.inside(made.router), *knock).wait(10)
    return outside != 0 and router != 0


def _evening(here: Venue, away_s: float) -> tuple[dict[str, float], float, float]:
    """What the phones found, and the moments in which the cable was cut and mended."""
    made, told = here.networks, ("--url", here.url, "--authority", str(here.authority))
    guests = (sys.executable, "-m", "fakes.venue_soak", "--guests", *told)
    lasts = ("--secret", here.hub.secret, "--away", str(away_s))
    with running(*made.inside(made.phones), *guests, *lasts) as phones:
        _wait_for(phones, CUT, GUESTS_S)
        made.cut()
        cut_s = time.monotonic()
        phones.write_line()
        _wait_for(phones, MEND, away_s + GUESTS_S)
        made.mend()
        mended_s = time.monotonic()
        phones.write_line()
        found = json.loads(_wait_for(phones, f"{DONE}(.*)", GUESTS_S)[1])
    return found, cut_s, mended_s


def _wait_for(phones: Program, pattern: str, within_s: float) -> re.Match[str]:
    """A line of the phones, or their failure."""
    said = phones.wait_for(f"{pattern}|{FAILED}.*", within_s)
    if said[0].startswith(FAILED):
        raise ProcessError(said[0])
    return said


def _in_the_hall(heard: Listening, machine: MachineWatch, begin_s: float, end_s: float) -> Verdict:
    heard.wait_past(end_s - heard.began_s + 1.0)
    first, last = (round((at_s - heard.began_s) * RATE_HZ) for at_s in (begin_s, end_s))
    stalls_s = excused(machine.stalls(), (round(begin_s * 1e9), round(end_s * 1e9)))
    gaps = tone_gaps(heard.sound[first:last], RATE_HZ, sounds.PITCH_HZ)
    return judge_gaps(gaps, stalls_s, end_s - begin_s)


def guests(url: str, authority: Path, secret: str, away_s: float) -> None:
    """The phones: say what shall happen to the cable, and at the end what was found."""
    trusting = ssl.create_default_context(cafile=str(authority))
    evening = PublicEvening(url, secret, ssl=trusting, origin=url.replace("wss:", "https:"))
    found = asyncio.run(evening.run(lambda: _ask(CUT), lambda: _ask(MEND), away_s))
    print(DONE + json.dumps(asdict(found)), flush=True)


def _ask(what: str) -> None:
    """Whoever started us does it, and says so."""
    print(what, flush=True)
    sys.stdin.readline()


def main() -> None:
    """The phones' process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--guests", action="store_true", required=True)
    for name in ("--url", "--authority", "--secret", "--away"):
        parser.add_argument(name, required=True)
    told = parser.parse_args()
    guests(told.url, Path(told.authority), told.secret, float(told.away))


if __name__ == "__main__":
    main()
