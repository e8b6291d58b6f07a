"""The JSON Schema of all messages, from which the page's TypeScript types are made.

``python -m parvis_wire.schema`` writes ``messages.schema.json`` beside this file; with
``--check`` it only says whether the file is fresh (exit code 1 when it is not).
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from parvis_wire.messages import client_messages, hub_messages

FILE_NAME = "messages.schema.json"
PATH = Path(__file__).with_name(FILE_NAME)


def json_schema() -> dict[str, Any]:
    """One schema document with the definitions ``ClientMessage`` and ``HubMessage``."""
    definitions: dict[str, Any] = {}
    for title, adapter, mode in (
        ("ClientMessage", client_messages, "validation"),
        ("HubMessage", hub_messages, "serialization"),
    ):
        schema = _adapter_schema(adapter, mode)
        definitions.update(schema.pop("$defs", {}))
        definitions[title] = schema
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parvis messages",
        "anyOf": [{"$ref": "#/$defs/ClientMessage"}, {"$ref": "#/$defs/HubMessage"}],
        "$defs": dict(sorted(definitions.items())),
    }


def _adapter_schema(adapter: TypeAdapter[Any], mode: Any) -> dict[str, Any]:
    return adapter.json_schema(mode=mode)


def render() -> str:
    """The file's text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the schema, or with ``--check`` compare it; returns the exit code."""
    fresh = PATH.exists() and PATH.read_text(encoding="utf-8") == render()
    if arguments == ["--check"]:
        if not fresh:
            print(f"{FILE_NAME} is stale: run python -m parvis_wire.schema", file=sys.stderr)
        return 0 if fresh else 1
    if arguments:
        print("usage: python -m parvis_wire.schema [--check]", file=sys.stderr)
        return 2
    PATH.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
