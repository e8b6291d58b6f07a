"""PROTOCOL.md names everything that the code knows, with the same fields and codes."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from parvis_wire.audience import Reaction
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import (
    Access,
    FloorMode,
    FloorRules,
    Hand,
    InviteRole,
    LowerReason,
    Overtaking,
    Phase,
    Turn,
)
from parvis_wire.messages import (
    MAX_LISTENER_MESSAGE_BYTES,
    MAX_UNIT_MESSAGE_BYTES,
    Attention,
    RefusalCode,
    Role,
    client_messages,
    hub_messages,
)
from parvis_wire.room_view import (
    RoomView,
)
from parvis_wire.rtp import MAX_PACKET_BYTES, PAYLOAD_TYPE_OPUS
from parvis_wire.standing import (
    Standing,
)

TEXT = (Path(__file__).parents[2] / "server/parvis_wire/PROTOCOL.md").read_text("utf-8")
SCHEMAS: list[dict[str, Any]] = [client_messages.json_schema(), hub_messages.json_schema()]


def rows() -> dict[str, str]:
    """First cell to the whole row, of every table."""
    found = re.findall(r"^\| `?([\w /.-]+?)`? \|.*$", TEXT, re.MULTILINE)
    return {name: re.search(rf"^\| `?{re.escape(name)}`? \|.*$", TEXT, re.M)[0] for name in found}  # type: ignore[index]


def messages() -> list[tuple[str, list[str]]]:
    listed = []
    for schema in SCHEMAS:
        for name, reference in schema["discriminator"]["mapping"].items():
            fields = schema["$defs"][reference.rsplit("/", 1)[-1]]["properties"]
            listed.append((name, [field for field in fields if field != "type"]))
    return listed


@pytest.mark.parametrize(("name", "fields"), messages(), ids=lambda value: str(value)[:30])
def test_every_message_has_a_row_with_its_fields(name: str, fields: list[str]) -> None:
    row = rows()[name]
    for field in fields:
        assert re.search(rf"`{field}[` ]", row), f"{name} lacks {field}"


def test_every_event_has_a_row_with_its_fields() -> None:
    told = TEXT[TEXT.index("### Events") : TEXT.index("### What it means")]
    schema = SCHEMAS[1]["$defs"]
    events = schema["Change"]["properties"]["event"]["discriminator"]["mapping"]
    for name, reference in events.items():
        row = re.search(rf"^\| `{name}` \|.*$", told, re.MULTILINE)
        assert row, name
        for field in schema[reference.rsplit("/", 1)[-1]]["properties"]:
            assert field == "type" or re.search(rf"`{field}[` ]", row[0]), (name, field)


@pytest.mark.parametrize(
    "words", [FloorMode, Overtaking, LowerReason, Phase, Access, InviteRole, Attention, Reaction]
)
def test_every_choice_is_named(words: type[StrEnum]) -> None:
    assert [word for word in words if f"`{word}`" not in TEXT] == []


@pytest.mark.parametrize("role", Role)
def test_every_role_is_among_the_roles_and_at_an_endpoint(role: Role) -> None:
    assert re.search(rf"^\| `{role}` \| .* \| .* \|$", TEXT, re.MULTILINE)
    assert any(f"`{role}`" in row for name, row in rows().items() if name.startswith("/ws/"))


@pytest.mark.parametrize("part", [Hand, Turn, FloorRules])
def test_the_view_is_told_with_all_its_parts(part: type[Wire]) -> None:
    missing = [field for field in part.model_fields if not re.search(rf"\b{field}\b", TEXT)]
    assert missing == []


@pytest.mark.parametrize("code", CloseCode)
def test_every_close_code_has_a_row_that_tells_whether_to_retry(code: CloseCode) -> None:
    answer = rows()[str(int(code))].rstrip("| ").rsplit("|", 1)[-1].strip()
    assert answer == ("yes" if code.retryable else "no")


def test_refusals_standings_and_view_fields_are_named() -> None:
    for word in (*RefusalCode, *Standing):
        assert f"`{word}`" in TEXT
    for field in RoomView.model_fields:
        assert field in rows()["snapshot"]


@pytest.mark.parametrize(
    "number", [MAX_PACKET_BYTES, MAX_LISTENER_MESSAGE_BYTES, MAX_UNIT_MESSAGE_BYTES]
)
def test_size_limits_are_those_of_the_code(number: int) -> None:
    assert f"{number:,} bytes" in TEXT


def test_payload_type_is_that_of_the_code() -> None:
    assert f"payload type {PAYLOAD_TYPE_OPUS}" in TEXT
