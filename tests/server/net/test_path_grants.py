"""Paths of single people: how long they are good."""

from __future__ import annotations

from parvis_server.net.path_grants import HEAR_MS, PathGrants, Scope


def test_a_path_to_what_is_not_published_ends_by_itself() -> None:
    now = [1_000]
    grants = PathGrants(None, lambda grant: True, lambda: now[0])
    hear = grants.make("main", Scope.HEAR, "host")
    listen = grants.make("main", Scope.LISTEN, "host")
    now[0] += HEAR_MS - 1
    assert grants.find(hear, Scope.HEAR) is not None
    now[0] += 1
    assert grants.find(hear, Scope.HEAR) is None
    assert grants.find(listen, Scope.LISTEN) is not None
