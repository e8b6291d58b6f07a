"""Whatever operators, strangers and clocks do in whatever order: who runs the hub stays right.

A model beside the house knows every secret that was given out and when it should end. After each
step all of them are shown to the house; what the house told the disk is read back and must be the
same house.
"""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.kept_house import Disk
from parvis_server.errors import TrustRefused
from parvis_server.trust import tokens
from parvis_server.trust.house import Grant, HouseTrust, RevokedKind
from parvis_server.trust.sessions import IDLE_MS, LONGEST_MS, MAX_SESSIONS
from parvis_server.trust.setup import MAX_SETUP_SECRETS, SETUP_MS
from parvis_wire.identity import public_bytes

START_MS = 1_790_000_000_000
MINUTE_MS = 60_000


class Operators(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.house = self.disk.house()
        self.now_ms = START_MS
        self.setups: dict[str, int] = {}
        """Good setup secrets, with the moment of their making."""
        self.used: list[str] = []
        self.grants: dict[str, Grant] = {}
        """Sessions that should be good, by id."""
        self.ended: list[str] = []
        """Tokens of sessions that are over."""
        self.last_use: dict[str, int] = {}
        self.told: list[str] = []
        self._listen()

    def _listen(self) -> None:
        self.house.taps.add(
            lambda gone: self.told.append(gone.id) if gone.kind is RevokedKind.SESSION else None
        )

    def _end(self, session: str) -> None:
        self.ended.append(self.grants.pop(session).token)

    @rule()
    def makes_a_link(self) -> None:
        if len(self.setups) == MAX_SETUP_SECRETS:
            oldest = next(iter(self.setups))
            self.used.append(oldest)
            del self.setups[oldest]
        self.setups[self.house.new_setup_secret(self.now_ms)] = self.now_ms

    @precondition(lambda self: self.setups)
    @rule(which=st.integers(0, 99), password=st.sampled_from([None, "hash one", "hash two"]))
    def opens_a_link(self, which: int, password: str | None) -> None:
        secret = sorted(self.setups)[which % len(self.setups)]
        grant = self.house.claim(secret, "Zoé", password, "192.0.2.7", self.now_ms)
        if len(self.disk.claims) == 1 and not self.grants and not self.ended:
            self.used += self.setups
            self.setups.clear()
        self.setups.pop(secret, None)
        self.used.append(secret)
        if password is not None:
            for kept in [g for g in self.grants.values() if g.session.signed_by == "password"]:
                self._end(kept.session.id)
        self._began(grant)

    @rule(typed=st.sampled_from(["hash one", "hash two"]), is_right=st.booleans())
    def signs_in(self, typed: str, is_right: bool) -> None:
        now_ns = self.now_ms * 1_000_000
        try:
            kept = self.house.begin_sign_in("192.0.2.7", now_ns, self.now_ms)
            grant = self.house.sign_in(typed, is_right, "Ada", "192.0.2.7", self.now_ms)
        except TrustRefused:
            return
        assert is_right
        assert kept == typed == self.disk.facts.password_hash
        self._began(grant)

    def _began(self, grant: Grant) -> None:
        assert self.house.claimed
        self.grants[grant.session.id] = grant
        self.last_use[grant.session.id] = self.now_ms
        assert len(self.grants) <= MAX_SESSIONS

    @precondition(lambda self: self.grants)
    @rule(which=st.integers(0, 99))
    def revokes(self, which: int) -> None:
        session = sorted(self.grants)[which % len(self.grants)]
        self.house.revoke_session(session, "Zoé", "192.0.2.7", self.now_ms)
        assert self.told[-1] == session
        self._end(session)

    @rule(later_ms=st.sampled_from([1_000, MINUTE_MS, SETUP_MS - 1, SETUP_MS, IDLE_MS, LONGEST_MS]))
    def time_passes(self, later_ms: int) -> None:
        self.now_ms += later_ms
        for secret, made_ms in list(self.setups.items()):
            if self.now_ms - made_ms >= SETUP_MS:
                del self.setups[secret]
                self.used.append(secret)
        for session, grant in list(self.grants.items()):
            idle = self.now_ms - self.last_use[session]
            if idle >= IDLE_MS or self.now_ms - grant.session.created_utc_ms >= LONGEST_MS:
                self._end(session)

    @rule()
    def the_hub_restarts(self) -> None:
        """Sessions go on, links do not: nothing of them is on any disk."""
        self.house = self.disk.house()
        self._listen()
        self.used += self.setups
        self.setups.clear()

    @rule(secret=st.text(max_size=40))
    def a_stranger_guesses(self, secret: str) -> None:
        assert self.house.session_of(secret, self.now_ms) is None
        try:
            self.house.claim(secret, "Eve", None, "203.0.113.9", self.now_ms)
        except TrustRefused as refused:
            assert refused.code == "unauthorised"
        else:
            raise AssertionError("a stranger claimed the hub")

    @invariant()
    def only_good_secrets_open(self) -> None:
        for used in self.used:
            assert not _opens(self.house, used, self.now_ms)
        for token in self.ended:
            assert self.house.session_of(token, self.now_ms) is None
        for session, grant in self.grants.items():
            found = self.house.session_of(grant.token, self.now_ms)
            assert found is not None
            assert found.id == session
            if self.now_ms - self.last_use[session] >= MINUTE_MS:
                self.last_use[session] = self.now_ms
        assert {one.id for one in self.house.sessions(self.now_ms)} == set(self.grants)

    @invariant()
    def the_disk_knows_the_same_house_and_no_secret(self) -> None:
        kept = self.disk.kept()
        assert {one.id for one in kept.sessions} == set(self.grants)
        assert [one.number for one in kept.acts] == [
            act.number for act in reversed(self.house.acts(10_000))
        ]
        written = repr(kept)
        given_out = [*self.used, *self.setups, *self.ended]
        given_out += [grant.token for grant in self.grants.values()]
        assert not [secret for secret in given_out if secret in written]
        hashes = {tokens.kept(grant.token) for grant in self.grants.values()}
        assert {replace(one).token_hash for one in kept.sessions} == hashes


def _opens(house: HouseTrust, secret: str, now_ms: int) -> bool:
    try:
        house.check_setup_secret(secret, "203.0.113.9", now_ms)
    except TrustRefused:
        return False
    return True


TestOperators = Operators.TestCase
TestOperators.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_the_site_key_is_the_one_that_was_given() -> None:
    disk = Disk()
    assert public_bytes(disk.house().site_key) == public_bytes(disk.site_key)
