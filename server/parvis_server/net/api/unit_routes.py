"""The units of the house, over HTTP: who waits, who is paired, and how one becomes the other."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from parvis_server.net.api.asking import NOT_KEPT, Asker, faults
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.house_models import (
    HandedKey,
    NewName,
    PairedUnitInfo,
    TypedSetupCode,
    UnitList,
    WaitingUnitInfo,
)
from parvis_server.net.api.operators import Operators, utc_ms
from parvis_server.trust.units import How, PairedUnit
from parvis_wire.identity import KEY_BYTES, from_text, read_setup_code
from parvis_wire.pairing import Fingerprint

NO_CODE = "code: the label has eight letters and digits, no I, O, 0 or 1, such as K7QW 3MPD"
NO_KEY = "key: these are not 32 bytes in base64url"

Named = Annotated[Fingerprint, Path(description="The fingerprint of its key.")]


def unit_routes(operators: Operators) -> APIRouter:
    """Everything about units."""
    routes = APIRouter(tags=["units"], dependencies=NOT_KEPT)
    _add_keys(routes, operators)
    _add_desk(routes, operators)
    return routes


def _add_keys(routes: APIRouter, operators: Operators) -> None:
    trust = operators.trust

    def told(unit: PairedUnit) -> PairedUnitInfo:
        software = operators.software_of(unit.unit)
        return PairedUnitInfo.of(unit, operators.room_of(unit.unit), software)

    @routes.get("/units", responses=faults(401, 403))
    async def list_units(caller: Asker) -> UnitList:
        """Units that want to join, and those that are paired. For operators."""
        operators.check(caller)
        return UnitList(
            waiting=tuple(WaitingUnitInfo.of(one) for one in operators.desk.waiting()),
            paired=tuple(told(one) for one in trust.units()),
        )

    @routes.post("/units", status_code=201, responses=faults(401, 403, 409))
    async def hand_over_key(caller: Asker, body: HandedKey) -> PairedUnitInfo:
        """Pair a unit by its public key, known from the unit itself. For operators."""
        operator = operators.check(caller)
        try:
            key = from_text(body.key, KEY_BYTES)
        except ValueError:
            raise ApiFault(422, "invalid", NO_KEY) from None
        paired = trust.pair(key, body.name, How.OPERATOR, operator.name, operator.address, utc_ms())
        await operators.kept()
        return told(paired)

    @routes.patch("/units/{unit}", responses=faults(401, 403, 404))
    async def rename(caller: Asker, unit: Named, body: NewName) -> PairedUnitInfo:
        """Call a unit something, at once; a hand or turn at it keeps its name. For operators."""
        renamed = operators.rename(operators.check(caller), unit, body.name)
        await operators.kept()
        return told(renamed)

    @routes.delete("/units/{unit}", status_code=204, responses=faults(401, 403, 404))
    async def revoke(caller: Asker, unit: Named) -> Response:
        """Forget a unit's key: it is gone at once. For operators."""
        operator = operators.check(caller)
        trust.revoke(unit, operator.name, operator.address, utc_ms())
        await operators.kept()
        return Response(status_code=204)


def _add_desk(routes: APIRouter, operators: Operators) -> None:
    desk = operators.desk

    @routes.post("/units/{unit}/pair", status_code=202, responses=faults(401, 403, 404, 409))
    async def pair(caller: Asker, unit: Named, body: TypedSetupCode) -> Response:
        """Pair a unit by the code of its label; what came of it is in the list. For operators."""
        operator = operators.check(caller)
        code = read_setup_code(body.code)
        if code is None:
            raise ApiFault(422, "invalid", NO_CODE)
        desk.pair(unit, code, operator.actor)
        return Response(status_code=202)

    @routes.post("/units/{unit}/accept", status_code=202, responses=faults(401, 403, 404, 409))
    async def accept(caller: Asker, unit: Named) -> Response:
        """Accept a unit without a label by a long press of its button. For operators."""
        operator = operators.check(caller)
        desk.accept(unit, operator.actor)
        return Response(status_code=202)

    @routes.post("/units/{unit}/identify", status_code=202, responses=faults(401, 403, 404, 409))
    async def identify(caller: Asker, unit: Named) -> Response:
        """Let a unit blink, so that somebody finds it. For operators."""
        operator = operators.check(caller)
        desk.identify(unit, operator.actor)
        return Response(status_code=202)
