import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.errors import UsageError
from parvis_server.listen.link import ListenerLink


@pytest.mark.parametrize(
    ("text", "url", "room", "shown"),
    [
        ("http://hub.local:8080/r/main", "ws://hub.local:8080/ws/listen", "main", "hub.local:8080"),
        ("http://10.0.0.2", "ws://10.0.0.2:80/ws/listen", "main", "10.0.0.2:80"),
        ("https://a.example/r/town-hall/", "wss://a.example:443/ws/listen", "town-hall", None),
        (" http://[::1]:9/r/main\n", "ws://[::1]:9/ws/listen", "main", "[::1]:9"),
    ],
)
def test_links_that_hubs_print(text: str, url: str, room: str, shown: str | None) -> None:
    link = ListenerLink.parse(text)
    assert (link.url, link.room) == (url, room)
    assert shown in (None, str(link))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hub.local:8080",
        "ftp://hub/r/main",
        "http:///r/main",
        "http://hub:port/r/main",
        "http://hub:99999/r/main",
        "http://hub/host#k=secret",
        "http://hub/r/Main Hall",
    ],
)
def test_other_text_is_refused_in_one_line_that_says_what_is_right(text: str) -> None:
    with pytest.raises(UsageError, match=r"http://192\.168\.1\.20:8080/r/main") as caught:
        ListenerLink.parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_link_or_one_error(text: str) -> None:
    try:
        assert ListenerLink.parse(text).url.startswith("ws")
    except UsageError as error:
        assert str(error)
