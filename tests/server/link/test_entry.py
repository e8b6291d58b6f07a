"""The proof in a hub's request: good for one path, for a minute, once; clocks that are off."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.link import entry
from parvis_server.link.entry import GOOD_MS, HEADER, MAX_REMEMBERED, Proofs, Shown

KEY = bytes(32)
NOW_MS = 1_790_000_000_000


def shown(hub: str = "hub-1", key: bytes = KEY, at_ms: int = NOW_MS, path: str = "/bus") -> str:
    return Shown(key, hub).headers(path, at_ms)[HEADER]


def test_who_knows_the_key_is_known_by_its_name() -> None:
    assert Proofs(KEY).hub("/bus", shown("hub-1"), NOW_MS) == "hub-1"
    assert KEY.hex() not in repr(Shown(KEY, "hub-1"))


def test_each_proof_is_taken_once() -> None:
    proofs, proof = Proofs(KEY), shown()
    assert [proofs.hub("/bus", proof, NOW_MS + ms) for ms in (0, 1, GOOD_MS)] == [
        "hub-1",
        None,
        None,
    ]


def test_a_proof_is_for_one_path() -> None:
    assert Proofs(KEY).hub("/ws/link", shown(path="/bus"), NOW_MS) is None


@pytest.mark.parametrize("off_ms", [GOOD_MS + 1, -GOOD_MS - 1, 10**12])
def test_an_old_proof_and_one_of_the_future_are_none(off_ms: int) -> None:
    proofs = Proofs(KEY)
    assert proofs.hub("/bus", shown(at_ms=NOW_MS + off_ms), NOW_MS) is None
    assert proofs.hub("/bus", shown(at_ms=NOW_MS - off_ms), NOW_MS) is None


def test_another_key_is_refused() -> None:
    assert Proofs(KEY).hub("/bus", shown(key=b"\1" * 32), NOW_MS) is None


@given(st.one_of(st.none(), st.text(), st.from_regex(entry._SHOWN, fullmatch=True)))
def test_whatever_a_stranger_shows_is_refused(header: str | None) -> None:
    assert Proofs(KEY).hub("/bus", header, NOW_MS) is None


@given(place=st.integers(0, 200), to=st.characters(codec="ascii"))
def test_a_proof_that_was_changed_anywhere_is_none(place: int, to: str) -> None:
    proof = shown()
    place %= len(proof)
    changed = proof[:place] + to + proof[place + 1 :]
    if changed != proof:
        assert Proofs(KEY).hub("/bus", changed, NOW_MS) is None


def test_what_is_remembered_is_bounded_and_forgotten() -> None:
    proofs = Proofs(KEY)
    taken = [proofs.hub("/bus", shown(), NOW_MS) for _ in range(MAX_REMEMBERED + 1)]
    assert (taken[-2], taken[-1]) == ("hub-1", None)
    later_ms = NOW_MS + 2 * GOOD_MS + 1
    assert proofs.hub("/bus", shown(at_ms=later_ms), later_ms) == "hub-1"


def test_a_hub_whose_clock_is_off_learns_the_edges_from_the_refusal() -> None:
    proofs, hub, ours_ms = Proofs(KEY), Shown(KEY, "hub-1"), NOW_MS - 86_400_000
    assert proofs.hub("/bus", hub.headers("/bus", ours_ms)[HEADER], NOW_MS) is None
    date = formatdate(NOW_MS / 1000, usegmt=True)
    assert hub.refused(date, ours_ms)
    assert proofs.hub("/bus", hub.headers("/bus", ours_ms)[HEADER], NOW_MS) == "hub-1"
    assert not hub.refused(date, ours_ms), "the clock is not why"


def test_both_connections_of_a_hub_whose_clock_is_off_may_show_another_proof() -> None:
    """They are refused at once, and the first refusal sets the clock for both."""
    hub, ours_ms = Shown(KEY, "hub-1"), NOW_MS - 86_400_000
    date = formatdate(NOW_MS / 1000, usegmt=True)
    shown_ahead_ms = hub.ahead_ms
    assert [hub.refused(date, ours_ms, shown_ahead_ms) for _ in range(2)] == [True, True]
    assert not hub.refused(date, ours_ms, hub.ahead_ms), "what was shown since had the right time"


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_a_refusal_without_a_clock_teaches_nothing(date: str | None) -> None:
    assert not Shown(KEY, "hub-1").refused(date, NOW_MS)
