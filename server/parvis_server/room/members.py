"""Who is in the room, and for how long somebody may be away before it counts."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from parvis_wire.floor import Rank, Surface
from parvis_wire.messages import Ack, RefusalCode, Role
from parvis_wire.stage import LinkKind, OutputKind, SourceKind

MAX_REMEMBERED_ACKS = 64
"""Commands of one participant that are answered again when repeated. A client repeats what was
unanswered when its connection broke, and at 10 commands a second it has seconds' worth."""

MAX_AWAY = 1024
"""Absent people who are remembered, so that coming and going costs no memory; the longest absent
without a hand or a turn goes first."""


@dataclass(frozen=True, slots=True)
class Member:
    """One participant of the room."""

    participant: str
    role: Role
    name: str | None = None
    """A unit's is known from its start, a phone's since it raised a hand."""
    ssrc: int | None = None
    """Units and speakers: the RTP source of its microphone or line; None: it only plays."""
    always_open: bool = False
    """Units without a button, desks, and speakers who send from the start."""
    link: LinkKind = LinkKind.WIRED
    zone: str | None = None
    """Where a unit stands; None for everybody else."""
    source_kind: SourceKind = SourceKind.MICROPHONE
    output: OutputKind | None = None
    """Units and speakers: what it plays."""
    output_ssrc: int | None = None
    """The RTP source of the bus that it gets to play."""
    rank: Rank | None = None
    """Who came by a link or an invitation of those who run the room."""
    in_hall: bool = False
    """A phone in the hall: its owner goes to a unit to speak."""
    invite: int | None = None
    """Number of the invitation that this participant came by."""
    invited: bool = False
    """Came by an invitation of their own."""
    speaks_for: str | None = None
    """The microphone of a phone: whose turn it carries, and nothing else."""
    away_since_ns: int | None = None

    def __post_init__(self) -> None:
        """A unit has a name from the start, and speaks or plays."""
        silent = self.ssrc is None and self.output_ssrc is None
        if self.role is Role.UNIT and (self.name is None or silent):
            raise ValueError("a unit needs a name, and a source or an output")

    @property
    def sounds(self) -> bool:
        """Whether packets go to or come from this participant."""
        return self.role in (Role.UNIT, Role.SPEAKER)

    @property
    def logged(self) -> str:
        """What the log calls it: a unit by its name, a person by their id."""
        return self.participant if self.speaks_for is not None else self.name or self.participant

    @property
    def connected(self) -> bool:
        """Whether a connection of this participant stands."""
        return self.away_since_ns is None

    @property
    def surface(self) -> Surface:
        """Where this participant raises a hand."""
        return Surface.UNIT if self.role is Role.UNIT else Surface.PHONE


class Members:
    """Everybody in the room, the absent included, and the answers that they got."""

    def __init__(self) -> None:
        """Start with an empty room."""
        self._members: dict[str, Member] = {}
        self._sounding: dict[str, Member] = {}
        self._away: OrderedDict[str, None] = OrderedDict()
        self._acks: dict[str, OrderedDict[str, Ack]] = {}
        self._lasting: dict[str, tuple[str, ...]] = {}
        """Every command that made events, and under whose names it came: it happens once, however
        long ago it was and whoever else says its id."""

    def __iter__(self) -> Iterator[Member]:
        """All members, in the order of their first coming."""
        return iter(self._members.values())

    @property
    def sounding(self) -> tuple[Member, ...]:
        """Units and speakers, in the order of their first coming.

        Kept apart: the stage asks several times a second, and most members only listen.
        """
        return tuple(self._sounding.values())

    def get(self, participant: str) -> Member | None:
        """The member of this id, absent or not."""
        return self._members.get(participant)

    def put(self, member: Member) -> None:
        """Add or replace a member; without ``away_since_ns`` they are present."""
        self._members[member.participant] = member
        if member.sounds:
            self._sounding[member.participant] = member
        self._away.pop(member.participant, None)
        if not member.connected:
            self._away[member.participant] = None

    def mark_away(self, participant: str, now_ns: int) -> None:
        """The member's connection ended; does nothing for strangers and the absent."""
        member = self._members.get(participant)
        if member is not None and member.connected:
            self.put(replace(member, away_since_ns=now_ns))

    def rename(self, participant: str, name: str) -> None:
        """The member wants to be called so; does nothing for strangers."""
        member = self._members.get(participant)
        if member is not None:
            self.put(replace(member, name=name))

    @property
    def away_count(self) -> int:
        """How many are absent."""
        return len(self._away)

    def away(self) -> Iterator[Member]:
        """The absent, the longest absent first."""
        return (self._members[participant] for participant in self._away)

    def forget(self, participant: str) -> None:
        """Drop a member and the answers that they got."""
        self._members.pop(participant, None)
        self._sounding.pop(participant, None)
        self._away.pop(participant, None)
        self._acks.pop(participant, None)

    def answered(self, participant: str, command_id: str) -> Ack | None:
        """The answer that this command got when it came first."""
        acks = self._acks.get(participant)
        return None if acks is None else acks.get(command_id)

    def answer_to(self, askers: tuple[str, ...], command_id: str) -> Ack | None:
        """The answer to a command that was carried out before; None: it is new.

        The id of somebody else's is refused: the log has one command under an id.
        """
        for asker in askers:
            answered = self.answered(asker, command_id)
            if answered is not None:
                return answered
        before = self._lasting.get(command_id)
        if before is None:
            return None
        if not set(before).isdisjoint(askers):
            return Ack(id=command_id)
        text = "id: somebody else's command has it; make a random one for each command"
        return Ack(id=command_id, refused=RefusalCode.NOT_ALLOWED, text=text)

    def carried_out(self, askers: tuple[str, ...], ack: Ack, *, lasting: bool) -> None:
        """Keep the answer of a command for its repetitions; ``lasting``: it made events."""
        for asker in askers:
            self.remember(asker, ack)
        if lasting:
            self._lasting[ack.id] = askers

    def carried_out_before(self, commands: Mapping[str, tuple[str, ...]]) -> None:
        """These made events in an earlier life of the room; under whose names they came."""
        self._lasting.update(commands)

    def remember(self, participant: str, ack: Ack) -> None:
        """Keep an answer, and at most ``MAX_REMEMBERED_ACKS`` of this participant's."""
        acks = self._acks.setdefault(participant, OrderedDict())
        acks[ack.id] = ack
        while len(acks) > MAX_REMEMBERED_ACKS:
            acks.popitem(last=False)
