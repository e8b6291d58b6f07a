"""One connection's way out for an output's packets.

Theory of operation. Old sound is worthless, so none may wait where it cannot be taken back: before
each packet the kernel is asked how much it has not put on the wire, and while that is more than
two packets, they wait in our own queue, bounded in time. The next packet, which comes every 5 to
20 ms, tries again. Control messages do not pass here: they are written at once and never dropped.
"""

from parvis_server.net.send_queue import BOUND_NS, SendQueue
from parvis_server.net.sockets import SOUND_UNSENT_BYTES
from parvis_server.net.websocket_protocol import RawSocket
from parvis_wire.stage import LinkKind


class Lane:
    """Sends sound over one connection."""

    def __init__(self, raw: RawSocket, link: LinkKind) -> None:
        """Tune the connection for sound over this link."""
        self._raw = raw
        self._queue = SendQueue(BOUND_NS[link])
        self.sent = 0
        raw.carry_sound(link)

    @property
    def dropped(self) -> int:
        """Packets that gave way to newer ones."""
        return self._queue.dropped

    def send(self, frame: bytes, now_ns: int) -> None:
        """Send a packet's frame behind those that wait, as far as the network takes them."""
        self._queue.put(frame, now_ns)
        while len(self._queue) and self._raw.unsent_bytes() <= SOUND_UNSENT_BYTES:
            oldest = self._queue.take()
            if oldest is not None:
                self._raw.write_frame(oldest)
                self.sent += 1
