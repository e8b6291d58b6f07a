"""Log lines for people and for programs, without secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from parvis_server import logs
from parvis_server.config import LogFormat
from parvis_server.trust.tokens import HIDDEN, new_session_token, new_setup_token

SECRET = "s3cret-of-the-host-link"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_lines_for_people() -> None:
    stream = io.StringIO()
    logs.start(LogFormat.HUMAN, (), stream)
    log = logging.getLogger("parvis_server.test")
    log.info("hand raised", extra={"seq": 3})
    log.warning("late")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("hand raised (seq=3)")
    assert second.endswith("warning: late")


def test_lines_for_programs() -> None:
    stream = io.StringIO()
    logs.start(LogFormat.JSON, (), stream)
    logging.getLogger("parvis_server.test").info("hand raised", extra={"seq": 3})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["seq"]) == ("INFO", "hand raised", 3)
    assert line["logger"] == "parvis_server.test"
    assert line["time"]


@pytest.mark.parametrize("log_format", LogFormat)
def test_no_line_holds_a_secret(log_format: LogFormat) -> None:
    stream = io.StringIO()
    logs.start(log_format, (SECRET, ""), stream)
    log = logging.getLogger("parvis_server.test")
    log.info("link %s", SECRET, extra={"url": f"http://x/host#k={SECRET}"})
    try:
        raise ValueError(f"bad {SECRET}")
    except ValueError:
        log.exception("failed")
    assert SECRET not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 3


def test_libraries_that_a_flood_could_make_talk_are_quiet() -> None:
    stream = io.StringIO()
    logs.start(LogFormat.HUMAN, (), stream)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("asyncio").warning("socket.send() raised exception.")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("log_format", LogFormat)
def test_a_token_that_nobody_told_the_log_of_is_hidden_too(log_format: LogFormat) -> None:
    stream = io.StringIO()
    logs.start(log_format, (), stream)
    setup, session = new_setup_token(), new_session_token()
    logging.getLogger("parvis_server.test").info("/operator#setup=%s", setup, extra={"t": session})
    assert stream.getvalue().count(HIDDEN) == 2
    assert setup not in stream.getvalue()
    assert session not in stream.getvalue()
