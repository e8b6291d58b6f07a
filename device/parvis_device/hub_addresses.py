"""Where a unit tries to reach its hub next."""

from typing import Protocol

from parvis_device.address import HubAddress


class HubAddresses(Protocol):
    """Gives the link an address for each try."""

    @property
    def named(self) -> bool:
        """A person said which hub; else anybody on the network may say that they are one."""

    async def next(self) -> HubAddress:
        """The address to try now.

        Raises:
            NoHubFound: there is none at the moment.
        """

    def joined(self) -> None:
        """The last one was right."""


class GivenAddress:
    """The one that a person named."""

    def __init__(self, address: HubAddress) -> None:
        """Always this one."""
        self._address = address
        self.named = True

    async def next(self) -> HubAddress:
        """The same each time."""
        return self._address

    def joined(self) -> None:
        """It was right: nothing to learn."""
