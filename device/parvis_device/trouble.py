"""Why there is no hub: from an exception to a line for the log and a state for the light. Pure."""

from dataclasses import dataclass

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
)

from parvis_device.address import HubAddress
from parvis_device.errors import DoubtfulHub, NoHubFound
from parvis_device.light import LinkState
from parvis_wire.close_codes import CloseCode
from parvis_wire.errors import WireError

_NO_SUCH_NAME = {-2, -5}
"""EAI_NONAME and EAI_NODATA of getaddrinfo(3): the name is not known, now or later."""

_MISDIRECTED = 421
"""A hub's answer to a name that it does not know as its own (RFC 9110 section 15.5.20)."""

_REFUSALS = {
    CloseCode.FORBIDDEN: "does not let this unit in",
    CloseCode.UNAUTHORISED: "does not accept this unit's credential",
    CloseCode.VERSION: "speaks another version of the protocol; update the older of the two",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is shown and said while there is no hub."""

    link: LinkState
    words: str


def explain(
    error: BaseException, address: HubAddress | None, told: str = "", *, keyed: bool = False
) -> Trouble:
    """The trouble behind ``error``; ``told`` is what the hub said itself before it closed.

    ``address`` is None while none is known; ``keyed``: this unit has an identity.
    """
    if isinstance(error, NoHubFound) or address is None:
        return Trouble(LinkState.LOST, str(error))
    if isinstance(error, DoubtfulHub):
        return Trouble(LinkState.WRONG_ADDRESS, str(error))
    if keyed and isinstance(error, ConnectionClosed):
        return _closed_to_a_key(error, address, told)
    if isinstance(error, ConnectionClosed):
        return _closed(error, address, told)
    if isinstance(error, InvalidHandshake):
        return _no_hub_answers(error, address)
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return _unreachable(error, address)
    if isinstance(error, WireError | ValueError):
        return Trouble(LinkState.LOST, f"the hub at {address} sent what cannot be read: {error}")
    if isinstance(error, TimeoutError):
        return Trouble(LinkState.LOST, f"no answer from {address}")
    raise error


def _closed_to_a_key(error: ConnectionClosed, address: HubAddress, told: str) -> Trouble:
    """What a unit with an identity is to do about it."""
    code = error.rcvd.code if error.rcvd is not None else None
    if code == CloseCode.SUPERSEDED:
        return Trouble(
            LinkState.NOT_ALLOWED,
            f"another unit joined the hub at {address} with this unit's key: unless this one was "
            "started twice, its key was copied: remove it on the operator's page, say "
            "`parvis-unit forget --new-key` here, and pair it again",
        )
    if code == CloseCode.UNAUTHORISED:
        because = f": {told}" if told else ""
        return Trouble(
            LinkState.NOT_ALLOWED,
            f"the hub at {address} does not accept this unit{because}: if it was removed by "
            "mistake, an operator can pair it again",
        )
    return _closed(error, address, told)


def _closed(error: ConnectionClosed, address: HubAddress, told: str) -> Trouble:
    code = error.rcvd.code if error.rcvd is not None else None
    reason = told or (error.rcvd.reason if error.rcvd is not None else "")
    because = f": {reason}" if reason else ""
    if code in _REFUSALS:
        words = _REFUSALS[CloseCode(code)]
        return Trouble(LinkState.NOT_ALLOWED, f"the hub at {address} {words}{because}")
    if code == CloseCode.ROOM_CLOSED:
        return Trouble(
            LinkState.WRONG_ADDRESS,
            f"the hub at {address} has no open room {address.room!r}{because}",
        )
    return Trouble(LinkState.LOST, f"lost the hub at {address}{because}")


def _no_hub_answers(error: InvalidHandshake, address: HubAddress) -> Trouble:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in (401, 403):
            return Trouble(LinkState.NOT_ALLOWED, f"the hub at {address} does not let this unit in")
        if status >= 500:
            return Trouble(LinkState.LOST, f"{address} is not ready (HTTP {status})")
        if status == _MISDIRECTED:
            words = (
                f"the hub at {address} does not go by that name: give its address, or add the name "
                "to network.names in the hub's settings"
            )
        else:
            words = f"what answers at {address} is no Parvis hub (HTTP {status})"
    elif isinstance(error, InvalidMessage):
        words = f"what answers at {address} is no Parvis hub (it does not speak HTTP)"
    else:
        words = f"what answers at {address} is no Parvis hub ({error})"
    return Trouble(LinkState.WRONG_ADDRESS, words)


def _unreachable(error: OSError, address: HubAddress) -> Trouble:
    kind = type(error).__name__
    if kind == "gaierror":
        if error.errno in _NO_SUCH_NAME:
            return Trouble(
                LinkState.WRONG_ADDRESS,
                f"nobody knows the name {address.host!r}: is the hub's address right?",
            )
        return Trouble(
            LinkState.LOST, f"cannot look up the name {address.host!r}: is there a network?"
        )
    if kind.startswith("SSL") or (address.secure and isinstance(error, ConnectionResetError)):
        return Trouble(
            LinkState.WRONG_ADDRESS,
            f"{address} does not offer a secure connection we can trust: is that its https port?",
        )
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return Trouble(LinkState.LOST, f"no hub listens at {address}")
    return Trouble(LinkState.LOST, f"cannot reach {address}: {error.strerror or error}")
