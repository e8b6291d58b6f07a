"""The page in the unit's own Wi-Fi: who is answered, what is taken, and nobody waits for others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.link_state import LinkState
from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi
from parvis_device.provisioning.page import view as page_view
from parvis_device.provisioning.page.desk import Desk, Wish, read_wish
from parvis_device.provisioning.page.http import (
    MOST_HEAD_BYTES,
    BadRequest,
    parse_form,
    parse_request,
)
from parvis_device.provisioning.page.server import MOST_CONNECTIONS, PageServer
from parvis_device.provisioning.page.view import View, main_page
from parvis_device.provisioning.page.words import EN, FR, language_of

HOST = "10.42.0.1"
AIR = [Seen("Hall", 80, True), Seen('<b>"Café"', 40, False), Seen("eduroam", 30, True, True)]


class Counter:
    """A desk in its room."""

    def __init__(self, **known: object) -> None:
        self.known = {"unit": "ABCD-EFGH", "networks": AIR, **known}
        self.wishes: list[Wish] = []
        self.used = 0
        self.desk = Desk(HOST, self.view, self.wishes.append)

    def view(self, token: str) -> View:
        return View(token=token, **self.known)  # type: ignore[arg-type]

    def ask(
        self,
        line: str,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        head = {"Host": HOST, **(headers or {})}
        body = b"" if form is None else urlencode(form).encode()
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        request = parse_request(("\r\n".join(lines) + "\r\n\r\n").encode())
        answered = self.desk.answer(request, body).decode()
        return int(answered.split(" ")[1]), answered

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.ask("GET /")[1])
        assert found is not None
        return found[1]

    def post(self, origin: str | None = None, **form: str) -> tuple[int, str]:
        headers = {} if origin is None else {"Origin": origin}
        return self.ask("POST /join?l=en", headers, {"token": self.token, **form})


def test_a_network_of_the_list() -> None:
    counter = Counter()
    status, text = counter.post(network="=Hall", password="sesame-sesame")
    assert status == 200 and "The unit is joining Hall now" in text
    assert counter.wishes == [Wish(Wifi("Hall", "sesame-sesame"))]
    counter.post(network='=<b>"Café"')
    assert counter.wishes[1] == Wish(Wifi('<b>"Café"', None))


def test_a_hidden_network_hub_and_name() -> None:
    counter = Counter()
    counter.post(
        network="-other",
        other_name=" Cave ",
        password="sesame-sesame",
        hub="https://192.168.1.20:8443",
        name="Zoé",
    )
    hidden = Wifi("Cave", "sesame-sesame", hidden=True)
    assert counter.wishes == [Wish(hidden, "https://192.168.1.20:8443", "Zoé")]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a network"),
        ({"network": "=Hall"}, "The password of Hall has 8 to 63"),
        ({"network": "=Hall", "password": "qX7!"}, "8 to 63"),
        ({"network": "-other", "other_name": "x" * 33}, "1 to 32"),
        ({"network": '=<b>"Café"', "hub": "192.168.1.20"}, "like http://192.168.1.20:8080"),
        ({"network": '=<b>"Café"', "name": "x" * 41}, "at most 40"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(form: dict[str, str], words: str) -> None:
    counter = Counter()
    status, text = counter.post(**form)
    assert status == 422 and words in text and 'role="alert"' in text
    assert not counter.wishes and form.get("password", "qX7!") not in text
    if form.get("network") == "=Hall":
        assert re.search(r'value="=Hall" checked', text)


def test_only_a_form_of_this_page_counts() -> None:
    counter = Counter()
    form = {"network": '=<b>"Café"'}
    assert counter.ask("POST /join", form=form)[0] == 403
    assert counter.ask("POST /join", form={**form, "token": "x"})[0] == 403
    assert counter.ask("POST /finish", form={})[0] == 403
    for origin in ("http://evil.example", "null", "https://10.42.0.1", f"http://{HOST}:8080"):
        assert counter.post(origin, **form)[0] == 403
    assert not counter.wishes
    assert counter.post(f"http://{HOST}", **form)[0] == 200
    assert Counter().token != Counter().token


def test_another_name_is_sent_to_the_units_own_and_told_nothing() -> None:
    counter = Counter()
    for name in ("captive.example", "evil.example:80", f"{HOST}:8080", ""):
        status, text = counter.ask("GET /generate_204", {"Host": name})
        assert status == 302 and f"Location: http://{HOST}/\r\n" in text
        assert text.endswith("\r\n\r\n"), "no page, and so no token, under another name"
        with pytest.raises(BadRequest) as caught:
            counter.ask("POST /join", {"Host": name}, {"token": counter.token})
        assert caught.value.status == 403


def test_the_page_may_load_nothing_and_run_nothing() -> None:
    text = Counter(online=True, hubs=["Town hall (10.0.0.2:443)"]).ask("GET /")[1]
    assert (
        "default-src 'none'; style-src 'self'" in text and "script" not in text.split("\r\n\r\n")[1]
    )
    assert "http://" not in text.split("\r\n\r\n")[1].replace("http://192.168.1.20", "")
    assert "style=" not in text
    assert Counter().ask("GET /style.css")[0] == 200
    assert Counter().ask("GET /nothing")[0] == 404
    with pytest.raises(BadRequest, match="Method"):
        Counter().ask("PUT /")


def test_names_from_the_air_are_text() -> None:
    text = Counter(mistake="line 2: <i>", tried="<u>", trouble=JoinTrouble.FAILED).ask("GET /")[1]
    for raw in ("<b>", "<i>", "<u>"):
        assert raw not in text
    assert "&lt;b&gt;&quot;Café&quot;" in text


def test_what_is_shown_of_troubles_pairing_and_networks() -> None:
    text = Counter(trouble=JoinTrouble.WRONG_PASSWORD, tried="Hall").ask("GET /?l=fr")[1]
    assert "Le mot de passe de Hall était faux" in text and 'value="=Hall" checked' in text
    assert "disabled" in text.split("eduroam")[0].rsplit("<input", 1)[1] + text.split("eduroam")[1]
    assert "éclats brefs et un long : appuyez" in text
    assert "hold its button for three seconds" in Counter(has_code=False).ask("GET /?l=en")[1]
    assert "belongs to the site <code>WXYZ</code>" in Counter(site="WXYZ").ask("GET /?l=en")[1]
    assert "No network was seen" in Counter(networks=[]).ask("GET /?l=en")[1]


def test_with_a_network_already_it_may_go_on() -> None:
    counter = Counter(online=True)
    assert "a network already" in counter.ask("GET /?l=en")[1]
    for state in LinkState:
        text = Counter(online=True, link=state).ask("GET /?l=fr")[1]
        assert FR[f"link_{state.value}"].replace("'", "&#x27;") in text or (
            FR[f"link_{state.value}"] in text
        )
    status, text = counter.ask("POST /finish?l=fr", form={"token": counter.token})
    assert status == 200 and "La borne démarre" in text and counter.wishes == [Wish(None)]


def test_languages() -> None:
    assert set(EN) == set(FR)
    for key in EN:
        assert re.findall(r"\{\w+\}", EN[key]) == re.findall(r"\{\w+\}", FR[key])
    assert language_of(None, "de-DE,fr-CA;q=0.8,en;q=0.5") == "fr"
    assert language_of("en", "fr") == "en" and language_of("xx", "") == "en"


class Labels(HTMLParser):
    """Every field has its label."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.labels: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if tag == "input" and known.get("type") != "hidden":
            self.ids.add(str(known["id"]))
        if tag == "label":
            self.labels.add(str(known["for"]))


def test_every_field_has_a_label() -> None:
    labels = Labels(main_page(Counter().view("t"), "en"))
    assert labels.ids == labels.labels and len(labels.ids) == 8


@given(st.binary(max_size=400))
def test_no_bytes_make_the_parser_fail_otherwise(head: bytes) -> None:
    try:
        request = parse_request(head)
    except BadRequest as refused:
        assert refused.status in (400, 413)
    else:
        assert request.path.startswith("/")
    with suppress(BadRequest):
        parse_form(head)


@given(
    st.dictionaries(
        st.sampled_from(["network", "other_name", "password", "hub", "name"]), st.text(max_size=70)
    )
)
def test_no_form_makes_the_desk_fail(form: dict[str, str]) -> None:
    view = View("U", "t", AIR)
    wish, entered = read_wish(form, view)
    assert (wish is None) == bool(entered.error)
    assert page_view.main_page(view, "fr", entered)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_no_browser_sends(head: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_request(head)
    assert caught.value.status == status


@asynccontextmanager
async def serving(counter: Counter, request_s: float = 10.0) -> AsyncIterator[int]:
    def used() -> None:
        counter.used += 1

    server = PageServer(counter.desk, used, "127.0.0.0/8", request_s)
    async with server.serving("127.0.0.1", 0) as port:
        yield port


async def said(port: int, sent: bytes) -> bytes:
    """What comes back until the end; nothing, too, where the connection is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = b""
    with suppress(ConnectionError):
        writer.write(sent)
        async with asyncio.timeout(20):
            answered = await reader.read()
    await hung_up(writer)
    return answered


async def hung_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


async def test_a_slow_phone_holds_up_nobody() -> None:
    counter = Counter()
    async with serving(counter) as port:
        _, slow = await asyncio.open_connection("127.0.0.1", port)
        slow.write(GET[:10])
        assert (await said(port, GET)).startswith(b"HTTP/1.1 200 OK")
        assert counter.used == 1
        await hung_up(slow)


async def test_who_never_ends_a_request_is_let_go() -> None:
    async with serving(Counter(), request_s=0.05) as port:
        assert await said(port, GET[:10]) == b""


async def test_more_than_a_few_are_turned_away_and_too_much_is_not_read() -> None:
    async with serving(Counter()) as port:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
        assert await said(port, GET) == b""
        for reader, writer in kept:
            writer.write(GET)
            async with asyncio.timeout(20):
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
            await hung_up(writer)
        answered = await said(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 2 * MOST_HEAD_BYTES)
        assert not answered or answered.startswith(b"HTTP/1.1 431")


async def test_who_is_not_in_the_units_wifi_is_not_answered() -> None:
    server = PageServer(Counter().desk, lambda: None, "10.42.0.0/24")
    async with server.serving("127.0.0.1", 0) as port:
        assert await said(port, GET) == b""


def test_the_style_is_in_the_package() -> None:
    assert (Path(page_view.__file__).with_name("style.css")).is_file()
