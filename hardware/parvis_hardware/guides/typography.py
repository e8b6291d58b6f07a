"""Spaces that must not break, as a typesetter puts them. Pure."""

import re

_CODE = re.compile(r"(`[^`]*`)")

_UNITS = (
    "mm|cm|m|km|dB|dBFS|dBu|ms|s|min|h|V|A|W|mA|kHz|Hz|GHz|Mbit/s|kbit/s|GB|MB|kB|°C|€|%|kg|g|N"
)
_NUMBER_AND_UNIT = re.compile(rf"(\d) ({_UNITS})\b|(\d) ([€%])")

NARROW, FIXED = "\u202f", "\u00a0"


def set_for(language: str, text: str) -> str:
    """The text with fixed spaces; what stands between backticks stays as it is."""
    parts = _CODE.split(text)
    return "".join(part if part.startswith("`") else _set(language, part) for part in parts)


def _set(language: str, text: str) -> str:
    text = _NUMBER_AND_UNIT.sub(_joined, text.replace("'", "’"))
    text = text.replace(" × ", f"{FIXED}×{FIXED}")
    if language != "fr":
        return text
    text = re.sub(r" ([;!?])", NARROW + r"\1", text)
    text = re.sub(r" (:|»)", FIXED + r"\1", text)
    return text.replace("« ", "«" + FIXED)


def _joined(found: re.Match[str]) -> str:
    number, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
    return f"{number}{FIXED}{unit}"
