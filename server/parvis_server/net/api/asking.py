"""What all routes share: who asks, and the faults that they may answer with."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from parvis_server.net.api.caller import Caller
from parvis_server.net.api.faults import NO_STORE
from parvis_server.net.api.models import Fault

FOR_EVERYBODY: dict[str, Any] = {"security": [{}]}
"""In the document: also without a secret."""

bearer = HTTPBearer(
    auto_error=False,
    description="An operator's session, the hub's own token, or the secret of a link.",
)

Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def caller_of(request: Request, shown: Shown) -> Caller:
    """Who asks."""
    return Caller.of(request, None if shown is None else shown.credentials)


async def anybody(request: Request) -> Caller:
    """Who asks, where no secret is wanted."""
    return Caller.of(request, None)


async def not_kept(response: Response) -> None:
    """Let no cache keep what is said."""
    response.headers.update(NO_STORE)


NOT_KEPT = [Depends(not_kept)]
"""Of routes whose answers hold secrets, or are about people."""

Asker = Annotated[Caller, Depends(caller_of)]
Anybody = Annotated[Caller, Depends(anybody)]

TEXTS = {
    401: "No secret, or a wrong one.",
    403: "Others on the network could read along.",
    404: "There is no such room, unit or session, or it is not for everybody.",
    405: "Not this kind of request.",
    409: "That cannot be done as things stand.",
    413: "The body is too large.",
    422: "A field is missing, unknown or out of bounds.",
    429: "Too many wrong secrets, codes or passwords; or too often asked for the same.",
}


def faults(*codes: int) -> dict[int | str, dict[str, Any]]:
    """These answers in the document, and those that any request may get."""
    always = (413, 422, 429)
    return {
        code: {"model": Fault, "description": TEXTS[code]} for code in sorted({*codes, *always})
    }
