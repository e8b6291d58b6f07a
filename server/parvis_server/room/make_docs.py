"""Makes ``docs/floor.md`` from the tables of ``permissions`` and the constants of the rules.

``python -m parvis_server.room.make_docs`` writes it; ``--check`` only says whether it is fresh
(exit code 1 when it is not). Runs in a checkout.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from parvis_server.room import hands, recording, speaking, stewardship, timing, turns, undo
from parvis_server.room.clock import NS_PER_S
from parvis_server.room.permissions import (
    ALL_MODES,
    FLOOR_ACTS,
    NEXT_PHASES,
    PERMITTED,
    Part,
)
from parvis_wire.floor import FloorMode, Overtaking

TARGET = Path(__file__).parents[3] / "docs" / "floor.md"

_HEAD = """# The floor: who may do what, and what follows

Made from `server/parvis_server/room/permissions.py` and the rules beside it by
`python -m parvis_server.room.make_docs`: change those, not this file.

## Who may do what

A dot: in every mode of the floor. Otherwise the modes are named. An act marked * needs a room that
is backstage or live. `open_microphone` is a press without a grant, `end_room` and `make_hosts` are
the parts of `set_phase`, `set_rank` and `make_invite` that a co-host may not do, unless they act
for a host who is gone. Who listens is a *speaker* too while they speak, from their own phone or at
a table, and for as long as a speaker's invitation is theirs.

"""

_HAND = """
## A hand

```mermaid
stateDiagram-v2
    [*] --> Waiting: raise_hand
    Waiting --> [*]: lower_hand, dismissed, absent, blocked
    Waiting --> Granted: next, give_floor, a free place
    Granted --> Live: take_floor
    Granted --> Waiting: not taken while another waits (returned)
    Granted --> [*]: lower_hand, end_turn, three times no answer
    Live --> Interrupted: the connection breaks
    Interrupted --> Live: it is back
    Interrupted --> Waiting: it is not (returned)
    Live --> [*]: leave_floor, end_turn, close_all, overridden
```

"""

_CONSENT = """
## A recording, and who is in it

```mermaid
stateDiagram-v2
    [*] --> NotAsked: the recording begins
    NotAsked --> Yes: answer_recording, recorded
    NotAsked --> No: answer_recording, not recorded
    Yes --> No: another answer, withdraw_voice
    No --> Yes: another answer
    Yes --> NotAsked: the text changes
    No --> NotAsked: the text changes
    Yes --> [*]: the recording stops
```

| an open microphone | is in the recording |
|---|---|
| that carries somebody's turn, or the hub's voice that reads it out | while they are at Yes |
| always open, or of a unit's own turn, and people sit there | while all of them are at Yes |
| the same, and nobody sits there | as the host announced it (`unattended`) |
| of somebody far away who sends from the start | while they are at Yes |

Who was not asked answers before raising a spoken hand by phone; who is at No speaks
unrecorded, unless the host wants nobody to. Hands that are up stay in the line.

"""

_RULES: dict[Overtaking, str] = {
    Overtaking.HOST: "a host moved a hand, gave it the floor, or took an act back",
    Overtaking.RETURNED: "it had the floor: the grant was not taken, or the connection broke",
    Overtaking.REPLY: f"right of reply, {hands.MAX_REPLIES} at most",
    Overtaking.FRESH: "its owner has not spoken yet, and the rules put those first",
    Overtaking.ABSENT: "when its turn came, the earlier hand's owner was away or its unit in use",
}


def render() -> str:
    """The document's text."""
    rules = (*_times(), *_overtakings(), _CONSENT, *_phases())
    return "".join((_HEAD, *_permissions(), _HAND, *rules))


def _permissions() -> Iterator[str]:
    yield "| act | " + " | ".join(part.value for part in Part) + " |\n"
    yield "|---" * (len(Part) + 1) + "|\n"
    for act, row in PERMITTED.items():
        mark = " *" if act in FLOOR_ACTS else ""
        cells = (_modes(row.get(part, frozenset())) for part in Part)
        yield f"| `{act}`{mark} | " + " | ".join(cells) + " |\n"


def _modes(modes: frozenset[FloorMode]) -> str:
    if modes == ALL_MODES:
        return "•"
    return ", ".join(mode.value for mode in FloorMode if mode in modes)


def _times() -> Iterator[str]:
    rows = {
        "a grant that is not taken chimes": timing.REMIND_NS,
        "and passes on, when another hand could speak": timing.PASS_NS,
        "a live turn whose connection breaks keeps the floor": speaking.TURN_AWAY_NS,
        "a hand whose owner is away is lowered": timing.HAND_AWAY_NS,
        "an always-open microphone that is away is closed": timing.MICROPHONE_AWAY_NS,
        "without a host, a co-host acts, or the line moves by itself": stewardship.HOST_AWAY_NS,
        "a written question without a host and a voice is shown": timing.SHOW_NS,
        "whoever sits at a unit and is away leaves it": timing.SEAT_AWAY_NS,
        "a host's act can be taken back": undo.UNDO_NS,
        "a recording that nobody is there to answer for ends": recording.NO_HOST_NS,
    }
    yield "## Times\n\n| what | seconds |\n|---|---|\n"
    for what, ns in rows.items():
        yield f"| {what} | {ns // NS_PER_S} |\n"
    yield f"| two hosts' *Next* within this time is one | {turns.TWO_HOSTS_S:g} |\n"


def _overtakings() -> Iterator[str]:
    yield "\n## Why a hand may come before an earlier one\n\n| rule | when |\n|---|---|\n"
    for rule in Overtaking:
        yield f"| {rule.value} | {_RULES[rule]} |\n"


def _phases() -> Iterator[str]:
    yield "\n## A room\n\n```mermaid\nstateDiagram-v2\n"
    for phase, following in NEXT_PHASES.items():
        for other in sorted(following):
            yield f"    {phase.value} --> {other.value}\n"
    yield "```\n"


def main(arguments: list[str]) -> int:
    """Write the document, or with ``--check`` compare it; returns the exit code."""
    if arguments == ["--check"]:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == render()
        if not fresh:
            run = "python -m parvis_server.room.make_docs"
            print(f"{TARGET.name} is stale: run {run}", file=sys.stderr)
        return 0 if fresh else 1
    if arguments:
        print("usage: python -m parvis_server.room.make_docs [--check]", file=sys.stderr)
        return 2
    TARGET.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
