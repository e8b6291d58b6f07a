"""Everything that can be wrong with bytes from the other side.

- ``WireError``: base of the package.
  - ``BadPacket`` (also ``ValueError``): a binary message that is not an RTP packet we accept.
  - ``BadMessage`` (also ``ValueError``): a text message that is not a control message we accept.

Both are the remote's fault: the receiver counts them and closes with ``CloseCode.MALFORMED``.
"""


class WireError(Exception):
    """Base class of the package's errors."""


class BadPacket(WireError, ValueError):
    """A binary message that is not a well-formed RTP packet within our limits."""


class BadMessage(WireError, ValueError):
    """A text message that is not a well-formed control message within our limits."""
