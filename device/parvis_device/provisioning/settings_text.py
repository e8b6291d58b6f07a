"""Changes a few settings in a unit's TOML file and leaves all the rest as it was. Pure.

The standard library reads TOML and does not write it, and what a person wrote beside a setting is
to stay. So lines are replaced, and what came out is read again: where it does not say what it is to
say (a value over several lines), the file is written anew, without the comments.
"""

import json
import re
import tomllib
from collections.abc import Mapping

Value = str | int | float | bool | dict[str, str]

_TABLE = re.compile(r"\s*\[")


def line_of(text: str, key: str) -> int | None:
    """The line, counted from 1, on which ``key`` is set before the first table."""
    wanted = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
    for number, line in enumerate(_rows(text), 1):
        if wanted.match(line):
            return number
    return None


def with_values(text: str, values: Mapping[str, Value | None]) -> str:
    """The same settings with these; None takes one out.

    Raises:
        tomllib.TOMLDecodeError: the text is no TOML.
    """
    meant = {**tomllib.loads(text), **values}
    meant = {key: value for key, value in meant.items() if value is not None}
    changed = _changed(text, values)
    try:
        if tomllib.loads(changed) == meant:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    return "".join(_lines(meant))


def assignment(key: str, value: object) -> str:
    """One line of TOML: a string of JSON is one of TOML, too, but for one sign."""
    written = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{key} = {written}\n"


def _rows(text: str) -> list[str]:
    """The lines as TOML has them: to Python, some signs within a value end a line, too."""
    return text.removesuffix("\n").split("\n") if text else []


def _changed(text: str, values: Mapping[str, Value | None]) -> str:
    lines = [line + "\n" for line in _rows(text)]
    added = []
    for key, value in values.items():
        number = line_of("".join(lines), key)
        if value is None:
            if number is not None:
                del lines[number - 1]
        elif number is None:
            added.append(assignment(key, value))
        else:
            lines[number - 1] = assignment(key, value)
    first_table = next((at for at, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    return "".join([*lines[:first_table], *added, *lines[first_table:]])


def _lines(settings: Mapping[str, object]) -> list[str]:
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    lines = [assignment(key, value) for key, value in settings.items() if key not in tables]
    for name, table in tables.items():
        lines.append(f"[{name}]\n")
        lines += [assignment(json.dumps(key), value) for key, value in table.items()]
    return lines
