"""Where listeners of a room are sent: the hub itself, or the edges that it names."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from parvis_server.bench.listening.plan import Target
from parvis_server.errors import BenchError, HubUnreachable
from parvis_server.listen.link import LISTEN_ENDPOINT, ListenerLink

ANSWER_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 65_536

EDGES_START_S = 40.0
"""Each is a Python process with the hub's libraries: two seconds, on a machine that is not busy."""


def target_of(link: ListenerLink) -> Target:
    """The place that a link names; raises ``HubUnreachable`` when its name leads nowhere."""
    try:
        found = socket.getaddrinfo(link.host, link.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise HubUnreachable(f"nobody is called {link.host!r}: {error.strerror}") from error
    # IPv4 first: a hub listens on 0.0.0.0 unless told otherwise.
    address = min(found, key=lambda each: each[0] is not socket.AF_INET)[4][0]
    return Target(str(address), link.port, link.host, encrypted=link.url.startswith("wss:"))


def edge_targets(link: ListenerLink) -> tuple[Target, ...]:
    """The edges to which the hub sends the page of this room; none when it knows of no edges.

    Raises:
        HubUnreachable: the hub does not answer.
        BenchError: it answers what cannot be read.
    """
    scheme = "https" if link.url.startswith("wss:") else "http"
    url = f"{scheme}://{link}/api/v1/rooms/{link.room}/edges"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT_S) as answer:
            told = json.loads(answer.read(MAX_ANSWER_BYTES))
            places, weights = told["edges"], [int(one) for one in told["weights"]]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return ()
        raise BenchError(f"{url} answered {error.code}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HubUnreachable(f"{url} does not answer: {error}") from error
    if not any(weights):
        weights = [1] * len(places)  # all are busy alike
    return tuple(
        replace(place_target(str(place), link), weight=weight)
        for place, weight in zip(places, weights, strict=False)
    )


def await_edges(link: ListenerLink, count: int) -> tuple[Target, ...]:
    """The edges of a hub that is starting them; raises ``BenchError`` when they do not come.

    They are alike, whatever their start costs them now: each gets as many listeners.
    """
    end_s = time.monotonic() + EDGES_START_S
    while len(found := edge_targets(link)) < count:
        if time.monotonic() > end_s:
            raise BenchError(
                f"{len(found)} of {count} edge workers were there after {EDGES_START_S:g} s: the "
                "hub's log says why"
            )
        time.sleep(0.2)
    return tuple(replace(target, weight=1) for target in found)


def place_target(place: str, link: ListenerLink) -> Target:
    """A place as the hub tells it: a port of its own host, a path of it, or another origin."""
    own = target_of(link)
    if place.startswith(":"):
        return Target(own.address, int(place[1:]), own.host, encrypted=own.encrypted)
    if place.startswith("/"):
        path = place.rstrip("/") + LISTEN_ENDPOINT
        return Target(own.address, own.port, own.host, path, own.encrypted)
    parts = urlsplit(place)
    return target_of(ListenerLink.parse(f"{parts.scheme}://{parts.netloc}"))


def spread(targets: Sequence[Target]) -> str:
    """For people."""
    return ", ".join(f"{target.authority}{target.path}" for target in targets)
