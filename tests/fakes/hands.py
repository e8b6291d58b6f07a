"""Five hands at the same instant on a real hub that is killed between two of them, again and again.

Units and phones are connections that do what pages and units do: they come back by themselves, as
who they were, and repeat under its own id what was not answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from fakes.parvis import HubProcess
from fakes.peer import Peer, host_credential, peer
from parvis_wire.base import Wire
from parvis_wire.commands import LowerHand, RaiseHand
from parvis_wire.messages import (
    Ack,
    Credential,
    InviteCredential,
    ResumeCredential,
    Role,
)
from parvis_wire.room_view import RoomView

RETRY_S = 0.02
"""Nobody announces that a port is open again."""

BACK_WITHIN_S = 90.0
"""For the failing run only."""

LONGEST_LIFE_S = 0.05
"""From the last hand to the kill: about as long as the log needs to store one."""

NAMES = ("Table 1", "Table 2", "Ada", "Noé", "Ida")
UNITS = 2
"""The first of the names."""


class Person:
    """Somebody with a phone, a unit or the host's page, for as long as the evening lasts."""

    def __init__(self, hub: HubProcess, name: str, role: Role) -> None:
        self.name = name
        self.role = role
        self.view: RoomView | None = None
        """The latest; None while the hub is away."""
        self.comings = 0
        """How often they came in."""
        self.seen: list[list[str]] = []
        """Each line that was shown, as participants."""
        self._url = f"ws://127.0.0.1:{hub.port}/ws/{'unit' if role is Role.UNIT else 'listen'}"
        first = host_credential(hub.secret) if role is Role.HOST else None
        self._credential: Credential | None = first
        self._link = InviteCredential(token=hub.secret) if role is Role.HOST else None
        """A host shows the link again beside the token, as the host's page does."""
        self._participant = ""
        self._peer: Peer | None = None
        self._unanswered: dict[str, Wire] = {}
        self._acks: dict[str, Ack] = {}
        self._changed = asyncio.Event()

    @property
    def participant(self) -> str:
        return self._participant

    async def live(self) -> None:
        """Be there, and come back whenever the hub was away; until cancelled."""
        while True:
            try:
                async with peer(self._url) as connection:
                    await self._be_there(connection)
            except (OSError, ConnectionClosed, InvalidHandshake):
                self._peer = self.view = None
                await asyncio.sleep(RETRY_S)

    async def wish(self, command: Wire) -> None:
        """Send a command, now or when the hub is back, until it is answered."""
        self._unanswered[command.id] = command  # type: ignore[attr-defined]
        try:
            if self._peer is not None:
                await self._peer.say(command)
        except ConnectionClosed:
            pass  # said again after coming back

    def has_answer(self, command_id: str) -> bool:
        return command_id in self._acks

    async def answer(self, command_id: str) -> Ack:
        """The answer to a command."""
        await self.until(lambda: command_id in self._acks)
        return self._acks[command_id]

    async def until_here(self, comings: int) -> None:
        """Wait until they are here, having come so often."""
        await self.until(lambda: self.comings >= comings)

    async def until_line(self, participants: set[str]) -> None:
        """Wait until these are in the line, and nobody else."""
        await self.until(lambda: self.view is not None and set(self.line()) == participants)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that a message of the hub makes true."""
        async with asyncio.timeout(BACK_WITHIN_S):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def line(self) -> list[str]:
        """Participants in the line, first come first."""
        return [] if self.view is None else [hand.participant for hand in self.view.line]

    async def _be_there(self, connection: Peer) -> None:
        back = self._link if isinstance(self._credential, ResumeCredential) else None
        await connection.join(self.role, name=self.name, credential=self._credential, invite=back)
        self._credential = ResumeCredential(token=connection.welcome.resume)
        self._participant = connection.participant
        self._peer = connection
        self.comings += 1
        for command in tuple(self._unanswered.values()):
            await connection.say(command)
        while True:
            self._look(connection)
            try:
                message = await connection.hear()
            except TimeoutError:
                continue  # nothing happens in this room
            connection.packets.clear()
            if isinstance(message, Ack):
                self._unanswered.pop(message.id, None)
                self._acks[message.id] = message

    def _look(self, connection: Peer) -> None:
        self.view = connection.view
        if not self.seen or self.seen[-1] != self.line():
            self.seen.append(self.line())
        self._changed.set()


@dataclass
class Trial:
    """How one run went."""

    seed: int
    answered_before: int
    """Hands that were answered before the kill."""
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = "; ".join(self.faults) or "one order"
        return f"run {self.seed}: {self.answered_before} of 5 answered before the kill: {told}"


class Hall:
    """Two units, three phones and a host in the room of one hub."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        roles = [Role.UNIT if n < UNITS else Role.LISTENER for n in range(len(NAMES))]
        self.people = [Person(hub, name, role) for name, role in zip(NAMES, roles, strict=True)]
        self.host = Person(hub, "Host", Role.HOST)

    @property
    def everybody(self) -> list[Person]:
        return [*self.people, self.host]

    async def trial(self, seed: int) -> Trial:
        """Five hands at once, a kill among them; then all hands go down again."""
        dice = random.Random(seed)
        hands = {person.name: _hand(person) for person in self.people}
        for person in self.everybody:
            person.seen = [[]]
        comings = {person.name: person.comings for person in self.everybody}
        answered = await self._raise(dice, hands)
        before = max((line for person in self.everybody for line in person.seen), key=len)
        self._hub.start_again()
        for person in self.everybody:
            await person.until_here(comings[person.name] + 1)
        acks = await asyncio.gather(*(p.answer(hands[p.name].id) for p in self.people))
        found = Trial(seed, answered)
        found.faults += [f"{ack.id} refused: {ack.refused}" for ack in acks if ack.refused]
        await self._judge(found, before)
        await self._lower()
        return found

    async def _raise(self, dice: random.Random, hands: dict[str, RaiseHand]) -> int:
        """Raise all, and kill the hub between two of them; how many were answered by then.

        In half of the runs some are answered and the others find no hub; in the others all are sent
        at once, and the kill comes while the hub is at work on them.
        """
        order = dice.sample(self.people, len(self.people))
        first = order[: dice.randrange(1, len(order))] if dice.random() < 0.5 else order
        for person in first:
            await person.wish(hands[person.name])
        if first is order:
            await asyncio.sleep(dice.uniform(0, LONGEST_LIFE_S))
        else:
            await asyncio.gather(*(person.answer(hands[person.name].id) for person in first))
        answered = self._count_answered(hands)
        self._hub.kill()
        for person in order[len(first) :]:
            await person.wish(hands[person.name])
        return answered

    def _count_answered(self, hands: dict[str, RaiseHand]) -> int:
        return sum(person.has_answer(hands[person.name].id) for person in self.people)

    async def _judge(self, trial: Trial, before: list[str]) -> None:
        """One order everywhere, nobody lost or twice, nobody overtaken."""
        wanted = {person.participant for person in self.people}
        for person in self.everybody:
            with contextlib.suppress(TimeoutError):
                await person.until_line(wanted)
        order = await asyncio.to_thread(line_by_http, self._hub)
        if sorted(order) != sorted(wanted):
            trial.faults.append(f"{len(wanted)} hands, and the line is {order}")
        if order[: len(before)] != before:
            trial.faults.append(f"{before} was shown before the kill, {order} after it")
        trial.faults += [
            f"{person.name} is shown {person.line()}, the API says {order}"
            for person in self.everybody
            if person.line() != order
        ]

    async def _lower(self) -> None:
        """All hands down, and everybody knows."""
        commands = [LowerHand(id=token_hex(8)) for _ in self.people]
        for person, command in zip(self.people, commands, strict=True):
            await person.wish(command)
        for person in self.everybody:
            await person.until_line(set())


def line_by_http(hub: HubProcess) -> list[str]:
    """Participants in the line, as an organiser's own site reads them."""
    with urllib.request.urlopen(f"{hub.url}/api/v1/rooms/main/floor", timeout=10) as answer:
        return [hand["participant"] for hand in json.load(answer)["line"]]


def _hand(person: Person) -> RaiseHand:
    """A unit's name is known."""
    return RaiseHand(id=token_hex(8), name=None if person.role is Role.UNIT else person.name)


@asynccontextmanager
async def hall(hub: HubProcess) -> AsyncIterator[Hall]:
    """Everybody has come in."""
    there = Hall(hub)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(person.live()) for person in there.everybody]
        try:
            for person in there.everybody:
                await person.until_here(1)
            yield there
        finally:
            for task in tasks:
                task.cancel()


def trials(hub: HubProcess, seeds: Iterable[int], tell: Callable[[Trial], None]) -> list[Trial]:
    """A run for each seed, on one hub that is killed in each."""

    async def run() -> list[Trial]:
        found = []
        async with hall(hub) as there:
            for seed in seeds:
                found.append(await there.trial(seed))
                tell(found[-1])
        return found

    return asyncio.run(run())
