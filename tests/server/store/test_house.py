"""Who runs the hub and which units belong to it, in both databases."""

from parvis_server.net.room_keeper import StoredRooms
from parvis_server.store.database import Store
from parvis_server.trust.audit import Act
from parvis_server.trust.changes import (
    ActGone,
    Change,
    HouseFacts,
    KeptHouse,
    SessionGone,
    UnitGone,
)
from parvis_server.trust.sessions import Session, SignedBy
from parvis_server.trust.units import How, PairedUnit

FACTS = HouseFacts(claimed_utc_ms=5, password_hash="$argon2id$…", plain_host=True)
SESSION = Session("0123456789abcdef", "Zoé", SignedBy.SETUP, "192.0.2.7", 1, 2, "ab" * 32)
OTHER = Session("fedcba9876543210", "Ada", SignedBy.PASSWORD, "::1", 3, 4, "cd" * 32)
UNIT = PairedUnit("a" * 16, bytes(range(32)), "Table 日", How.CODE, 7, "Zoé")
ACTS = (Act(1, 9, "claimed", "Zoé", None, "192.0.2.7"), Act(2, 10, "refused", None, None, None))


def reopened(store: Store) -> KeptHouse:
    store.close()
    again = Store.open(store.address)
    try:
        return again.house()
    finally:
        again.close()


def test_an_unclaimed_hub_keeps_nothing(store: Store) -> None:
    assert store.house() == KeptHouse()


def test_everything_outlives_the_hub(store: Store) -> None:
    for change in (FACTS, SESSION, OTHER, UNIT, *ACTS):
        store.keep(change)
    assert reopened(store) == KeptHouse(FACTS, (SESSION, OTHER), (UNIT,), ACTS)


def test_a_change_may_come_twice_and_replaces_what_was(store: Store) -> None:
    seen = PairedUnit(UNIT.unit, UNIT.key, "Balcony", How.PRESS, 7, "Ada", 99, is_renamed=True)
    facts = HouseFacts(claimed_utc_ms=5)
    gone: tuple[Change, ...] = (SessionGone(SESSION.id), ActGone(1))
    once: tuple[Change, ...] = (facts, SESSION, OTHER, UNIT, seen, *ACTS, *gone)
    for change in (FACTS, *once):
        store.keep(change)
        store.keep(change)
    assert reopened(store) == KeptHouse(facts, (OTHER,), (seen,), ACTS[1:])


def test_a_revoked_unit_is_forgotten(store: Store) -> None:
    for change in (UNIT, UnitGone(UNIT.unit), UnitGone(UNIT.unit)):
        store.keep(change)
    assert reopened(store).units == ()


async def test_what_is_kept_while_the_hub_runs_is_written_before_it_is_answered(
    store: Store,
) -> None:
    keeper = StoredRooms(store, lambda: None, "main")
    keeper.keep(FACTS)
    assert keeper.house().facts == FACTS
    keeper.begin()
    keeper.keep(UNIT)
    keeper.keep(ACTS[0])
    await keeper.kept()
    assert store.house() == KeptHouse(FACTS, (), (UNIT,), ACTS[:1])
    await keeper.end()
