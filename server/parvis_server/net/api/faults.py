"""How the API says no: JSON with a word for programs and a sentence for people."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parvis_server.errors import RoomRefused, ServerError, TrustRefused
from parvis_wire.messages import MAX_FAULT_CHARACTERS

NO_STORE = {"Cache-Control": "no-store"}

WORDS: Mapping[int, tuple[str, str]] = {
    404: (
        "not_found",
        "There is nothing at this address. Il n'y a rien à cette adresse.",
    ),
    405: (
        "method",
        "This address does not take that kind of request. "
        "Cette adresse n'accepte pas ce type de requête.",
    ),
    413: ("too_big", "The body is larger than 32 kB."),
}
TRUST_STATUS = {"unauthorised": 401, "plain": 403, "not_found": 404, "rate": 429, "password": 422}
"""Where a refusal of the house is not a conflict with how things stand."""

MISTAKE = ("mistake", "The hub made a mistake; it is in its log.")


class ApiFault(ServerError, ValueError):
    """A request that cannot be carried out."""

    def __init__(self, status: int, code: str, text: str) -> None:
        """``status`` of HTTP, ``code`` for programs, ``text`` for people."""
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


def answer(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says no."""
    challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(
        {"code": code, "text": text},
        status_code=status,
        headers={**NO_STORE, **challenge, **(headers or {})},
    )


def add_faults(api: FastAPI) -> None:
    """Let every fault of ``api`` be answered in JSON."""

    @api.exception_handler(ApiFault)
    async def refused(request: Request, fault: ApiFault) -> Response:
        return answer(fault.status, fault.code, fault.text)

    @api.exception_handler(RoomRefused)
    async def room_refused(request: Request, fault: RoomRefused) -> Response:
        return answer(409, fault.code, fault.text)

    @api.exception_handler(TrustRefused)
    async def trust_refused(request: Request, fault: TrustRefused) -> Response:
        return answer(TRUST_STATUS.get(fault.code, 409), fault.code, fault.text)

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, fault: RequestValidationError) -> Response:
        return answer(422, "invalid", _first_fault(fault.errors()))

    @api.exception_handler(HTTPException)
    async def plain(request: Request, fault: HTTPException) -> Response:
        if fault.status_code == 400:  # a body that is no text at all
            return answer(422, "invalid", "body: it is not JSON in UTF-8")
        code, text = WORDS.get(fault.status_code, ("invalid", str(fault.detail)))
        return answer(fault.status_code, code, text, fault.headers)

    @api.exception_handler(Exception)
    async def mistake(request: Request, fault: Exception) -> Response:
        return answer(500, *MISTAKE)


def _first_fault(errors: Any) -> str:
    """One line about the first fault; the caller's own words are not repeated."""
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return f"{where}: {first['msg']}"[:MAX_FAULT_CHARACTERS]
