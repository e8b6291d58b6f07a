"""The second listener in a browser: the page over https, its socket over wss, and no fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.browser import INSECURE_NAME, chromium
from fakes.page import WATCH_FAULTS, Page
from fakes.processes import command, free_port, running
from parvis_server.certificates import read_certificate
from parvis_server.encryption import OWN_FILE

pytestmark = [pytest.mark.system, pytest.mark.patient]

FLAGS = ("--ignore-certificate-errors",)
"""The person went on past the browser's warning of the hub's own certificate."""


def test_a_phone_listens_over_https_with_the_hubs_own_certificate(tmp_path: Path) -> None:
    plain, encrypted, folder = free_port(), free_port(), tmp_path / "hub"
    options = ("--host", "127.0.0.1", "--port", str(plain), "--tls-port", str(encrypted))
    named = {"PARVIS_HUB_NETWORK__NAMES": json.dumps([INSECURE_NAME])}
    with (
        running(*command("parvis", "hub", *options, "--data", str(folder)), env=named) as hub,
        chromium(tmp_path, flags=FLAGS) as browser,
    ):
        hub.wait_for("^listen: ")
        assert INSECURE_NAME in read_certificate((folder / OWN_FILE).read_bytes()).names
        phone = Page(browser)
        phone.before_its_scripts(WATCH_FAULTS)
        phone.open(f"https://{INSECURE_NAME}:{encrypted}/r/main")
        assert browser.execute_script("return isSecureContext")
        phone.wait("window.__parvis?.participant", "joined the room")
        phone.tap(".door")
        phone.wait("__parvis.playedMs > 1000", "a second of sound", 30)
        assert phone.diagnostics()["rung"] == "worklet", "the best way to play, with https only"
        assert phone.faults() == []
        for page in ("/operator", "/host", "/screen", "/"):
            phone.open(f"https://{INSECURE_NAME}:{encrypted}{page}")
            phone.wait("document.body.textContent.trim().length > 0", page)
            assert phone.faults() == [], page
