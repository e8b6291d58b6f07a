"""Bodies of what the API says of operators, sessions, units and the audit."""

from typing import Annotated, Literal

from pydantic import Field

from parvis_server.net.api.models import Body
from parvis_server.net.api.operators import Operators
from parvis_server.net.api.seams import Stranger
from parvis_server.trust.audit import Act
from parvis_server.trust.password import MAX_CHARACTERS, MIN_CHARACTERS
from parvis_server.trust.sessions import Session, SignedBy
from parvis_server.trust.units import How, PairedUnit
from parvis_wire.fields import Name
from parvis_wire.pairing import Fingerprint, KeyText
from parvis_wire.update import UnitSoftware, UpdateFault, UpdateStep

TypedSecret = Annotated[str, Field(min_length=1, max_length=200)]


class Claim(Body):
    """What a setup link is worth."""

    secret: TypedSecret
    """The part after `setup=` of the link."""
    name: Name
    """Who becomes an operator, for the audit and the list of sessions."""
    password: Annotated[str, Field(min_length=MIN_CHARACTERS, max_length=MAX_CHARACTERS)] | None = (
        None
    )
    """To sign in later; replaces the one before, and ends the sessions that began with it."""


class SignIn(Body):
    """The operator's password."""

    password: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]
    name: Name


class SessionInfo(Body):
    """An operator at one browser."""

    id: str
    name: str
    signed_by: SignedBy
    address: str
    """From which it began."""
    created_utc_ms: int
    last_seen_utc_ms: int
    """To the minute."""
    expires_utc_ms: int
    """Unless it is used; a day after its beginning at the latest."""
    current: bool
    """Whether it is the one that asks."""

    @classmethod
    def of(cls, session: Session, current: Session | None) -> "SessionInfo":
        """One of the list."""
        return cls(
            id=session.id,
            name=session.name,
            signed_by=session.signed_by,
            address=session.address,
            created_utc_ms=session.created_utc_ms,
            last_seen_utc_ms=session.used_utc_ms,
            expires_utc_ms=session.expires_utc_ms,
            current=current is not None and current.id == session.id,
        )


class NewSession(Body):
    """A session that began."""

    token: str
    """For `Authorization: Bearer`; it is told here and never again."""
    session: SessionInfo


class SessionList(Body):
    """Who is signed in, the oldest first."""

    sessions: tuple[SessionInfo, ...]


class SetupLink(Body):
    """A link that makes an operator, once."""

    link: str
    minutes: int
    """How long it is good."""


class WaitingUnitInfo(Body):
    """A unit that wants to join."""

    unit: Fingerprint
    name: str | None
    since_utc_ms: int
    address: str
    has_code: bool | None
    """Whether it has a label; null: nobody asked it yet."""
    state: str
    """`waiting`, `asked` (the code was sent), `wrong_code`, `press` (its button now), or `refused:`
    and why."""
    tries_left: int
    """Of wrong codes, before a pause of ten minutes."""
    first_use: bool
    """It is accepted by its button alone: nothing proves that nobody stands between."""

    @classmethod
    def of(cls, stranger: Stranger) -> "WaitingUnitInfo":
        """One of the list."""
        return cls(**{name: getattr(stranger, name) for name in cls.model_fields})


class UpdateInfo(Body):
    """An update of a unit's program."""

    step: UpdateStep
    version: str
    percent: int | None
    """Of the way, while it is fetched."""
    fault: UpdateFault | None
    """Why it was refused, or taken back."""


class PairedUnitInfo(Body):
    """A unit that belongs to this hub."""

    unit: Fingerprint
    name: str
    how: How
    paired_utc_ms: int
    by: str
    last_seen_utc_ms: int | None
    """When it last came or went; null: never."""
    here: bool
    room: str | None
    """Where it is now."""
    version: str | None
    """Of the program that it runs; null: it is away, or too old to say."""
    update: UpdateInfo | None
    """What becomes of its program's update, or the last one's end."""

    @classmethod
    def of(
        cls, unit: PairedUnit, room: str | None, software: UnitSoftware | None
    ) -> "PairedUnitInfo":
        """One of the list."""
        said = ("unit", "name", "how", "paired_utc_ms", "by", "last_seen_utc_ms")
        known = {name: getattr(unit, name) for name in said}
        update = None if software is None else software.update
        return cls(
            **known,
            here=room is not None,
            room=room,
            version=None if software is None else software.version,
            update=None if update is None else UpdateInfo(**update.model_dump()),
        )


class UnitList(Body):
    """Units that wait, the first come first, and those that are paired, the oldest first."""

    waiting: tuple[WaitingUnitInfo, ...]
    paired: tuple[PairedUnitInfo, ...]


class HandedKey(Body):
    """A unit's public key, from somebody who has it from the unit itself."""

    key: KeyText
    """Ed25519, 32 bytes as base64url."""
    name: Name


class TypedSetupCode(Body):
    """The code of a unit's label, as it was typed."""

    code: Annotated[str, Field(min_length=8, max_length=40)]


class NewName(Body):
    """What a unit shall be called."""

    name: Name


class ActInfo(Body):
    """Something that was done to the house."""

    number: int
    utc_ms: int
    act: str
    """claimed, signed_in, unit_paired, ..."""
    by: str | None
    """An operator; null: a stranger, or the hub itself."""
    about: str | None
    address: str | None

    @classmethod
    def of(cls, act: Act) -> "ActInfo":
        """One of the list."""
        return cls(**{name: getattr(act, name) for name in cls.model_fields})


class ActList(Body):
    """The newest first."""

    acts: tuple[ActInfo, ...]


class ListenerInfo(Body):
    """One port that the hub listens on."""

    scheme: Literal["http", "https"]
    port: int
    certificate: Literal["own", "files"] | None
    """`own`: one that the hub made, which units know; null: it does not encrypt."""
    expires_utc_ms: int | None
    fingerprint: str | None


class HouseInfo(Body):
    """How the hub stands."""

    claimed: bool
    site: str
    """Fingerprint of the site's key, spelled for people."""
    open_house: bool
    """Units come in without being paired."""
    plain_host: bool
    """Hosts and operators may use plain http from other machines."""
    listeners: tuple[ListenerInfo, ...]
    announced: bool
    """Whether units find it by mDNS."""
    missing: tuple[str, ...]
    """Words for what an operator should see to."""

    @classmethod
    def of(cls, operators: Operators) -> "HouseInfo":
        """As it is now."""
        trust, reach = operators.trust, operators.reach
        said = ListenerInfo.model_fields
        return cls(
            claimed=trust.claimed,
            site=trust.site,
            open_house=operators.open_house and not trust.claimed,
            plain_host=trust.plain_host,
            listeners=tuple(
                ListenerInfo(**{name: getattr(one, name) for name in said})
                for one in reach.listeners()
            ),
            announced=reach.announced,
            missing=operators.missing(),
        )


class HouseChange(Body):
    """What shall be different."""

    plain_host: bool
