"""Answers to commands, for those who wait for them."""

import asyncio
from collections.abc import Callable

from parvis_wire.messages import Ack


def settling(answered: asyncio.Future[Ack]) -> Callable[[Ack], None]:
    """Gives an answer to whoever still waits for it."""

    def answer(ack: Ack) -> None:
        if not answered.done():
            answered.set_result(ack)

    return answer
