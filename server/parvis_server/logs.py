"""Log lines: for people, or one JSON object a line (``--log-format json``).

No secret is written: the formatters replace every secret that they were told of, and whatever looks
like a token that this hub gives out, wherever in a line it stands, traces included.
"""

import logging
import sys
from collections.abc import Iterable
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from parvis_server.config import LogFormat
from parvis_server.trust.tokens import HIDDEN, without_tokens

QUIET = {
    "uvicorn": logging.ERROR,
    "uvicorn.error": logging.ERROR,  # one line for each malformed request is a flood's doing
    "uvicorn.access": logging.CRITICAL,
    "alembic": logging.WARNING,  # which database it found, at each start
    "asyncio": logging.ERROR,  # "socket.send() raised exception" for each lost listener
}
"""Lowest level of what the libraries say."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Secretive(logging.Formatter):
    """Another formatter's lines without the secrets."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return without_tokens(line)


class _HumanFormatter(logging.Formatter):
    """``12:00:01 warning: message (key=value)``; the level is said from a warning on."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        details = " ".join(f"{key}={value}" for key, value in extra.items())
        suffix = f" ({details})" if details else ""
        return f"{record.asctime} {level}{record.message}{suffix}"


def start(log_format: LogFormat, secrets: Iterable[str], stream: TextIO = sys.stderr) -> None:
    """Send all log lines of this process to ``stream``, without the secrets."""
    inner: logging.Formatter
    if log_format is LogFormat.JSON:
        inner = JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    else:
        inner = _HumanFormatter()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Secretive(inner, secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
