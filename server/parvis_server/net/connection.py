"""One joined connection: how it speaks, how much it may say, and how its faults end it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from parvis_server.errors import PeerFault
from parvis_server.net import rate
from parvis_server.net.admission import Peer
from parvis_server.net.framing import text_frame
from parvis_server.net.rate import Strikes, TokenBucket
from parvis_server.net.websocket_protocol import RawSocket, Receiver
from parvis_wire.base import Wire
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import WireError
from parvis_wire.messages import Failure

log = logging.getLogger(__name__)

INTERNAL_ERROR = 1011
"""Our fault, not the peer's (RFC 6455 section 7.4.1)."""

TOO_MUCH = "too many messages or packets"


@dataclass(frozen=True, slots=True)
class Connection:
    """A WebSocket and where it comes from."""

    raw: RawSocket
    peer: Peer
    is_fanned_out: bool = False
    """Of a listener at an edge: program and news for everybody come from there, and they
    are counted there; here goes only what is theirs."""

    def send(self, message: Wire) -> None:
        """Send one message to this peer."""
        self.raw.write_frame(text_frame(message))

    def fail(self, code: CloseCode, text: str) -> None:
        """Tell the peer what was wrong, then close."""
        self.send(Failure(code=int(code), text=text))
        self.raw.close(code, text)


@dataclass(slots=True)
class Allowance:
    """What one connection may still say: over it, messages are dropped, then the peer is closed."""

    control: TokenBucket = field(default_factory=rate.control_bucket)
    packets: TokenBucket = field(default_factory=lambda: rate.packet_bucket(10))
    sound_bits: TokenBucket = field(default_factory=rate.sound_bits_bucket)
    strikes: Strikes = field(default_factory=Strikes)

    @classmethod
    def for_sound(cls, ptime_ms: int) -> Self:
        """That of a unit or speaker, who sends packets of this length."""
        return cls(control=rate.sound_control_bucket(), packets=rate.packet_bucket(ptime_ms))

    def allows_message(self, now_ns: int) -> bool:
        """Whether one more message passes; raises ``PeerFault`` after too many that did not."""
        return self.control.take(1, now_ns) or self._struck(now_ns)

    def allows_packet(self, size_bytes: int, now_ns: int) -> bool:
        """Whether one more packet passes; raises ``PeerFault`` after too many that did not."""
        passes = self.packets.take(1, now_ns) and self.sound_bits.take(8 * size_bytes, now_ns)
        return passes or self._struck(now_ns)

    def _struck(self, now_ns: int) -> bool:
        if self.strikes.strike(now_ns):
            raise PeerFault(CloseCode.RATE, TOO_MUCH)
        return False


def guarded(
    connection: Connection, receive: Receiver, on_fault: Callable[[CloseCode, str], None]
) -> Receiver:
    """``receive``, whose faults end this connection and nothing else.

    A peer's fault is told to the peer. A mistake of ours is logged with its trace and
    told to nobody.
    """

    def receiver(message: str | bytes, arrival_ns: int) -> None:
        try:
            receive(message, arrival_ns)
        except PeerFault as fault:
            on_fault(fault.code, fault.text)
            connection.fail(fault.code, fault.text)
        except WireError as error:
            on_fault(CloseCode.MALFORMED, str(error))
            connection.fail(CloseCode.MALFORMED, str(error))
        except Exception:
            log.exception("a message could not be handled; its connection is closed")
            connection.raw.close(INTERNAL_ERROR, "the hub made a mistake")

    return receiver
