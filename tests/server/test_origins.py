"""Which link is printed for whom."""

from dataclasses import replace

import pytest

from parvis_server.certificates import make_own, read_certificate
from parvis_server.links import LOOPBACK
from parvis_server.origins import Origins, certified_name

NOW = 1_795_000_000_000

LAN = Origins(
    address="192.168.1.20", own_address=LOOPBACK, http_port=8080, https_port=8443, public=None
)
PLAIN = replace(LAN, https_port=None)
ALONE = replace(LAN, address=LOOPBACK)
PUBLIC = replace(LAN, public="https://hall.example")

HTTP, HTTPS = "http://192.168.1.20:8080", "https://192.168.1.20:8443"
HERE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("hub", "audience", "host", "host_over_http", "operator", "units", "secure"),
    [
        (LAN, HTTP, HTTPS, HTTP, HTTPS, HTTPS, HTTPS),
        (PLAIN, HTTP, HTTP, HTTP, HERE, HTTP, None),
        (ALONE, HERE, HERE, HERE, HERE, "https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        (PUBLIC, *["https://hall.example"] * 6),
    ],
)
def test_everybody_gets_the_link_that_works_for_them(
    hub: Origins,
    audience: str,
    host: str,
    host_over_http: str,
    operator: str,
    units: str,
    secure: str | None,
) -> None:
    assert hub.audience == audience
    assert hub.host(over_http=False) == host
    assert hub.host(over_http=True) == host_over_http
    assert hub.operator == operator
    assert hub.units == units
    assert hub.secure == secure
    assert hub.here == HERE


def test_the_name_is_one_that_browsers_take_the_certificate_for() -> None:
    made = read_certificate(make_own(("hall.example", "other.example"), (), NOW))
    assert certified_name(made, ["hub", "other.example"]) == "other.example"
    assert certified_name(made, ["hub"]) == "hall.example"
    star = replace(made, names=("*.example.org",))
    assert certified_name(star, ["hub", "hall.example.org"]) == "hall.example.org"
    assert certified_name(star, ["hub"]) is None
