"""The loop of a server: uvloop, or asyncio's where there is none."""

import asyncio
import logging
import sys

import pytest
import uvloop

from parvis_server.loops import WITHOUT, new_loop


def test_uvloop_serves() -> None:
    loop = new_loop()
    assert isinstance(loop, uvloop.Loop)
    loop.close()


def test_without_it_asyncio_serves_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with caplog.at_level(logging.INFO):
        loop = new_loop()
    assert isinstance(loop, asyncio.SelectorEventLoop)
    assert caplog.messages == [WITHOUT]
    loop.close()
