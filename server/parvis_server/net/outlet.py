"""The short way to one connection: a frame goes to the kernel with one call of the system.

Theory of operation. Whoever fans out keeps ``send`` of thousands of outlets and calls one after the
other: nothing else of a connection is touched, and for thousands what is touched is what a frame
costs. So an outlet must refuse by itself the moment anything waits before the frame, or the
connection ends: then it has no descriptor, ``send`` raises ``OSError``, and the frame goes the long
way. It borrows the descriptor, and never closes it.
"""

import socket
from typing import Final


class Outlet(socket.socket):
    """``send(frame)`` says how many bytes the kernel took; ``OSError``: none, go the long way."""

    __slots__ = ("_number", "is_ready")

    def __init__(self, descriptor: int) -> None:
        """Open, over the descriptor of a connection that does not block."""
        self._number: Final = descriptor
        self.is_ready = False
        """Whether nothing waits for this connection elsewhere, and it goes on."""
        self.drained()
        self.reopen()

    @property
    def is_open(self) -> bool:
        """Whether frames may go this way now."""
        return self.fileno() >= 0

    def wait(self) -> None:
        """Something waits elsewhere, or the connection ends: nothing goes this way any more."""
        self.is_ready = False
        self.shut()

    def drained(self) -> None:
        """Nothing waits elsewhere any more: whoever fans out may open it again."""
        self.is_ready = True

    def shut(self) -> None:
        """Let no frame through until it is opened again."""
        if self.is_open:
            self.detach()

    def reopen(self) -> None:
        """Let frames through if nothing waits elsewhere."""
        if self.is_ready and not self.is_open:
            super().__init__(socket.AF_INET, socket.SOCK_STREAM, 0, self._number)


def hold(outlet: Outlet | None) -> None:
    """Something waits elsewhere, or the connection ends: nothing goes this way any more."""
    if outlet is not None:
        outlet.wait()
