"""The hub's trust: claimed once, sessions that end, units that are paired, renamed and revoked."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.kept_house import Disk
from parvis_server.errors import TrustRefused
from parvis_server.trust import house as house_module
from parvis_server.trust.house import HouseTrust, Revoked, RevokedKind
from parvis_server.trust.sessions import IDLE_MS, LONGEST_MS
from parvis_server.trust.setup import SETUP_MS
from parvis_server.trust.units import SEEN_EVERY_MS, How
from parvis_wire.identity import fingerprint, public_bytes

NOW_MS = 1_790_000_000_000
HERE = "192.0.2.7"
WHO = ("Zoé", HERE, NOW_MS)


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def house(disk: Disk) -> HouseTrust:
    return disk.house()


def new_key() -> bytes:
    return public_bytes(Ed25519PrivateKey.generate())


def deeds(house: HouseTrust) -> list[str]:
    return [act.act for act in reversed(house.acts(100))]


# --- the operator ---


def test_two_who_open_the_same_link_at_once_are_one_operator(house: HouseTrust) -> None:
    """The second one's password took as long to hash: by then the link is used."""
    secret = house.new_setup_secret(NOW_MS)
    house.check_setup_secret(secret, HERE, NOW_MS)
    house.check_setup_secret(secret, "203.0.113.9", NOW_MS)
    house.claim(secret, "Zoé", None, HERE, NOW_MS)
    with pytest.raises(TrustRefused, match="was used, or is older than 15 minutes"):
        house.claim(secret, "Eve", "hash", "203.0.113.9", NOW_MS)
    assert not house.has_password
    assert [one.name for one in house.sessions(NOW_MS)] == ["Zoé"]
    assert deeds(house) == ["claimed", "refused"]


def test_a_claim_voids_every_link_that_was_printed_before(house: HouseTrust) -> None:
    first, second = house.new_setup_secret(NOW_MS), house.new_setup_secret(NOW_MS)
    house.claim(second, *("Zoé", None, HERE, NOW_MS))
    with pytest.raises(TrustRefused):
        house.claim(first, *("Eve", None, HERE, NOW_MS))
    further = house.new_setup_secret(NOW_MS)
    other = house.new_setup_secret(NOW_MS)
    house.claim(further, *("Ada", None, HERE, NOW_MS))
    house.claim(other, *("Ben", None, HERE, NOW_MS))
    assert deeds(house)[:1] == ["claimed"]
    assert deeds(house)[-2:] == ["signed_in", "signed_in"]


@pytest.mark.parametrize(
    ("later_ms", "good"),
    [(0, True), (SETUP_MS - 1, True), (SETUP_MS, False), (-SETUP_MS, False), (-1_000, True)],
)
def test_a_link_is_good_for_15_minutes(house: HouseTrust, later_ms: int, good: bool) -> None:
    secret = house.new_setup_secret(NOW_MS)
    if good:
        house.claim(secret, "Zoé", None, HERE, NOW_MS + later_ms)
    else:
        with pytest.raises(TrustRefused):
            house.claim(secret, "Zoé", None, HERE, NOW_MS + later_ms)
    assert house.claimed is good


@pytest.mark.parametrize(
    ("uses_ms", "good"),
    [
        ([IDLE_MS - 1], True),
        ([IDLE_MS], False),
        ([IDLE_MS - 1, LONGEST_MS - 1], False),
        ([IDLE_MS - 1, LONGEST_MS - 2], True),
        ([IDLE_MS - 1, LONGEST_MS], False),
        ([-IDLE_MS], False),
    ],
)
def test_a_session_slides_twelve_hours_and_lasts_a_day(
    disk: Disk, house: HouseTrust, uses_ms: list[int], good: bool
) -> None:
    grant = house.claim(house.new_setup_secret(NOW_MS), "Zoé", None, HERE, NOW_MS)
    *before, last = uses_ms
    for use_ms in before:
        assert house.session_of(grant.token, NOW_MS + use_ms) is not None
    again = disk.house()
    assert (again.session_of(grant.token, NOW_MS + last) is not None) is good
    assert (again.sessions(NOW_MS + last) != ()) is good
    assert (disk.kept().sessions != ()) is good


def test_a_new_password_ends_what_the_old_one_began(house: HouseTrust) -> None:
    with pytest.raises(TrustRefused, match="nobody set a password"):
        house.begin_sign_in(HERE, 0, NOW_MS)
    owner = house.claim(house.new_setup_secret(NOW_MS), "Zoé", "old", HERE, NOW_MS)
    kept = house.begin_sign_in(HERE, 0, NOW_MS)
    by_password = house.sign_in(kept, True, "Ada", HERE, NOW_MS)
    gone: list[Revoked] = []
    house.taps.add(gone.append)
    house.claim(house.new_setup_secret(NOW_MS), "Zoé", "new", HERE, NOW_MS)
    assert gone == [Revoked(RevokedKind.SESSION, by_password.session.id)]
    assert house.session_of(by_password.token, NOW_MS) is None
    assert house.session_of(owner.token, NOW_MS) is not None
    with pytest.raises(TrustRefused, match="not the password"):
        house.sign_in(kept, True, "Ada", HERE, NOW_MS)  # it was being looked at meanwhile


def test_after_many_tries_a_link_still_works(house: HouseTrust) -> None:
    house.claim(house.new_setup_secret(NOW_MS), "Zoé", "hash", HERE, NOW_MS)
    for n in range(100):
        try:
            kept = house.begin_sign_in(f"203.0.113.{n}", 0, NOW_MS)
            house.sign_in(kept, False, "Eve", f"203.0.113.{n}", NOW_MS)
        except TrustRefused as refused:
            said = refused.code
    assert said == "rate"
    assert house.begin_sign_in(HERE, 0, NOW_MS) == "hash", "where the operator signed in before"
    house.claim(house.new_setup_secret(NOW_MS), "Zoé", None, "203.0.113.1", NOW_MS)


def test_where_operators_signed_in_is_known_after_a_restart(disk: Disk) -> None:
    before = disk.house()
    before.claim(before.new_setup_secret(NOW_MS), "Zoé", "hash", HERE, NOW_MS)
    house = disk.house()
    for n in range(100):
        with pytest.raises(TrustRefused):
            house.sign_in(
                house.begin_sign_in(f"203.0.113.{n}", 0, NOW_MS), False, "Eve", "x", NOW_MS
            )
    assert house.begin_sign_in(HERE, 0, NOW_MS) == "hash"


def test_many_sessions_end_the_one_that_is_used_least(house: HouseTrust) -> None:
    ours = [
        house.claim(house.new_setup_secret(NOW_MS), f"{n}", None, HERE, NOW_MS + n)
        for n in range(101)
    ]
    names = [one.name for one in house.sessions(NOW_MS + 200)]
    assert names == [str(n) for n in range(1, 101)]
    assert house.session_of(ours[0].token, NOW_MS + 200) is None


def test_a_session_that_is_not_there(house: HouseTrust) -> None:
    with pytest.raises(TrustRefused, match="parvis session list"):
        house.revoke_session("0" * 16, *WHO)


def test_a_session_takes_the_links_that_it_made_with_it(house: HouseTrust) -> None:
    """Or whoever stole it makes one more before it is revoked."""
    stolen = house.claim(house.new_setup_secret(NOW_MS), "Eve", None, HERE, NOW_MS).session
    its, another = house.new_setup_secret(NOW_MS, stolen.id), house.new_setup_secret(NOW_MS)
    house.revoke_session(stolen.id, *WHO)
    with pytest.raises(TrustRefused):
        house.claim(its, "Eve", None, HERE, NOW_MS)
    assert house.claim(another, "Zoé", None, HERE, NOW_MS).token


def test_hosts_over_plain_http_are_as_the_settings_say_until_it_is_said_here(disk: Disk) -> None:
    assert HouseTrust(disk.site_key, plain_host=True).plain_host
    house = disk.house()
    assert not house.plain_host
    house.set_plain_host(True, *WHO)
    assert disk.house().plain_host
    disk.house().set_plain_host(False, *WHO)
    assert not disk.house().plain_host
    assert deeds(disk.house()) == ["plain_host_on", "plain_host_off"]


# --- units ---


def test_a_unit_is_paired_seen_renamed_and_revoked(disk: Disk, house: HouseTrust) -> None:
    key = new_key()
    unit = house.pair(key, "Table 4", How.CODE, *WHO)
    assert unit.unit == fingerprint(key)
    assert house.unit(unit.unit) == unit
    assert (unit.last_seen_utc_ms, unit.how, unit.by) == (None, How.CODE, "Zoé")
    seen = house.seen(unit.unit, "Table 5", NOW_MS + 5)
    assert seen is not None
    assert (seen.name, seen.last_seen_utc_ms) == ("Table 5", NOW_MS + 5)
    house.rename(unit.unit, "Balcony", *WHO)
    later = house.seen(unit.unit, "Table 6", NOW_MS + SEEN_EVERY_MS + 5)
    assert later is not None
    assert later.name == "Balcony"
    assert disk.house().units() == house.units() == (later,)
    gone: list[Revoked] = []
    house.taps.add(gone.append)
    house.revoke(unit.unit, *WHO)
    assert gone == [Revoked(RevokedKind.UNIT, unit.unit)]
    assert house.unit(unit.unit) is None
    assert disk.house().units() == ()
    assert house.seen(unit.unit, None, NOW_MS) is None
    assert deeds(house) == ["unit_paired", "unit_renamed", "unit_revoked"]


def test_a_visit_is_written_once_a_minute(disk: Disk, house: HouseTrust) -> None:
    unit = house.pair(new_key(), "Table 4", How.PRESS, *WHO)
    house.seen(unit.unit, None, NOW_MS)
    for second in range(59):
        house.seen(unit.unit, "Table 4", NOW_MS + second * 1000)
    assert disk.kept().units[0].last_seen_utc_ms == NOW_MS


def test_a_unit_that_is_paired_again_keeps_its_name(house: HouseTrust) -> None:
    key = new_key()
    unit = house.pair(key, "Table 4", How.PRESS, *WHO)
    assert house.pair(key, "Table 5", How.PRESS, *WHO).name == "Table 5"
    house.rename(unit.unit, "Balcony", *WHO)
    again = house.pair(key, "Table 4", How.CODE, "Ada", HERE, NOW_MS + 9)
    assert (again.name, again.how, again.by) == ("Balcony", How.CODE, "Ada")
    assert len(house.units()) == 1


def test_the_units_are_bounded(house: HouseTrust, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house_module, "MAX_PAIRED_UNITS", 2)
    keys = [new_key() for _ in range(3)]
    for key in keys[:2]:
        house.pair(key, "Table", How.CODE, *WHO)
    with pytest.raises(TrustRefused, match="revoke one first"):
        house.pair(keys[2], "Table", How.CODE, *WHO)
    house.pair(keys[0], "Table", How.CODE, *WHO)


def test_a_unit_that_is_not_there(house: HouseTrust) -> None:
    with pytest.raises(TrustRefused, match="parvis unit list"):
        house.rename("a" * 16, "x", *WHO)
    with pytest.raises(TrustRefused, match="parvis unit list"):
        house.revoke("a" * 16, *WHO)
