"""The API keeps to its own document, whatever it is asked: schemathesis makes the requests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from fakes.engine import FakeEngine
from parvis_server.app import Hub
from parvis_server.config import AccessSettings, HubSettings, NetworkSettings
from parvis_server.data_folder import DataFolder
from parvis_server.hub_server import Listener
from parvis_server.net.rate import Attempts
from parvis_server.ports import take_port
from parvis_server.trust.units import How
from parvis_wire.floor import About, Access, Phase
from parvis_wire.identity import fingerprint

# Which signs a name or a line may hold (none that forges a screen) cannot be said in JSON Schema.
NOT_SAID: list[Callable[..., bool | None]] = [positive_data_acceptance]

EXAMPLES = 20
"""For each of 30 operations, twice: some 15 s."""

NAME = "testserver"
KEY = bytes(32)
UNIT = fingerprint(KEY)
DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    network = NetworkSettings(host="127.0.0.1", port=0, names=(NAME,))
    access = AccessSettings(plain_host=True)  # the test's requests come from no known machine
    kept = HubSettings(data=folder, network=network, access=access)
    with pytest.MonkeyPatch.context() as patch:
        # A thousand wrong secrets come from one address: how they are slowed has its own tests.
        unlimited = Attempts(per_s=0, burst=1e9)
        patch.setattr("parvis_server.app.wrong_secret_attempts", lambda: unlimited)
        hub = Hub(kept, DataFolder.open(folder), FakeEngine)
    private = About(title="Board", access=Access.PRIVATE)
    hub.rooms.create(private, name="board", phase=Phase.SCHEDULED)
    with take_port(network) as taken:
        hub.listeners = [Listener(taken)]
        hub.trust.pair(KEY, "Table 4", How.CODE, "Zoé", "127.0.0.1", 0)
        yield hub


@pytest.fixture(scope="module")
def document(hub: Hub) -> BaseSchema:
    return schemathesis.openapi.from_asgi(DOCUMENT, hub.application())


OPERATIONS = [
    ("GET", "/rooms"),
    ("POST", "/rooms"),
    ("GET", "/rooms/{room}"),
    ("PATCH", "/rooms/{room}"),
    ("PUT", "/rooms/{room}/phase"),
    ("GET", "/rooms/{room}/floor"),
    ("GET", "/rooms/{room}/audience"),
    ("POST", "/rooms/{room}/acts"),
    ("GET", "/rooms/{room}/acts"),
    ("GET", "/rooms/{room}/recordings"),
    ("POST", "/rooms/{room}/recordings/{recording}/acts"),
    ("POST", "/rooms/{room}/recordings/{recording}/hearing"),
    ("POST", "/rooms/{room}/recordings/acts"),
    ("POST", "/rooms/{room}/exports"),
    ("POST", "/rooms/{room}/erasures"),
    ("POST", "/erasures"),
    ("GET", "/rooms/{room}/replays"),
    ("POST", "/rooms/{room}/paths"),
    ("GET", "/rooms/{room}/paths"),
    ("DELETE", "/rooms/{room}/paths/{grant}"),
    ("POST", "/rooms/{room}/links"),
    ("POST", "/rooms/{room}/links/qr.svg"),
    ("GET", "/rooms/{room}/qr.svg"),
    ("POST", "/rooms/{room}/invitations"),
    ("DELETE", "/rooms/{room}/invitations/{number}"),
    ("GET", "/rooms/{room}/invitations"),
    ("POST", "/codes"),
    ("POST", "/claim"),
    ("POST", "/sessions"),
    ("GET", "/sessions"),
    ("DELETE", "/sessions/{session}"),
    ("POST", "/setup"),
    ("GET", "/house"),
    ("PATCH", "/house"),
    ("GET", "/audit"),
    ("GET", "/units"),
    ("POST", "/units"),
    ("PATCH", "/units/{unit}"),
    ("DELETE", "/units/{unit}"),
    ("POST", "/units/{unit}/pair"),
    ("POST", "/units/{unit}/accept"),
    ("POST", "/units/{unit}/identify"),
    ("GET", "/rooms/{room}/edges"),
    ("GET", "/edges"),
    ("POST", "/edges/{edge}/drain"),
]

ASKS_FOR_NOTHING = {
    ("GET", "/rooms"),
    ("GET", "/sessions"),
    ("POST", "/setup"),
    ("GET", "/house"),
    ("GET", "/units"),
    ("GET", "/edges"),
}
"""What cannot be asked wrongly."""


def test_no_operation_is_left_out(document: BaseSchema) -> None:
    results = document.get_all_operations()
    found = [result.ok() for result in results if isinstance(result, Ok)]
    assert sorted((one.method.upper(), one.path) for one in found) == sorted(OPERATIONS)


CASES = [
    (method, path, mode)
    for method, path in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or (method, path) not in ASKS_FOR_NOTHING
]


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_every_answer_is_in_the_document(
    document: BaseSchema, hub: Hub, method: str, path: str, mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {hub.keys.operator_token}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=document[path][method].as_strategy(generation_mode=mode), there=st.booleans())
    def asks(case: Case[Any], there: bool) -> None:
        if there and mode is GenerationMode.POSITIVE and "room" in case.path_parameters:
            case.path_parameters["room"] = "main"
        if there and mode is GenerationMode.POSITIVE and "unit" in case.path_parameters:
            case.path_parameters["unit"] = UNIT
        # Whom a request is meant for is judged before the API, with tests of its own.
        for name in [name for name in case.headers if name.lower() == "host"]:
            del case.headers[name]
        shown = None if _is_about_headers(case) else headers
        case.call_and_validate(headers=shown, excluded_checks=NOT_SAID)

    asks()


def _is_about_headers(case: Case[Any]) -> bool:
    """Whether what is wrong on purpose is a header: with the right one it would be right."""
    about = case.meta.components.get(ParameterLocation.HEADER) if case.meta is not None else None
    return about is not None and about.mode is GenerationMode.NEGATIVE
