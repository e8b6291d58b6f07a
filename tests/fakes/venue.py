"""An evening whose phones come by a public edge, and whose venue loses its internet in the middle.

Whoever runs it says how the phones reach the edge, and how the venue's internet is cut and mended;
the phones and what they find are the same in a test on loopback and in namespaces of a soak.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed

from fakes import sounds
from fakes.peer import host_credential, peer
from fakes.phone_speaker import PhoneSpeaker, energy_dbfs, swelling
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import GiveFloor
from parvis_wire.edge_words import Venue
from parvis_wire.messages import Role

TABLE_HZ, ADA_HZ = sounds.PITCH_HZ, 1_250.0
HEARD_DBFS, UNHEARD_DBFS = -45.0, -60.0
LOOK_S = 1.0
SETTLE_S = 0.6
MOST_TRIES = 8
"""A voice is looked for so often: jitter buffers fill, and the machine is shared."""

TOLD_WITHIN_S = 10.0
BACK_WITHIN_S = 20.0
"""For the failing case only; how long it took is printed, and judged where nothing else runs."""

FAILED = "the evening failed: "


@dataclass
class Found:
    """How the evening went."""

    told_away_s: float = 0.0
    """From the cut to the moment in which the audience was told."""
    told_back_s: float = 0.0
    heard_again_s: float = 0.0
    """From the mended cable to the first sound at a listener."""
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"told that the venue is away {self.told_away_s:.1f} s after the cut; told that it is "
            f"back {self.told_back_s:.1f} s after the repair, and heard it after "
            f"{self.heard_again_s:.1f} s"
        )


class PublicEvening:
    """Ada speaks from her phone, Zoe listens, a host runs the room: all of them by the edge."""

    def __init__(self, url: str, host_secret: str, **options: Any) -> None:
        """``url``: ``wss://room.example``; ``options`` of each connection to it."""
        self._url = url
        self._secret = host_secret
        self._options = options
        self.found = Found()

    async def run(self, cut: Callable[[], None], mend: Callable[[], None], away_s: float) -> Found:
        """The whole evening; what fails raises ``AssertionError``."""
        await self._is_there()
        async with (
            PhoneSpeaker(self._url, "Zoe", swelling(ADA_HZ), **self._options) as zoe,
            PhoneSpeaker(self._url, "Ada", swelling(ADA_HZ), **self._options) as ada,
        ):
            try:
                await self._in_order(ada, zoe, cut, mend, away_s)
            except Exception as error:
                print(f"{FAILED}{error!r}", flush=True)  # before everybody leaves, which takes long
                raise
        return self.found

    async def _is_there(self) -> None:
        """Come again, as a page does, while the edge knows no venue yet."""
        async with asyncio.timeout(TOLD_WITHIN_S):
            while True:
                async with peer(f"{self._url}/ws/listen", **self._options) as first:
                    try:
                        await first.join()
                    except ConnectionClosed as closed:
                        if closed.rcvd is None or closed.rcvd.code != CloseCode.GOING_AWAY:
                            raise
                    else:
                        return
                await asyncio.sleep(0.1)

    async def _in_order(
        self,
        ada: PhoneSpeaker,
        zoe: PhoneSpeaker,
        cut: Callable[[], None],
        mend: Callable[[], None],
        away_s: float,
    ) -> None:
        await self._speaks(ada, zoe)
        cut()
        await self._is_away(zoe, away_s)
        mend()
        await self._is_back(zoe)
        await ada.listen()
        await self._speaks(ada, zoe)

    async def _speaks(self, ada: PhoneSpeaker, zoe: PhoneSpeaker) -> None:
        """A hand, the floor from a host, a voice that everybody but its owner hears."""
        await hears(zoe, TABLE_HZ, "the table is heard by the listener")
        await self._grant(ada)
        await ada.open_microphone()
        assert (await ada.go_live()).refused is None
        await hears(zoe, ADA_HZ, "Ada is heard by the listener")
        await hears(ada, TABLE_HZ, "the table is in Ada's return", back=True)
        assert await level(ada, ADA_HZ, back=True) < UNHEARD_DBFS, "Ada is not in her own return"

    async def _grant(self, ada: PhoneSpeaker) -> None:
        async with peer(f"{self._url}/ws/listen", max_queue=None, **self._options) as host:
            await host.join(Role.HOST, credential=host_credential(self._secret))
            # In the hub's view: who was cut off for more than a minute has no hand there any more,
            # and Ada's own view may be of before.
            if not any(hand.participant == ada.participant for hand in host.view.line):
                assert (await ada.raise_hand()).refused is None
            answer = await host.do(GiveFloor, participant=ada.participant)
            assert answer.refused is None, answer
        await ada.until_granted()

    async def _is_away(self, zoe: PhoneSpeaker, away_s: float) -> None:
        cut_s = time.monotonic()
        async with asyncio.timeout(TOLD_WITHIN_S):
            await zoe.page.until(lambda: _said(zoe) is False, "the news that the venue is away")
        self.found.told_away_s = time.monotonic() - cut_s
        assert zoe.page.closed is None, "the listener stays at the edge"
        await asyncio.sleep(max(0.0, cut_s + away_s - time.monotonic()))

    async def _is_back(self, zoe: PhoneSpeaker) -> None:
        mended_s, before = time.monotonic(), zoe.program.received
        async with asyncio.timeout(BACK_WITHIN_S):
            while zoe.program.received == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            self.found.heard_again_s = time.monotonic() - mended_s
            await zoe.page.until(lambda: _said(zoe) is True, "the news that the venue is back")
        self.found.told_back_s = time.monotonic() - mended_s


async def hears(who: PhoneSpeaker, hertz: float, what: str, *, back: bool = False) -> None:
    """Somebody hears this pitch, now or soon."""
    levels = []
    for _ in range(MOST_TRIES):
        levels.append(await level(who, hertz, back=back))
        if levels[-1] > HEARD_DBFS:
            return
    raise AssertionError(f"{what}: it was at {', '.join(f'{one:.0f}' for one in levels)} dBFS")


async def level(who: PhoneSpeaker, hertz: float, *, back: bool = False) -> float:
    """How loud this pitch is in what somebody hears from now on."""
    await asyncio.sleep(SETTLE_S)
    begin_ns = time.monotonic_ns()
    await asyncio.sleep(LOOK_S)
    return energy_dbfs((who.back if back else who.program).since(begin_ns), hertz)


def _said(who: PhoneSpeaker) -> bool | None:
    """What the edge said last of the venue."""
    told = [one.is_reached for one in who.page.peer.heard if isinstance(one, Venue)]
    return told[-1] if told else None
