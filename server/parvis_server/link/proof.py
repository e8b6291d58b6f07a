"""How both ends of a link prove that they know the publish address, without saying it. Pure.

The hub says a nonce, the edge another with its proof, the hub answers with its own: HMAC-SHA-256
with the link's key over which side speaks and all that was said. The edge proves first, so a hub
that was led to the wrong machine says nothing that could be used. TLS keeps others out of the
connection; that it ends at the right name is checked by the hub.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from parvis_wire.base import Wire
from parvis_wire.edges import EdgeId, HubId
from parvis_wire.errors import BadMessage

LINK_VERSION = 1

CONTEXT = b"parvis link v1|"

Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Mac = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

M = TypeVar("M", bound=Wire)


class LinkHello(Wire):
    """Hub to edge: who wants to link."""

    type: Literal["link_hello"] = "link_hello"
    version: int = LINK_VERSION
    hub: HubId
    nonce: Nonce
    place: int = Field(ge=0, le=1)
    """Which of the two connections this is: a newer one takes the place of an older."""


class LinkChallenge(Wire):
    """Edge to hub: its own nonce, and its proof."""

    type: Literal["link_challenge"] = "link_challenge"
    version: int = LINK_VERSION
    edge: EdgeId
    nonce: Nonce
    proof: Mac = Field(repr=False)


class LinkProof(Wire):
    """Hub to edge: its proof."""

    type: Literal["link_proof"] = "link_proof"
    proof: Mac = Field(repr=False)


class LinkReady(Wire):
    """Edge to hub: sound may come, from both sides."""

    type: Literal["link_ready"] = "link_ready"


@dataclass(frozen=True, slots=True)
class Talk:
    """All that was said before the proofs."""

    hello: LinkHello
    edge: str
    nonce: str

    def proof_of(self, side: Literal["hub", "edge"], key: bytes) -> str:
        """The proof of one side."""
        hello = self.hello
        said = (side, str(hello.version), hello.hub, hello.nonce, str(hello.place))
        words = "|".join((*said, self.edge, self.nonce))
        return hmac.new(key, CONTEXT + words.encode(), hashlib.sha256).hexdigest()

    def is_proven(self, side: Literal["hub", "edge"], key: bytes, proof: str) -> bool:
        """Whether this is the proof of that side."""
        return hmac.compare_digest(self.proof_of(side, key), proof)


def new_nonce() -> str:
    """128 bits that were never said before."""
    return secrets.token_hex(16)


def read(kind: type[M], text: object) -> M:
    """The next message of the handshake.

    Raises:
        BadMessage: it is another, or none.
    """
    if not isinstance(text, str):
        raise BadMessage("the link's handshake is text")
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise BadMessage(f"{where}: {first['msg']}") from error
