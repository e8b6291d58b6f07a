"""What a unit shows at a hub's door: its identity, how it is paired, and its setup code."""

import logging
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass

from parvis_device.config import AUTO, ButtonKind, UnitConfig
from parvis_device.errors import StateTaken
from parvis_device.identity import Identity, held, open_identity, usual_folder
from parvis_device.pairing import SECOND_NS, Pairing
from parvis_wire.identity import spelled
from parvis_wire.pairing import PRESS_S

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Papers:
    """Of one unit."""

    identity: Identity
    pairing: Pairing
    setup_code: str | None = None


def take_papers(config: UnitConfig, until: ExitStack) -> Papers | None:
    """This unit's papers, which nobody else on this machine has until ``until`` is closed.

    None: the person wants none; or another unit here has those of the usual folder, and this one
    was given no other.

    Raises:
        UnitError: the folder that was given cannot be this unit's.
    """
    if config.no_identity:
        return None
    folder = usual_folder() if config.state is None else config.state
    try:
        until.enter_context(held(folder))
    except StateTaken as error:
        if config.state is not None or "STATE_DIRECTORY" in os.environ:
            raise
        _log.warning("%s; until then it has no key, and cannot be paired", error)
        return None
    identity = open_identity(folder)
    site = "" if identity.site is None else ", and was paired"
    _log.info("this is the unit %s%s", spelled(identity.unit), site)
    return Papers(identity, _pairing(config), setup_code(config))


def setup_code(config: UnitConfig) -> str | None:
    """The code of the label."""
    return None if config.setup_code is None else config.setup_code.get_secret_value()


def _pairing(config: UnitConfig) -> Pairing:
    # Where a person named the hub, the start of a unit without a button is their press.
    named = config.hub != AUTO
    return Pairing(
        has_code=config.setup_code is not None,
        has_button=config.button_kind is not ButtonKind.NONE,
        accepts_until_ns=time.monotonic_ns() + PRESS_S * SECOND_NS if named else 0,
    )
