"""What can go wrong with an update.

- ``Refused``: a bundle that does not come onto this unit, with the fault that the hub is told; it
  is the maker's or the way's, and what runs goes on.
- ``UpdaterTrouble`` (also ``OSError``): the folder of the versions cannot be used.
"""

from parvis_device.errors import UnitError
from parvis_wire.update import UpdateFault


class Refused(UnitError):
    """A bundle that does not come onto this unit."""

    def __init__(self, fault: UpdateFault, text: str) -> None:
        """``text``: why, in one line for people."""
        super().__init__(text)
        self.fault = fault


class UpdaterTrouble(UnitError, OSError):
    """The folder of the versions cannot be used."""
