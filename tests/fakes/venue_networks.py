"""Networks of their own for hub, edge and phones, and a router before the hub: nothing comes in.

    hub 192.168.77.2 -- router (NAT, nothing comes in) -- edge 198.18.0.1 -- phones 198.18.2.2

Each is a namespace with a name that nobody else has, and all are removed at the end. Needs root, ip
(iproute2) and nft (nftables).
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

EDGE_ADDRESS = "198.18.0.1"
HUB_ADDRESS = "192.168.77.2"
"""Of the ranges for benchmarks of networks (RFC 2544) and for private use (RFC 1918)."""

COMMAND_TIMEOUT_S = 10

ROUTER = """
flush ruleset
table ip nat {
  chain out {
    type nat hook postrouting priority 100
    oifname "wan" masquerade
  }
}
table inet wall {
  chain through {
    type filter hook forward priority 0; policy drop
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain into {
    type filter hook input priority 0; policy drop
    ct state established,related accept
  }
}
"""
CUT = "flush chain inet wall through\n"
"""Everything is dropped without a word, as where a cable is cut farther on."""

HUB = """
table inet wall {
  chain into {
    type filter hook input priority 0; policy drop
    iifname "lo" accept
    ct state established,related accept
  }
}
"""


class NoNetworks(Exception):
    """They cannot be made here; says what is missing."""


@dataclass(frozen=True)
class Networks:
    """The namespaces' names."""

    hub: str
    router: str
    edge: str
    phones: str

    def inside(self, name: str) -> tuple[str, ...]:
        """What stands before a command that shall run in one of them."""
        return ("ip", "netns", "exec", name)

    def cut(self) -> None:
        """The venue's internet is gone."""
        self._filter(self.router, CUT)

    def mend(self) -> None:
        """It is back."""
        self._filter(self.router, ROUTER)

    def _filter(self, name: str, rules: str) -> None:
        run(*self.inside(name), "nft", "-f", "-", said=rules)


def run(*command: str, said: str = "") -> None:
    """Run a tool; raises ``NoNetworks`` with its own words when it fails."""
    try:
        subprocess.run(
            command,
            input=said,
            check=True,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        )
    except subprocess.CalledProcessError as error:
        words = (error.stderr.strip().splitlines() or ["no reason"])[-1]
        raise NoNetworks(f"{' '.join(command[:6])}: {words}") from None


@contextmanager
def networks() -> Iterator[Networks]:
    """The four, joined; nothing of them stays, whatever happens."""
    for tool, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(tool) is None:
            raise NoNetworks(f"{tool} is not installed: apt-get install {package}")
    mark = secrets.token_hex(3)
    made = Networks(*(f"parvis-{mark}-{what}" for what in ("hub", "router", "edge", "phones")))
    with ExitStack() as stack:
        for name in (made.hub, made.router, made.edge, made.phones):
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "delete", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        _join(made.hub, "eth", f"{HUB_ADDRESS}/24", made.router, "lan", "192.168.77.1/24")
        _join(made.router, "wan", "198.18.1.2/24", made.edge, "venue", "198.18.1.1/24")
        _join(made.phones, "eth", "198.18.2.2/24", made.edge, "mobile", "198.18.2.1/24")
        run("ip", "-n", made.edge, "address", "add", f"{EDGE_ADDRESS}/32", "dev", "lo")
        for name, by in (
            (made.hub, "192.168.77.1"),
            (made.router, "198.18.1.1"),
            (made.phones, "198.18.2.1"),
        ):
            run("ip", "-n", name, "route", "add", "default", "via", by)
        # The edge knows the way to the venue: what keeps it out is the router, not ignorance.
        run("ip", "-n", made.edge, "route", "add", "192.168.77.0/24", "via", "198.18.1.2")
        run(*made.inside(made.router), "sysctl", "-qw", "net.ipv4.ip_forward=1")
        made.mend()
        run(*made.inside(made.hub), "nft", "-f", "-", said=HUB)
        yield made


def _join(one: str, device: str, address: str, other: str, far: str, far_address: str) -> None:
    """A cable between two namespaces."""
    run(
        *("ip", "-n", one, "link", "add", device, "type", "veth"),
        *("peer", "name", far, "netns", other),
    )
    for name, end, its in ((one, device, address), (other, far, far_address)):
        run("ip", "-n", name, "address", "add", its, "dev", end)
        run("ip", "-n", name, "link", "set", end, "up")
