"""A unit that its hub does not know: it waits at the door until an operator and a person let it in.

Does what ``pairing`` decides: works out the answer to a code in a thread (in Python it takes a PC
10 ms and a Pi longer, and nothing else may wait), says it, keeps the site's key, and tells the
person what to press.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from parvis_device.errors import StateTrouble
from parvis_device.identity import Identity
from parvis_device.introduction import Introduction, OtherSite
from parvis_device.light import LinkState
from parvis_device.pairing import REFUSALS, Actions, Pairing, PairingAction, PairingState
from parvis_wire.base import Wire
from parvis_wire.errors import BadMessage
from parvis_wire.identity import HUB, UNIT, fingerprint, from_text, spelled, to_text
from parvis_wire.messages import HubMessage
from parvis_wire.pairing import (
    Challenge,
    PairByCode,
    PairByPress,
    PairConfirm,
    PairRefusal,
    PairRefused,
    PairShare,
    Unpaired,
)

SHARE_BYTES = 33

_log = logging.getLogger(__name__)


class Stranger:
    """One unit's pairing at work, over all its first connections."""

    def __init__(
        self,
        identity: Identity,
        pairing: Pairing,
        setup_code: str | None,
        changed: Callable[[LinkState], None],
    ) -> None:
        """``changed`` is told what the light is to show."""
        self._identity = identity
        self._pairing = pairing
        self._setup_code = setup_code
        self._changed = changed
        self._introduction: Introduction | None = None
        self._say: Callable[[Wire], None] = _to_nobody
        self._asked = asyncio.Event()
        self._hub_share = b""
        self._question: tuple[str, bytes, bytes, bytes] | None = None
        """What is to be worked out, for ``answer_share``."""
        self._shown = pairing.state
        self._exchange = 0
        """Counts what is worked out: a result that comes too late is for nobody."""
        self._answer: tuple[bytes, bytes] | None = None
        """The unit's share, and the key that comes of both."""

    @property
    def waits(self) -> bool:
        """Whether a hub keeps this unit at its door."""
        return self._pairing.state is not PairingState.AWAY

    def arrive(self, introduction: Introduction, say: Callable[[Wire], None]) -> None:
        """A new connection, on which ``say`` speaks to the hub."""
        self._introduction, self._say = introduction, say

    def leave(self) -> None:
        """It is over, or the unit is welcome."""
        self._introduction, self._say = None, _to_nobody
        self._question = None
        self._exchange += 1
        self._pairing.gone()
        self._shown = self._pairing.state

    def welcome(self) -> None:
        """The hub lets this unit in.

        Raises:
            DoubtfulHub: it should have proven itself before.
        """
        if self._introduction is not None:
            self._introduction.look_at_welcome()
        self.leave()

    def takes(self, message: HubMessage) -> bool:
        """Whether this message of the hub is for a stranger, and was dealt with.

        Raises:
            DoubtfulHub: this hub is not to be trusted.
            BadMessage: the message makes no sense now.
        """
        if self._introduction is None:
            return False
        match message:
            case Challenge():
                self._answer_challenge(message, self._introduction)
            case Unpaired():
                self._introduction.need_proof()
                self._do(self._pairing.unpaired())
            case PairByCode(share=share):
                self._want_pairing(self._introduction)
                self._hub_share = _share(share)
                self._do(self._pairing.asked_by_code(time.monotonic_ns()))
            case PairConfirm(confirmation=confirmation):
                right = self._is_right(confirmation, self._introduction)
                self._do(self._pairing.answered(time.monotonic_ns(), right=right))
            case PairByPress():
                self._want_pairing(self._introduction)
                self._do(self._pairing.asked_by_press(time.monotonic_ns()))
            case _:
                return False
        return True

    def pressed(self) -> bool:
        """The button went down; whether that was for the door."""
        waits = self.waits
        self._do(self._pairing.pressed(time.monotonic_ns()))
        return waits

    def released(self) -> None:
        """It came up again."""
        self._do(self._pairing.released(time.monotonic_ns()))

    def tick(self) -> None:
        """What follows from time alone; to be called every tenth of a second."""
        self._do(self._pairing.tick(time.monotonic_ns()))

    async def run(self) -> None:
        """Work out what is asked until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            exchange, question = self._exchange, self._question
            if question is None:
                continue  # whoever asked has left
            answer = await asyncio.to_thread(answer_share, *question)
            if exchange == self._exchange:
                self._answer = answer
                self._do(self._pairing.computed(fit=answer is not None))

    def _answer_challenge(self, challenge: Challenge, introduction: Introduction) -> None:
        try:
            self._say(introduction.answer(challenge))
        except OtherSite:
            self._say(PairRefused(why=PairRefusal.OTHER_SITE))
            raise

    def _want_pairing(self, introduction: Introduction) -> None:
        introduction.need_proof()
        introduction.need_privacy("units are paired on a way that nobody can read")

    def _is_right(self, confirmation: str, introduction: Introduction) -> bool:
        if self._answer is None:
            return False
        return introduction.transcript.is_confirmed(confirmation, self._answer[1], HUB)

    def _do(self, actions: Actions) -> None:
        for action in actions:
            match action:
                case PairingAction.COMPUTE:
                    self._ask()
                case PairingAction.SHARE:
                    self._share_answer()
                case PairingAction.BELONG:
                    self._belong()
                case _:
                    self._refuse(REFUSALS[action])
        self._show()

    def _ask(self) -> None:
        assert self._introduction is not None and self._setup_code is not None
        keys = self._introduction.transcript.site_key, self._identity.public
        self._question = (self._setup_code, *keys, self._hub_share)
        self._exchange += 1
        self._answer = None
        self._asked.set()

    def _share_answer(self) -> None:
        assert self._introduction is not None and self._answer is not None
        share, key = self._answer
        confirmation = self._introduction.transcript.confirmed_by(key, UNIT)
        self._say(PairShare(share=to_text(share), confirmation=confirmation))

    def _belong(self) -> None:
        """The person said yes: first kept, then told."""
        assert self._introduction is not None
        site_key = self._introduction.transcript.site_key
        try:
            self._identity.belong_to(site_key)
        except StateTrouble as error:
            _log.error("the site's key cannot be kept: %s", error)
            self._pairing.unpaired()
            self._refuse(PairRefusal.NOT_PRESSED)
            return
        _log.info("this unit belongs to the site %s now", spelled(fingerprint(site_key)))
        self._say(self._introduction.pressed())

    def _refuse(self, why: PairRefusal) -> None:
        _log.warning("not paired: %s", _WORDS[why])
        self._say(PairRefused(why=why))

    def _show(self) -> None:
        state = self._pairing.state
        if state is self._shown or self._introduction is None:
            return
        self._shown = state
        if state in _SAID:
            site = spelled(fingerprint(self._introduction.transcript.site_key))
            unit = spelled(self._identity.unit)
            how = "the code of its label" if self._setup_code else "its button"
            _log.info(_SAID[state], {"site": site, "unit": unit, "how": how})
        press = self._pairing.for_a_person
        self._changed(LinkState.PRESS_TO_PAIR if press else LinkState.UNPAIRED)


_SAID = {
    PairingState.WAITING: "this unit, %(unit)s, waits: an operator pairs it on the operator's page "
    "of the site %(site)s, with %(how)s",
    PairingState.PRESS: "an operator of the site %(site)s pairs this unit: press its button now",
    PairingState.HOLD: "an operator of the site %(site)s accepts this unit: hold its button down "
    "for three seconds",
}

_WORDS = {
    PairRefusal.NO_CODE: "this unit has no setup code: an operator accepts it, and its button",
    PairRefusal.WRONG_CODE: "that was not this unit's setup code",
    PairRefusal.PAUSED: "too many wrong codes: this unit answers none for ten minutes",
    PairRefusal.HAS_CODE: "this unit has a setup code, and is not accepted without",
    PairRefusal.NOT_PRESSED: "nobody pressed in time",
}


def answer_share(
    code: str, site_key: bytes, unit_key: bytes, hub_share: bytes
) -> tuple[bytes, bytes] | None:
    """The unit's share of SPAKE2 and the key that comes of both; None: the hub's is no share."""
    from spake2 import SPAKE2_B, SPAKEError
    from spake2.ed25519_basic import NotOnCurve

    side = SPAKE2_B(code.encode(), idA=site_key, idB=unit_key)
    share: bytes = side.start()
    try:
        return share, side.finish(hub_share)
    except (SPAKEError, NotOnCurve, ValueError):
        return None


def _share(text: str) -> bytes:
    try:
        return from_text(text, SHARE_BYTES)
    except ValueError as error:
        raise BadMessage(f"pair_by_code: {error}") from error


def _to_nobody(message: Wire) -> None:
    """There is no connection."""
