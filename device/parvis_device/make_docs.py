"""Makes ``docs/talk-states.md`` from the tables of ``talk``, ``pairing``, ``light`` and of setting
up (``provisioning.machine``).

``python -m parvis_device.make_docs`` writes it; ``--check`` only says whether it is fresh (exit
code 1 when it is not). Runs in a checkout.
"""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Protocol, TypeVar

from parvis_device.light import PATTERNS
from parvis_device.pairing import TABLE as PAIRING_TABLE
from parvis_device.pairing import PairingState
from parvis_device.provisioning.machine import TABLE as SETUP_TABLE
from parvis_device.provisioning.machine import State as SetupState
from parvis_device.talk import ALWAYS_OPEN_TABLE, BUTTON_TABLE, TalkState

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

TARGET = Path(__file__).parents[2] / "docs" / "talk-states.md"

_HEAD = """# Talk states and lights of a unit

Made from `device/parvis_device/talk.py`, `pairing.py`, `light.py` and `provisioning/machine.py` by
`python -m parvis_device.make_docs`: change those, not this file.

## The light

Three lamps, on or off. Red is lit exactly while sound leaves the unit, and for nothing else; the
rhythm tells the signals apart without colour. When several apply, the first of the list is shown.

| signal | light | meaning |
|---|---|---|
"""


def render() -> str:
    """The document's text."""
    lights = "".join(
        f"| {signal.value} | {pattern.words} | {pattern.meaning} |\n"
        for signal, pattern in PATTERNS.items()
    )
    return (
        _HEAD
        + lights
        + "\n## A unit with a button\n\n"
        + "\n".join(_diagram(BUTTON_TABLE))
        + "\n\nA pair of state and event that is not drawn changes nothing.\n\n"
        + "## A unit without a button\n\n"
        + "\n".join(_diagram(ALWAYS_OPEN_TABLE))
        + "\n\n## A unit that its hub does not know\n\n"
        + "\n".join(_diagram(PAIRING_TABLE, PairingState.AWAY))
        + "\n\n## A unit that starts\n\n"
        + "Without its button down it begins at `searching`.\n\n"
        + "\n".join(_diagram(SETUP_TABLE, SetupState.HELD))
        + "\n"
    )


class _Step(Protocol):
    """A cell of either kind of table."""

    @property
    def state(self) -> StrEnum: ...
    @property
    def actions(self) -> tuple[StrEnum, ...]: ...


def _diagram(table: Mapping[tuple[S, E], _Step], first: StrEnum = TalkState.LOST) -> Iterator[str]:
    """A Mermaid state diagram: one arrow for each pair of states, its events on it."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {first.value}"
    for (source, target), labels in groupby(sorted(_arrows(table)), lambda arrow: arrow[:2]):
        yield f"    {source} --> {target}: " + ", ".join(label for _, _, label in labels)
    yield "```"


def _arrows(table: Mapping[tuple[S, E], _Step]) -> Iterator[tuple[str, str, str]]:
    for (state, event), step in table.items():
        if step.state is state and not step.actions:
            continue
        actions = "".join(f" / {action.value}" for action in step.actions)
        yield state.value, step.state.value, event.value + actions


def main(arguments: list[str]) -> int:
    """Write the document, or with ``--check`` compare it; returns the exit code."""
    if arguments == ["--check"]:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == render()
        if not fresh:
            print(f"{TARGET.name} is stale: run python -m parvis_device.make_docs", file=sys.stderr)
        return 0 if fresh else 1
    if arguments:
        print("usage: python -m parvis_device.make_docs [--check]", file=sys.stderr)
        return 2
    TARGET.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
