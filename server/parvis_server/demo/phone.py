"""The demo's own phone: somebody far away who listens, and writes a question now and then."""

import itertools
import secrets
from collections.abc import Sequence

from parvis_server.demo.connection import HubConnection
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import PROTOCOL_VERSION, Join, Role


class PhoneConnection:
    """In the room as any listener is."""

    def __init__(self, url: str, name: str, questions: Sequence[str]) -> None:
        """``url`` is the hub's ``ws://`` origin; the questions are asked one after the other."""
        self._name = name
        self._questions = itertools.cycle(questions)
        join = Join(version=PROTOCOL_VERSION, role=Role.LISTENER)
        self._hub = HubConnection(url, "phone", join, lambda message: None)

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            HubLost: the hub refused or closed the connection.
        """
        await self._hub.run()

    async def write_question(self) -> None:
        """Raise a hand with the next question, to be read out."""
        text = next(self._questions)
        command_id = secrets.token_urlsafe(8)
        await self._hub.send(RaiseHand(id=command_id, name=self._name, text=text, written=True))
