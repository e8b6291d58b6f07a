"""A maker's public key as people give it: its text, or a file with that in it."""

from pathlib import Path

from parvis_device.errors import UsageError
from parvis_wire.identity import KEY_BYTES, from_text

MOST_BYTES = 1000
"""A key has 43 signs."""

NO_KEY = "that is no public key of a maker: `parvis update key FILE` shows it, 43 signs"


def public_key(given: str) -> str:
    """The key of ``--update-key FILE|KEY``.

    Raises:
        UsageError: it is none, or its file cannot be read.
    """
    text = given.strip()
    if is_key(text):
        return text
    try:
        with Path(given).open("rb") as file:
            text = file.read(MOST_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise UsageError(f"--update-key {given}: {NO_KEY} ({error.strerror})") from error
    if not is_key(text):
        raise UsageError(f"--update-key {given}: {NO_KEY}; the private one stays where it is")
    return text


def is_key(text: str) -> bool:
    """Whether it can be a public key."""
    try:
        from_text(text, KEY_BYTES)
    except ValueError:
        return False
    return True
