"""The link's handshake over any WebSocket: what each side says, and what it refuses.

Both sides say why they refuse in the closing frame, in the words of ``Refusal``.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from parvis_server.link.proof import (
    LINK_VERSION,
    LinkChallenge,
    LinkHello,
    LinkProof,
    LinkReady,
    Talk,
    new_nonce,
    read,
)

Say = Callable[[str], Awaitable[None]]
Hear = Callable[[], Awaitable[object]]


class Refusal(StrEnum):
    """Why a link is refused; the words of its closing frame."""

    VERSION = "link: another version of Parvis"
    SECRET = "link: this is not the address that the edge printed"
    TAKEN = "link: another hub publishes here already"
    TURN = "link: out of turn"


class LinkRefused(Exception):
    """No link with this peer, for now."""

    def __init__(self, why: Refusal) -> None:
        """``why`` is told to the peer."""
        super().__init__(why.value)
        self.why = why


async def greet(say: Say, hear: Hear, *, key: bytes, hub: str, place: int) -> str:
    """The hub's side; gives the edge's id.

    Raises:
        LinkRefused: the edge is none that knows the address.
        BadMessage: it says something else.
    """
    hello = LinkHello(hub=hub, nonce=new_nonce(), place=place)
    await say(hello.model_dump_json())
    challenge = read(LinkChallenge, await hear())
    if challenge.version != LINK_VERSION:
        raise LinkRefused(Refusal.VERSION)
    talk = Talk(hello, challenge.edge, challenge.nonce)
    if not talk.is_proven("edge", key, challenge.proof):
        raise LinkRefused(Refusal.SECRET)
    await say(LinkProof(proof=talk.proof_of("hub", key)).model_dump_json())
    read(LinkReady, await hear())
    return challenge.edge


async def admit(say: Say, hear: Hear, *, key: bytes, edge: str) -> LinkHello:
    """The edge's side, but for its last word; gives who the hub is.

    Raises:
        LinkRefused: it is no hub that knows the address.
        BadMessage: it says something else.
    """
    hello = read(LinkHello, await hear())
    if hello.version != LINK_VERSION:
        raise LinkRefused(Refusal.VERSION)
    talk = Talk(hello, edge, new_nonce())
    challenge = LinkChallenge(edge=edge, nonce=talk.nonce, proof=talk.proof_of("edge", key))
    await say(challenge.model_dump_json())
    proof = read(LinkProof, await hear())
    if not talk.is_proven("hub", key, proof.proof):
        raise LinkRefused(Refusal.SECRET)
    return hello


async def let_in(say: Say) -> None:
    """The edge's last word: sound may come."""
    await say(LinkReady().model_dump_json())
