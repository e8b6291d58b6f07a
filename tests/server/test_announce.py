"""What the start prints."""

import io
from dataclasses import replace

import pytest

from parvis_server.announce import Announcement

HUB = Announcement(
    title="Town hall",
    listener_link="http://192.168.1.20:8080/r/main",
    host_link="http://192.168.1.20:8080/host#k=s3cret",
    open_house=False,
    has_network=True,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_programs_get_two_lines() -> None:
    stream = io.StringIO()
    HUB.print_to(stream)
    assert stream.getvalue() == (
        "listen: http://192.168.1.20:8080/r/main\nhost: http://192.168.1.20:8080/host#k=s3cret\n"
    )


def test_people_get_links_and_a_code_to_scan() -> None:
    stream = Terminal()
    HUB.print_to(stream)
    text = stream.getvalue()
    for part in ("Town hall", HUB.listener_link, HUB.host_link, "█", "Ctrl-C"):
        assert part in text
    assert "warning" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_people_are_warned(caplog: pytest.LogCaptureFixture) -> None:
    replace(HUB, open_house=True).print_to(io.StringIO())
    assert "anybody on this network" in caplog.text, "in the log when nobody sits at a terminal"
    warned = replace(HUB, open_house=True, has_network=False).for_terminal()
    assert "anybody on this network" in warned
    assert "no network address" in warned
    assert max(len(line) for line in warned.splitlines()) <= 80


SETUP = "https://192.168.100.200:8443/operator#setup=ps_0123456789abcdefghijkl"


def test_an_unclaimed_hub_prints_its_setup_link() -> None:
    unclaimed = replace(HUB, setup_link=SETUP)
    stream = io.StringIO()
    unclaimed.print_to(stream)
    assert stream.getvalue().splitlines()[2:] == [f"setup: {SETUP}"]
    text = unclaimed.for_terminal()
    assert SETUP in text
    assert "works once" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "setup" not in HUB.for_terminal().lower(), "a claimed one prints none"
    assert "ps_" not in repr(unclaimed)


def test_an_operator_is_told_what_the_browser_will_ask(caplog: pytest.LogCaptureFixture) -> None:
    note = "The browser will warn. Go on if the fingerprint is " + " ".join(["AB12"] * 16)
    told = replace(HUB, setup_link=SETUP, operator_note=note, notes=("port 8443 is taken",))
    text = told.for_terminal()
    assert text.count("AB12") == 16 and "warning: port 8443 is taken" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    told.print_to(io.StringIO())
    assert "port 8443 is taken" in caplog.text
