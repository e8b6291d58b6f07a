"""Who runs which rooms of a house."""

from __future__ import annotations

from parvis_server.net.raising import RanksHeld


def test_ranks_are_held_room_by_room() -> None:
    ranks = RanksHeld()
    ranks.lost("nobody", "main")
    ranks.took("ada", "main")
    ranks.took("ada", "attic")
    ranks.lost("ada", "main")
    assert "ada" in ranks
    ranks.lost("ada", "attic")
    assert "ada" not in ranks
