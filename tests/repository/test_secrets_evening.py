"""The search after a whole evening finds what it is to find."""

import pytest

from fakes.secrets_evening import PRINTED_LINK, REQUEST, Findings, judge, without_private_paths

SECRET = "ps_0123456789abcdefghijkl"


def findings(place: str, content: bytes) -> Findings:
    found = Findings()
    found.note("setup link", SECRET)
    found.read("parvis.db (stopped)", b"SQLite")
    found.read(place, content)
    return found


@pytest.mark.parametrize("place", ["the log of the hub", "requests", "referrers", "a/b.json"])
def test_a_secret_is_found_wherever_it_stands(place: str) -> None:
    assert judge(findings(place, b"\x00.." + SECRET.encode() + b"&x=1"), 100) == [
        f"setup link in {place}"
    ]
    assert judge(findings(place, SECRET[:-1].encode()), 100) == []


def test_an_evening_in_which_nothing_happened_proves_nothing() -> None:
    assert judge(findings("requests", b""), 3)
    assert judge(Findings(), 100)


def test_a_path_of_ones_own_is_a_secret_in_its_own_place_alone() -> None:
    line = b"GET /p/abcdefghijklmnopqrstuv/listen.mp3?back=abcdefghijklmnopqrstuv HTTP/1.1"
    assert REQUEST.match(line)
    assert without_private_paths(line).count(b"abcdefghijklmnopqrstuv") == 1


def test_the_links_that_the_hub_prints_are_left_out_and_no_other_line_is() -> None:
    assert PRINTED_LINK.search("host: http://192.0.2.1:8080/host#k=abc")
    assert not PRINTED_LINK.search('{"message": "host: http://192.0.2.1/host#k=abc"}')
