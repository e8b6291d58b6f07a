"""What is wrong with a unit's settings, in one line for whoever wrote them. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError


def one_line(error: ValidationError, known: Iterable[str]) -> str:
    """The first thing that is wrong, in words; secrets are not repeated."""
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"])) if first["loc"] else "configuration"
    if key == "setup_code":
        return (
            "setup_code: that is none: the label has eight letters and digits, in two groups of "
            "four, without I, O, 0 and 1"
        )
    if key in ("hotspot_password", "wifi_password"):
        where = ", as on the label" if key == "hotspot_password" else ""
        return f"{key}: it has 8 to 63 letters, digits and signs{where}"
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    if key == "zone":
        return f"zone = {first['input']!r}: small letters, digits and dashes, at most 32"
    if first["type"] == "extra_forbidden":
        return unknown(key, known)
    words = first["msg"].removeprefix("Value error, ")
    return f"{key} = {first['input']!r}: {words[0].lower()}{words[1:]}"


def unknown(key: str, known: Iterable[str]) -> str:
    """A key that nobody knows, and what may have been meant."""
    names = list(known)
    near = get_close_matches(key, names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"unknown key {key!r}: {meant}known are {', '.join(names)}"
