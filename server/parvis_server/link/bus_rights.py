"""Who may do what on the bus of a public edge: users and rights for nats-server's settings. Pure.

The hub says what only a hub may say, edges what only edges may say; neither reads the other's
questions. An edge reads what other edges of the site are told: they are of one trust. Nobody sees
another site, and nobody uses the bus for anything else.
"""

import json
from typing import Any

from parvis_server.link.publish_address import BusUser, PublishAddress
from parvis_wire.bus_subjects import Subjects

INBOX = "_INBOX.>"
"""Where NATS' own library has answers sent to."""


def rights(site: str) -> dict[str, dict[str, list[str]]]:
    """By user: under which subjects they may publish and hear."""
    names = Subjects(site)
    every_edge = [names.relay_down("*"), names.sound_down("*"), names.orders("*")]
    questions = [names.hello, names.rooms, names.admit, names.http]
    return {
        "hub": {
            "publish": [
                *(names.hub_beat, names.news("*"), names.program("*"), *every_edge),
                *(names.people("*"), INBOX),
            ],
            "subscribe": [
                *(*questions, names.hub_beat, names.edge_beat),
                *(names.all_relays, names.all_sound, INBOX),
            ],
        },
        "edge": {
            "publish": [
                *(*questions, names.edge_beat, names.relay_up("*"), names.sound_up("*")),
                INBOX,
            ],
            "subscribe": [
                *(names.hub_beat, names.news("*"), names.program("*"), names.edge_beat),
                *(*every_edge, names.people("*"), INBOX),
            ],
        },
        "link": {
            "publish": [names.program("*"), names.sound_down("*")],
            "subscribe": [names.all_sound],
        },
    }


def authorization(address: PublishAddress) -> str:
    """The ``authorization`` block of nats-server's settings; it holds passwords: a 0600 file."""
    allowed = rights(address.site)
    users = [_user(user, allowed[user.name]) for user in (address.hub, address.edge, address.link)]
    return f"authorization: {json.dumps({'users': users}, indent=2)}\n"


def _user(user: BusUser, allowed: dict[str, list[str]]) -> dict[str, Any]:
    permissions = {way: {"allow": subjects} for way, subjects in allowed.items()}
    return {"user": user.name, "password": user.password, "permissions": permissions}
