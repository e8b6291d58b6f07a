"""Paths of single people: how long they are good, how many there are, and that they are kept."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from parvis_server.net import path_grants
from parvis_server.net.path_grants import (
    ASK_BURST,
    HEAR_MS,
    MAX_OF_ROOM,
    Grant,
    PathGrants,
    Scope,
    hash_of,
)


def grants_in(file: Path | None, now_ns: list[int] | None = None) -> PathGrants:
    now = [0] if now_ns is None else now_ns
    return PathGrants(file, lambda grant: True, lambda: 1_000, lambda: now[0])


def made(grants: PathGrants, room: str, holder: str) -> str:
    token = grants.make(room, Scope.LISTEN, holder)
    assert token is not None
    return token


def test_a_path_to_what_is_not_published_ends_by_itself() -> None:
    now = [1_000]
    grants = PathGrants(None, lambda grant: True, lambda: now[0])
    hear = grants.make("main", Scope.HEAR, "host")
    listen = grants.make("main", Scope.LISTEN, "host")
    assert hear is not None and listen is not None
    now[0] += HEAR_MS - 1
    assert grants.find(hear, Scope.HEAR) is not None
    now[0] += 1
    assert grants.find(hear, Scope.HEAR) is None
    assert grants.find(listen, Scope.LISTEN) is not None


def test_a_person_who_asks_and_asks_keeps_the_last_and_costs_nobody_else_theirs() -> None:
    now_ns = [0]
    grants = grants_in(None, now_ns)
    ada = made(grants, "main", "ada")
    tokens = [made(grants, "main", "bob") for _ in range(ASK_BURST)]
    assert grants.make("main", Scope.LISTEN, "bob") is None
    assert [bool(grants.find(token, Scope.LISTEN)) for token in (ada, *tokens)] == [
        True, *[False] * (ASK_BURST - 1), True,
    ]  # fmt: skip
    now_ns[0] += 10_000_000_000
    assert grants.make("main", Scope.LISTEN, "bob") is not None
    assert len(grants.every) == 2


def test_a_room_with_very_many_people_takes_no_path_of_another_room() -> None:
    grants = grants_in(None)
    ada = made(grants, "small", "ada")
    first, *_, last = [made(grants, "large", f"p{n}") for n in range(MAX_OF_ROOM + 1)]
    good = [bool(grants.find(token, Scope.LISTEN)) for token in (ada, first, last)]
    assert good == [True, False, True]
    assert len(grants.of_room("large")) == MAX_OF_ROOM


def test_what_was_changed_is_kept_as_hashes_alone(tmp_path: Path) -> None:
    file = tmp_path / "paths.json"

    async def change() -> tuple[str, str]:
        grants = grants_in(file)
        ada, bob = made(grants, "main", "ada"), made(grants, "main", "bob")
        await grants.kept()
        grants.revoke("main", lambda grant: grant.holder == "bob")
        await grants.kept()
        return ada, bob

    ada, bob = asyncio.run(change())
    assert ada not in file.read_text() and hash_of(ada) in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    again = grants_in(file)
    assert again.find(ada, Scope.LISTEN) is not None and again.find(bob, Scope.LISTEN) is None


def test_who_asks_while_the_file_is_written_shares_the_next_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = grants_in(tmp_path / "paths.json")
    started, may_end = threading.Event(), threading.Event()
    written: list[tuple[int, bool]] = []

    def slow(file: Path, kept: tuple[Grant, ...]) -> None:
        written.append((len(kept), threading.current_thread() is threading.main_thread()))
        started.set()
        assert may_end.wait(10)

    monkeypatch.setattr(path_grants, "_write", slow)

    async def ask() -> None:
        made(grants, "main", "p0")
        async with asyncio.TaskGroup() as group:
            group.create_task(grants.kept())
            await asyncio.to_thread(started.wait)
            for number in range(1, 100):
                made(grants, "main", f"p{number}")
                group.create_task(grants.kept())
            may_end.set()

    asyncio.run(ask())
    assert written == [(1, False), (100, False)], "by a thread, twice"
