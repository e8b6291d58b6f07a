"""The file on the card: what a person may write, and how a mistake is told."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parvis_device.provisioning.card_file import (
    MOST_BYTES,
    CardMistake,
    explained,
    read_card,
    wiped,
)
from parvis_device.provisioning.networks import Wifi
from parvis_device.provisioning.settings_text import line_of, with_values
from parvis_server.labels import new_labels

LABEL = new_labels(1, 7, "Table", "https://192.168.1.20:8443")[0]


def test_the_file_that_parvis_label_writes() -> None:
    card = read_card(LABEL.settings.encode())
    assert dict(card.settings) == {
        "name": "Table 7",
        "setup_code": LABEL.spelled,
        "hotspot_name": LABEL.hotspot.name,
        "hotspot_password": LABEL.hotspot.password,
        "hub": "https://192.168.1.20:8443",
    }
    assert card.wifi is None
    for secret in (LABEL.spelled, LABEL.hotspot.password):
        assert secret not in wiped(card) and secret not in repr(card)
    assert read_card(wiped(card).encode()).is_empty


def test_a_wifi_beside_it() -> None:
    text = LABEL.settings + 'wifi_name = "Salle des fêtes"\nwifi_password = "pass word"\n'
    card = read_card(("\ufeff" + text + 'wifi_country = "FR"\r\n').encode())
    assert card.wifi == Wifi("Salle des fêtes", "pass word", country="FR")
    assert "wifi_name" not in card.settings, "the unit's own settings have no Wi-Fi"
    assert '# wifi_name = "Salle des fêtes"' in wiped(card) and "pass word" not in wiped(card)


def test_windows_may_save_it_as_unicode() -> None:
    assert read_card('name = "Table 7"\r\n'.encode("utf-16")).settings == {"name": "Table 7"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name = "T"\nhubb = "https://h"\n', 2, "unknown key 'hubb': did you mean hub?"),
        ('\nwifi_pasword = "12345678"\n', 2, "did you mean wifi_password?"),
        ("name = Table 1\n", 1, 'text stands in quotes: name = "…"'),
        ("# a note\nname = “Table 1”\n", 2, "straight ones"),
        ('hub "https://h"\n', 1, 'a line is KEY = "VALUE"'),
        ('name = "T"\nhub = "192.168.1.20"\n', 2, "write it like http://192.168.1.20:8080"),
        ('setup_code = "ABCD-EFG"\n', 1, "two groups of four"),
        ('wifi_name = "W"\nwifi_password = "short"\n', 2, "8 to 63"),
        ('wifi_password = "12345678"\n', 1, "goes with wifi_name"),
        (f'wifi_name = "{"W" * 33}"\n', 1, "1 to 32"),
        ('name = "T"\nname = "U"\n', 2, "cannot overwrite a value"),
        ('name = "T\n', 1, "illegal character"),
        ('name = "T"\nring_brightness_percent = 80\n', 2, "less than or equal to 25"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(
    text: str, line: int, words: str
) -> None:
    with pytest.raises(CardMistake) as caught:
        read_card(text.encode())
    assert caught.value.line == line and words in caught.value.words
    assert f"line {line}: " in explained(caught.value) and "\n\n" in explained(caught.value)


def test_no_mistake_repeats_a_secret() -> None:
    for key in ("setup_code", "hotspot_password", "wifi_password"):
        with pytest.raises(CardMistake) as caught:
            read_card(f'wifi_name = "W"\n{key} = "hush"\n'.encode())
        assert "hush" not in str(caught.value)


def test_what_is_no_text_or_too_long() -> None:
    with pytest.raises(CardMistake, match="line 2: save the file as UTF-8"):
        read_card(b'name = "T"\nhub = "\xff"\n')
    with pytest.raises(CardMistake, match="at most 16384"):
        read_card(b"#" * (MOST_BYTES + 1))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise(content: bytes) -> None:
    try:
        card = read_card(content)
    except CardMistake as mistake:
        assert str(mistake)
    else:
        assert read_card(wiped(card).encode()).is_empty


KEYS = st.sampled_from(["name", "hub", "loop", "ring_pixels"])
VALUES = st.one_of(st.text(max_size=20), st.booleans(), st.integers(0, 99))


@example([("name", "a\x85b\u2028c")], {"hub": "auto"})
@given(
    st.lists(st.tuples(KEYS, VALUES), max_size=4),
    st.dictionaries(KEYS, st.one_of(st.none(), VALUES), max_size=3),
)
def test_changed_settings_are_those_that_were_meant(
    before: list[tuple[str, str | bool | int]], changes: dict[str, str | bool | int | None]
) -> None:
    first = with_values('# a note\n[light_map]\nnext = "white slow"\n', dict(before))
    text = with_values(first, changes)
    meant = {**tomllib.loads(first), **changes}
    assert tomllib.loads(text) == {k: v for k, v in meant.items() if v is not None}
    assert text.startswith("# a note\n") or "# a note\n" in text


def test_comments_and_values_of_several_lines() -> None:
    text = '# mine\nname = "T" # its name\nmicrophone = """\nhw"""\n'
    assert with_values(text, {"hub": "auto"}) == text + 'hub = "auto"\n'
    changed = with_values(text, {"microphone": "default"})
    assert tomllib.loads(changed) == {"name": "T", "microphone": "default"}
    assert line_of(text, "microphone") == 3 and line_of(text, "hub") is None
    mapped = with_values(changed, {"light_map": {"next": "white slow"}, "name": "\x7f"})
    assert tomllib.loads(mapped) == {
        "name": "\x7f",
        "microphone": "default",
        "light_map": {"next": "white slow"},
    }
    assert tomllib.loads(with_values(mapped, {"light_map": None}))["name"] == "\x7f"


def test_a_light_map_of_the_card_reaches_the_unit() -> None:
    card = read_card(b'name = "T"\n[light_map]\nnext = "white slow"\n')
    text = with_values("", dict(card.settings))
    assert tomllib.loads(text)["light_map"] == {"next": "white slow"}
    assert read_card(wiped(card).encode()).is_empty
