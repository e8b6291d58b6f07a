"""Acts that nobody does over plain http from another machine: those of who runs a room.

A host is refused at the door there. Somebody of the audience whom a host made one is in already:
what anybody may do stays theirs, what their rank alone allows is refused until they come by https.
"""

from parvis_server.net.house_rules import NO_HTTPS, HouseRules, Whence
from parvis_server.room.permissions import PERMITTED, Part
from parvis_wire.commands import Command
from parvis_wire.floor import Rank

RAISED_OVER_PLAIN = (
    "whoever helps to run a room does it over https from other machines, so that nobody takes over "
    "what they do: open the room at "
)


def asks_for_a_rank(command: Command, actor: str) -> bool:
    """Whether only who runs the room may do this: to others, or what nobody else may at all."""
    if Part.AUDIENCE not in PERMITTED.get(command.type, {}):
        return True
    return getattr(command, "participant", None) not in (None, actor)


def refusal_over_plain(
    rules: HouseRules, peer: Whence, room: str, rank: Rank | None, is_rank_needed: bool
) -> str | None:
    """Why who has this rank may not act from there; None: they may, or have no rank anyway."""
    if rank is None or not is_rank_needed or not rules.keeps_hosts_off(peer):
        return None
    where = rules.https_origin()
    return RAISED_OVER_PLAIN + (NO_HTTPS if where is None else f"{where}/r/{room}")
