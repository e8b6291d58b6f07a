"""Who runs the hub, over HTTP: setup links, passwords, sessions, what is allowed from where."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from fakes.operators import FAR, PASSWORD, Api
from fakes.operators import api as make_api
from parvis_server.net.api import operators as operators_module
from parvis_server.net.api.operators import utc_ms
from parvis_server.net.rate import Attempts
from parvis_server.trust import password
from parvis_server.trust.house import Revoked, RevokedKind
from parvis_server.trust.setup import SETUP_MS


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with make_api(tmp_path) as made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that cost nothing: what they cost has a test of its own."""
    monkeypatch.setattr(password, "_HASHER", PasswordHasher(1, 8, 1))


def setup_secret(api: Api) -> str:
    return api.hub.trust.new_setup_secret(utc_ms())


async def test_a_setup_link_makes_an_operator_once(api: Api) -> None:
    body = {"secret": setup_secret(api), "name": "Zoé"}
    claimed = await api.ask("POST", "/claim", body)
    assert claimed.status_code == 201
    told = claimed.json()
    assert told["session"]["name"] == "Zoé"
    assert told["session"]["current"] is True
    assert claimed.headers["cache-control"] == "no-store"
    again = await api.ask("POST", "/claim", body)
    assert (again.status_code, again.json()["code"]) == (401, "unauthorised")
    house = (await api.ask("GET", "/house", token=told["token"])).json()
    assert house["claimed"] is True
    assert house["site"] == api.hub.trust.site
    assert "password" in house["missing"]
    made = await api.ask("POST", "/rooms", {"title": "Town hall"}, token=told["token"])
    assert made.status_code == 201, "a session is as good as the hub's own token"


async def test_of_two_who_claim_at_once_one_does(api: Api, quick: None) -> None:
    body = {"secret": setup_secret(api), "name": "Zoé", "password": PASSWORD}
    answers = await asyncio.gather(*(api.ask("POST", "/claim", body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 401]
    assert len(api.hub.trust.sessions(utc_ms())) == 1


async def test_an_old_setup_link_is_void(api: Api) -> None:
    secret = api.hub.trust.new_setup_secret(utc_ms() - SETUP_MS)
    answer = await api.ask("POST", "/claim", {"secret": secret, "name": "Zoé"})
    assert answer.status_code == 401
    assert "parvis session link" in answer.json()["text"]
    assert not api.hub.trust.claimed


WRONG_CLAIMS: list[dict[str, Any]] = [
    {},
    {"name": "Zoé"},
    {"secret": "", "name": "Zoé"},
    {"secret": "x" * 201, "name": "Zoé"},
    {"secret": "x", "name": ""},
    {"secret": "x", "name": "Z\u202e"},
    {"secret": "x", "name": "Zoé", "password": "ninechars"},
    {"secret": "x", "name": "Zoé", "admin": True},
]


async def test_a_claim_that_cannot_be(api: Api) -> None:
    for body in WRONG_CLAIMS:
        answer = await api.ask("POST", "/claim", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body


async def test_a_password_signs_in_and_a_wrong_one_does_not(api: Api, quick: None) -> None:
    nobody = await api.ask("POST", "/sessions", {"password": PASSWORD, "name": "Ada"})
    assert (nobody.status_code, nobody.json()["code"]) == (409, "no_password")
    await api.claimed(PASSWORD)
    right = await api.ask("POST", "/sessions", {"password": PASSWORD, "name": "Ada"})
    assert right.status_code == 201
    assert right.json()["session"]["signed_by"] == "password"
    tries = [
        await api.ask("POST", "/sessions", {"password": f"{PASSWORD}{n}", "name": "E"}, address=FAR,
                      scheme="https")
        for n in range(6)
    ]  # fmt: skip
    assert [one.status_code for one in tries] == [401] * 5 + [429]
    assert "wait a minute" in tries[-1].json()["text"]
    again = await api.ask("POST", "/sessions", {"password": PASSWORD, "name": "Ada"})
    assert again.status_code == 201, "who guesses elsewhere locks nobody out"
    acts = [act.act for act in api.hub.trust.acts(100)]
    assert acts.count("refused") == 1, "a burst is one line"


async def test_passwords_are_looked_at_one_at_a_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.claimed(PASSWORD)
    monkeypatch.setattr(operators_module, "MAX_PASSWORDS_WAITING", 2)
    body = {"password": PASSWORD, "name": "Ada"}
    answers = await asyncio.gather(*(api.ask("POST", "/sessions", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429]


async def test_sessions_are_listed_and_end_at_once(api: Api) -> None:
    mine, other = await api.claimed(), await api.claimed()
    listed = (await api.ask("GET", "/sessions", token=mine)).json()["sessions"]
    assert [one["current"] for one in listed] == [True, False]
    gone: list[Revoked] = []
    api.hub.trust.taps.add(gone.append)
    ended = await api.ask("DELETE", f"/sessions/{listed[1]['id']}", token=mine)
    assert ended.status_code == 204
    assert [(one.kind, one.id) for one in gone] == [(RevokedKind.SESSION, listed[1]["id"])]
    assert (await api.ask("GET", "/units", token=other)).status_code == 401
    unknown = await api.ask("DELETE", f"/sessions/{listed[1]['id']}", token=mine)
    assert unknown.status_code == 404
    assert (await api.ask("DELETE", "/sessions/current", token=mine)).status_code == 204
    assert (await api.ask("GET", "/sessions", token=mine)).status_code == 401
    own = await api.ask("DELETE", "/sessions/current", token=api.own_token)
    assert own.status_code == 404
    again = [(await api.ask("GET", "/units", token=other)).status_code for _ in range(100)]
    assert set(again) == {401, 429}, "100 of 100 are refused, and slowed after 30"


async def test_an_operator_makes_a_link_for_another(api: Api) -> None:
    token = await api.claimed()
    made = (await api.ask("POST", "/setup", token=token)).json()
    link, _, secret = made["link"].partition("#setup=")
    assert link == f"{api.hub.operator_origin()}/operator"
    assert made["minutes"] == 15
    joined = await api.ask("POST", "/claim", {"secret": secret, "name": "Ada"})
    assert joined.status_code == 201
    acts = (await api.ask("GET", "/audit", token=token)).json()["acts"]
    assert [(act["act"], act["by"]) for act in acts] == [
        ("signed_in", "Ada"),
        ("setup_link", "Zoé"),
        ("claimed", "Zoé"),
    ]
    left = (await api.ask("POST", "/setup", token=token)).json()["link"].partition("#setup=")[2]
    await api.ask("DELETE", "/sessions/current", token=token)
    void = await api.ask("POST", "/claim", {"secret": left, "name": "Eve"})
    assert void.status_code == 401, "its session is over"
    token = joined.json()["token"]
    page = (await api.ask("GET", "/audit?limit=1&before=3", token=token)).json()["acts"]
    assert [act["number"] for act in page] == [2]


EVERYTHING = [
    ("GET", "/sessions", None),
    ("DELETE", "/sessions/current", None),
    ("POST", "/setup", None),
    ("GET", "/house", None),
    ("PATCH", "/house", {"plain_host": True}),
    ("GET", "/audit", None),
    ("GET", "/units", None),
    ("POST", "/units", {"key": "A" * 43, "name": "Table"}),
    ("PATCH", f"/units/{'a' * 16}", {"name": "Table"}),
    ("DELETE", f"/units/{'a' * 16}", None),
    ("POST", f"/units/{'a' * 16}/pair", {"code": "ABCDEFGH"}),
    ("POST", f"/units/{'a' * 16}/accept", None),
    ("POST", f"/units/{'a' * 16}/identify", None),
]


async def test_nothing_is_for_strangers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await api.claimed()
    monkeypatch.setattr(Attempts, "take", lambda *_: True)
    wrong = [None, "", "wrong", token[:-1], f"{token}x", setup_secret(api)]
    wrong.append(api.hub.keys.host_secret)
    for method, path, body in EVERYTHING:
        for shown in wrong:
            answer = await api.ask(method, path, body, token=shown)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised"), shown
        far = await api.ask(method, path, body, token=token, address=FAR)
        assert (far.status_code, far.json()["code"]) == (403, "plain")
        assert f"{api.hub.operator_origin()}/operator" in far.json()["text"]
    assert [one.name for one in api.hub.trust.sessions(utc_ms())] == ["Zoé"]
    assert not api.hub.trust.plain_host
    assert api.hub.trust.units() == ()


async def test_where_others_read_along_operators_are_not_heard(api: Api) -> None:
    body = {"secret": setup_secret(api), "name": "Zoé"}
    plain = await api.ask("POST", "/claim", body, address=FAR)
    assert (plain.status_code, plain.json()["code"]) == (403, "plain")
    safe = await api.ask("POST", "/claim", body, address=FAR, scheme="https")
    assert safe.status_code == 201
    token = safe.json()["token"]
    assert (await api.ask("GET", "/units", token=token, address=FAR)).status_code == 403
    assert (await api.ask("GET", "/units", token=token, address=FAR, scheme="https")).is_success
    allowed = await api.ask("PATCH", "/house", {"plain_host": True}, token=token)
    assert allowed.json()["plain_host"] is True
    assert (await api.ask("GET", "/units", token=token, address=FAR)).is_success
    # The hub's own token too, once somebody runs the hub; before, as it always was.
    await api.ask("PATCH", "/house", {"plain_host": False}, token=token)
    far = await api.ask("GET", "/units", token=api.own_token, address=FAR)
    assert far.status_code == 403


async def test_hosts_are_not_heard_in_the_clear_once_the_hub_is_claimed(api: Api) -> None:
    secret, act = api.hub.keys.host_secret, {"act": "silence", "on": True}
    asked = ("POST", "/rooms/main/acts", act)
    assert (await api.ask(*asked, token=secret, address=FAR)).is_success
    token = await api.claimed()
    far = await api.ask(*asked, token=secret, address=FAR)
    assert (far.status_code, far.json()["code"]) == (403, "plain")
    assert (await api.ask(*asked, token=secret, address=FAR, scheme="https")).is_success
    assert (await api.ask(*asked, token=secret)).is_success
    await api.ask("PATCH", "/house", {"plain_host": True}, token=token)
    assert (await api.ask(*asked, token=secret, address=FAR)).is_success


async def test_before_the_claim_the_hubs_own_token_works_from_anywhere(api: Api) -> None:
    answer = await api.ask("POST", "/rooms", {"title": "A"}, token=api.own_token, address=FAR)
    assert answer.status_code == 201


async def test_who_guesses_is_slowed_and_noted(api: Api) -> None:
    statuses = [
        (await api.ask("GET", "/units", token=f"wrong-{n}", address=FAR, scheme="https"))
        .status_code
        for n in range(40)
    ]  # fmt: skip
    assert statuses[:20] == [401] * 20
    assert statuses[-5:] == [429] * 5
    refused = [act for act in api.hub.trust.acts(100) if act.act == "refused"]
    assert [act.address for act in refused] == [FAR]
    assert "wrong" not in json.dumps([act.about for act in refused])


async def test_what_is_missing_is_said(api: Api, quick: None) -> None:
    async def missing() -> list[str]:
        said = await api.ask("GET", "/house", token=api.own_token)
        return [word for word in said.json()["missing"] if word in {"claim", "password"}]

    assert await missing() == ["claim"]
    await api.claimed()
    assert await missing() == ["password"]
    await api.claimed(PASSWORD)
    assert await missing() == []


async def test_another_sites_page_tries_no_password(api: Api, quick: None) -> None:
    """What a browser sends elsewhere without asking first is no JSON, and is not looked at."""
    await api.claimed(PASSWORD)
    body = json.dumps({"password": PASSWORD, "name": "Eve"})
    answer = await api.send("/sessions", body, {"Content-Type": "text/plain"})
    assert answer.status_code == 422
    asked = await api.ask("OPTIONS", "/sessions")
    assert "access-control-allow-origin" not in asked.headers
    assert len(api.hub.trust.sessions(utc_ms())) == 1
