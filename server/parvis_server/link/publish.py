"""What a hub does with a publish address: where it reads it, and all that it needs to dial out."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parvis_server.bus.address import BusAddress
from parvis_server.data_folder import DataFolder
from parvis_server.errors import UsageError
from parvis_server.link.dialing import LinkDialer
from parvis_server.link.entry import Shown
from parvis_server.link.publish_address import BUS_PATH, PublishAddress
from parvis_server.link.reach import ByName, Reach
from parvis_server.link.sound import LinkSound
from parvis_server.link.trouble import Trouble

FILE = "publish-to"
"""In the hub's data folder, 0600: an address that came on the command line is moved there."""

MAX_FILE_BYTES = 4_096

SAY_AGAIN_EVERY_S = 1.0


def read_address(given: str) -> PublishAddress:
    """The address itself, or of a file that holds nothing else.

    Raises:
        UsageError: neither; the text never holds the secret.
    """
    if is_address(given):
        return PublishAddress.parse(given)
    path = Path(given).expanduser()
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{path} holds no publish address") from None
    except OSError as error:
        raise UsageError(
            f"--publish {given!r} is neither an address (https://…) nor a file that can be read "
            f"({error.strerror})"
        ) from None
    return PublishAddress.parse(text)


def is_address(given: str) -> bool:
    """Whether this is an address rather than the name of a file."""
    return "://" in given or "#" in given


def hidden(arguments: Sequence[str], given: str, folder: DataFolder) -> list[str]:
    """The same command line with a file's name for the address, which is written to that file.

    Everybody on the machine may read the command lines of all processes.
    """
    folder.write_secret(FILE, f"{given.strip()}\n".encode())
    path = str(folder.path / FILE)
    return [argument.replace(given, path) for argument in arguments]


def trust_of(address: PublishAddress, authority: Path | None) -> ssl.SSLContext | None:
    """What checks the edge's certificate: the system's authorities, or those of a file.

    Raises:
        UsageError: the file holds no certificate.
    """
    if not address.encrypted:
        return None
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(cafile=str(authority))
        except (OSError, ssl.SSLError) as error:
            why = getattr(error, "strerror", None) or "no certificate in PEM"
            raise UsageError(f"--publish-ca {authority} cannot be used: {why}") from None
    return context


@dataclass(frozen=True, slots=True)
class ShownToBus:
    """The proof in a request for ``/bus``; a ``Shows``."""

    shown: Shown

    def headers(self) -> dict[str, str]:
        """For one request."""
        return self.shown.headers(BUS_PATH, time.time_ns() // 1_000_000)

    def refused(self, date: str | None) -> bool:
        """It was not taken; whether another one may be."""
        return self.shown.refused(date, time.time_ns() // 1_000_000)


def bus_of(address: PublishAddress, authority: Path | None, hub: str = "hub") -> BusAddress:
    """The edge's bus, as the hub of this name joins it."""
    user, shown = address.hub, Shown(address.entry_key, hub)
    return BusAddress(
        (address.bus_url,), user.name, user.password, ca=authority, shows=ShownToBus(shown)
    )


class Publication:
    """A hub's link to its public edge."""

    def __init__(
        self,
        address: PublishAddress,
        hub: str,
        authority: Path | None = None,
        reach: Reach | None = None,
    ) -> None:
        """``hub`` is the ``HubId`` of this start.

        Raises:
            UsageError: the file of the authority cannot be used.
        """
        self.address = address
        self.bus = bus_of(address, authority, hub)
        self.trust = trust_of(address, authority)
        self.sound = LinkSound()
        self._changed = asyncio.Event()
        self._dialer = LinkDialer(
            address,
            hub,
            self.sound.end,
            reach or ByName(address.host, address.port),
            self.trust,
            self._changed.set,
        )

    @property
    def trouble(self) -> Trouble | None:
        """Why there is no link; None while there is one."""
        return self._dialer.trouble

    async def run(self) -> None:
        """Stay linked until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._dialer.run())
            tasks.create_task(self._say_again())

    async def _say_again(self) -> None:
        while True:
            self.sound.say_again()
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(SAY_AGAIN_EVERY_S):
                    await self._changed.wait()
