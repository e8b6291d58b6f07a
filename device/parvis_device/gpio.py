"""The pins of a Raspberry Pi: which gpiozero factory drives them, chosen once and said aloud.

gpiozero falls back silently from one library to the next and ends at one that cannot drive a Pi 5;
with ``GPIOZERO_PIN_FACTORY`` set it does not. So it is always set: ``lgpio`` unless the environment
says otherwise (``mock`` for tests).
"""

import os
from typing import Any

FACTORY_VARIABLE = "GPIOZERO_PIN_FACTORY"


def pin_factory() -> Any:
    """gpiozero's factory for this process.

    Raises:
        OSError: there are no pins here; the text says why.
    """
    wanted = os.environ.setdefault(FACTORY_VARIABLE, "lgpio")
    from gpiozero import Device

    try:
        Device.ensure_pin_factory()
    except Exception as error:  # gpiozero passes on whatever the library under it raises
        words = f"no GPIO pins here through {wanted} ({type(error).__name__}: {error})"
        raise OSError(words) from error
    return Device.pin_factory
