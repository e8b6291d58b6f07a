"""Log lines: for people, or one JSON object a line (``--log-format json``)."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter

from parvis_device.config import LogFormat

ROOT = "parvis_device"

_CLEAR_LINE = "\r\x1b[K"
"""Takes the light's status line off a terminal before a log line is written over it."""


class _HumanFormatter(logging.Formatter):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")
        self._start = _CLEAR_LINE if terminal else ""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        if record.levelno >= logging.WARNING:
            line = line.replace(record.message, f"{record.levelname.lower()}: {record.message}", 1)
        return self._start + line


def start(log_format: LogFormat) -> None:
    """Send the unit's log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format is LogFormat.JSON:
        handler.setFormatter(
            JsonFormatter(
                "%(asctime)s %(levelname)s %(name)s %(message)s",
                rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            )
        )
    else:
        handler.setFormatter(_HumanFormatter(terminal=sys.stderr.isatty()))
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
