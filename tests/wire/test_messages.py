"""Control messages: vectors, bounds, and text that was never a message."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_wire.commands import RaiseHand
from parvis_wire.errors import BadMessage
from parvis_wire.messages import (
    MAX_FAULT_CHARACTERS,
    MAX_LISTENER_MESSAGE_BYTES,
    Join,
    Role,
    parse_client_message,
    parse_hub_message,
    serialize,
)

VECTORS = Path(__file__).parents[1] / "vectors"
VALID: list[dict[str, Any]] = json.loads((VECTORS / "messages_valid.json").read_text("utf-8"))
INVALID: list[dict[str, str]] = json.loads((VECTORS / "messages_invalid.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["message"]["type"])
def test_valid_vector_is_read_and_written(case: dict[str, Any]) -> None:
    parse = parse_client_message if case["direction"] == "client" else parse_hub_message
    assert json.loads(serialize(parse(json.dumps(case["message"])))) == case["message"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["name"])
def test_invalid_vector_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(BadMessage):
        parse_client_message(case["text"])


def test_every_message_has_a_vector() -> None:
    schema = json.loads(
        (Path(__file__).parents[2] / "server/parvis_wire/messages.schema.json").read_text("utf-8")
    )
    for direction in ("client", "hub"):
        mapping = schema["$defs"][f"{direction.title()}Message"]["discriminator"]["mapping"]
        seen = {case["message"]["type"] for case in VALID if case["direction"] == direction}
        assert seen == set(mapping)


def test_unknown_keys_are_ignored_for_later_versions() -> None:
    text = '{"type":"join","version":1,"role":"listener","colour":"blue"}'
    assert parse_client_message(text) == Join(version=1, role=Role.LISTENER)


@pytest.mark.parametrize("name", ["Zoé", "  Zoé ", "Zoe\u0301", "李雷", "می‌خواهم", "👩‍🚀 Ana"])
def test_names_of_the_world_are_welcome(name: str) -> None:
    message = parse_client_message(json.dumps({"type": "raise_hand", "id": "c", "name": name}))
    assert isinstance(message, RaiseHand)
    assert message.name is not None
    assert message.name == message.name.strip()
    if "Zo" in name:
        assert message.name == "Zoé"


def test_a_name_is_within_bounds_also_in_its_canonical_form() -> None:
    growing = "\u0958" * 40  # NFC makes two characters of each
    with pytest.raises(BadMessage):
        parse_client_message(json.dumps({"type": "raise_hand", "id": "c", "name": growing}))


@pytest.mark.parametrize("name", ["\u200d", " \u200c \u200d "])
def test_a_name_that_nobody_can_see_is_refused(name: str) -> None:
    with pytest.raises(BadMessage):
        parse_client_message(json.dumps({"type": "raise_hand", "id": "c", "name": name}))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    for text in (
        f'{{"type":"level","level_dbfs":{number}}}',
        f'{{"type":"report","rung":"mp3","buffer_ms":1,"played_ms":{number},"underruns":0}}',
    ):
        with pytest.raises(BadMessage):
            parse_client_message(text)


def test_a_fault_stays_one_short_line() -> None:
    with pytest.raises(BadMessage) as caught:
        parse_client_message(json.dumps({"type": "x" * 4000}))
    assert len(str(caught.value)) <= MAX_FAULT_CHARACTERS


def test_the_largest_honest_message_fits_the_bound() -> None:
    widest = "\U0001f600"
    about = {"title": widest * 120, "description": widest * 2000, "topics": [widest * 280] * 8}
    credential = {"token": "t" * 256}
    largest = [
        {"type": "describe", "id": "x" * 64, "about": {**about, "language": "fr"}},
        {
            "type": "join",
            "version": 1,
            "role": "listener",
            "room": "r" * 64,
            "credential": {"kind": "resume", **credential},
            "invite": {"kind": "invite", **credential},
            "stream": "s" * 32,
            "name": widest * 40,
        },
    ]
    for message in largest:
        text = json.dumps(message, ensure_ascii=False)
        parse_client_message(text)
        assert len(text.encode()) < MAX_LISTENER_MESSAGE_BYTES * 0.9


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "id", "role", "name", "version", "unit"]), inner)
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_message_or_a_bad_message(value: object) -> None:
    for parse in (parse_client_message, parse_hub_message):
        with contextlib.suppress(BadMessage):
            parse(json.dumps(value))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_bad_message(message: bytes) -> None:
    with pytest.raises(BadMessage):
        parse_client_message(b"\0" + message)


@given(st.sampled_from(VALID), st.data())
def test_a_damaged_message_never_breaks_the_parser(
    case: dict[str, Any], data: st.DataObject
) -> None:
    text = bytearray(json.dumps(case["message"]).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadMessage):
        parse_client_message(bytes(text))
