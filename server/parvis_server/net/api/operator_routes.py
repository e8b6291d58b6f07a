"""Who runs the hub, over HTTP: claim, sessions, the state of the house, its audit."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from parvis_server.net.api.asking import FOR_EVERYBODY, NOT_KEPT, Anybody, Asker, faults
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.house_models import (
    ActInfo,
    ActList,
    Claim,
    HouseChange,
    HouseInfo,
    NewSession,
    SessionInfo,
    SessionList,
    SetupLink,
    SignIn,
)
from parvis_server.net.api.operators import Operators, utc_ms
from parvis_server.trust.house import Grant
from parvis_server.trust.setup import SETUP_MS

MAX_ACTS_AT_ONCE = 1_000
ACTS_AT_ONCE = 200
"""A page."""

CURRENT = "current"

SessionId = Annotated[str, Path(pattern=rf"^([0-9a-f]{{16}}|{CURRENT})$")]


def session_routes(operators: Operators) -> APIRouter:
    """How operators come and go."""
    routes = APIRouter(tags=["operators"], dependencies=NOT_KEPT)

    @routes.post(
        "/claim",
        status_code=201,
        responses=faults(401, 403, 409),
        openapi_extra=FOR_EVERYBODY,
    )
    async def claim(caller: Anybody, body: Claim) -> NewSession:
        """Become an operator by the secret of a setup link, which is used up by it."""
        grant = await operators.claim(caller, body.secret, body.name, body.password)
        return _new_session(grant)

    @routes.post(
        "/sessions",
        status_code=201,
        responses=faults(401, 403, 409),
        openapi_extra=FOR_EVERYBODY,
    )
    async def sign_in(caller: Anybody, body: SignIn) -> NewSession:
        """Become an operator by the password."""
        return _new_session(await operators.sign_in(caller, body.password, body.name))

    @routes.get("/sessions", responses=faults(401, 403))
    async def list_sessions(caller: Asker) -> SessionList:
        """Who is signed in. For operators."""
        own = operators.check(caller).session
        found = operators.trust.sessions(utc_ms())
        return SessionList(sessions=tuple(SessionInfo.of(one, own) for one in found))

    @routes.delete("/sessions/{session}", status_code=204, responses=faults(401, 403, 404))
    async def revoke_session(caller: Asker, session: SessionId) -> Response:
        """End a session at once; `current` is the one that asks. For operators."""
        operator = operators.check(caller)
        own = operator.session
        if session == CURRENT and own is None:
            raise ApiFault(404, "not_found", "the token of the data folder is no session")
        which = own.id if session == CURRENT and own is not None else session
        operators.trust.revoke_session(which, operator.name, operator.address, utc_ms())
        await operators.kept()
        return Response(status_code=204)

    @routes.post("/setup", status_code=201, responses=faults(401, 403))
    async def make_link(caller: Asker) -> SetupLink:
        """A link that makes one more operator, once. For operators."""
        link = operators.new_setup_link(operators.check(caller))
        return SetupLink(link=link, minutes=SETUP_MS // 60_000)

    return routes


def house_routes(operators: Operators) -> APIRouter:
    """How the hub stands, and what was done to it."""
    routes = APIRouter(tags=["house"], dependencies=NOT_KEPT)

    @routes.get("/house", responses=faults(401, 403))
    async def show_house(caller: Asker) -> HouseInfo:
        """How the hub stands, and what is missing. For operators."""
        operators.check(caller)
        return HouseInfo.of(operators)

    @routes.patch("/house", responses=faults(401, 403))
    async def change_house(caller: Asker, body: HouseChange) -> HouseInfo:
        """Let hosts and operators use plain http from other machines, or not. For operators."""
        operator = operators.check(caller)
        if body.plain_host != operators.trust.plain_host:
            trust = operators.trust
            trust.set_plain_host(body.plain_host, operator.name, operator.address, utc_ms())
            await operators.kept()
        return HouseInfo.of(operators)

    @routes.get("/audit", responses=faults(401, 403))
    async def show_audit(
        caller: Asker,
        limit: Annotated[int, Query(ge=1, le=MAX_ACTS_AT_ONCE)] = ACTS_AT_ONCE,
        before: Annotated[int | None, Query(ge=1, lt=1 << 53)] = None,
    ) -> ActList:
        """Who did what to the house, the newest first; `before` a number turns the page. For
        operators."""
        operators.check(caller)
        return ActList(acts=tuple(ActInfo.of(one) for one in operators.trust.acts(limit, before)))

    return routes


def _new_session(grant: Grant) -> NewSession:
    session = SessionInfo.of(grant.session, grant.session)
    return NewSession(token=grant.token, session=session)
