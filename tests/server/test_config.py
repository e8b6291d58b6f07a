"""Settings from file, environment and flags; what cannot be is told in one line."""

from pathlib import Path

import pytest

from parvis_server.config import (
    ENVIRONMENT_PREFIX,
    HubSettings,
    LogFormat,
    default_data_folder,
    load_settings,
)
from parvis_server.errors import UsageError
from parvis_server.settings_sources import known_keys


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(None, {})
    assert (settings.network.host, settings.network.port) == ("0.0.0.0", 8080)
    assert settings.data == tmp_path / "state" / "parvis"
    assert not settings.access.open_house


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        tmp_path / "my.toml",
        '[network]\nport = 1\nhost = "127.0.0.1"\nnames = ["hall.example"]\n[room]\ntitle = "A"\n',
    )
    monkeypatch.setenv("PARVIS_HUB_NETWORK__PORT", "2")
    monkeypatch.setenv("PARVIS_HUB_ROOM__TITLE", "B")
    monkeypatch.setenv("PARVIS_HUB_ACCESS__OPEN_HOUSE", "true")
    flags = {"network.port": 3, "room.title": None, "log.format": "json", "access.open_house": None}
    settings = load_settings(file, flags)
    assert settings.network.port == 3
    assert settings.network.host == "127.0.0.1"
    assert settings.network.names == ("hall.example",)
    assert settings.room.title == "B"
    assert settings.access.open_house
    assert settings.log.format is LogFormat.JSON


def test_the_zone_matrix_comes_from_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path / "my.toml",
        "[stage]\nframe_ms = 5\n"
        "[[stage.zone_gains]]\ntalks = 'hall'\nhears = 'foyer'\ngain_db = -12.5\n"
        "[[stage.zone_gains]]\ntalks = 'foyer'\nhears = 'hall'\n",
    )
    stage = load_settings(file, {}).stage
    assert stage.frame_ms == 5
    assert [(g.talks, g.hears, g.gain_db) for g in stage.zone_gains] == [
        ("hall", "foyer", -12.5),
        ("foyer", "hall", None),
    ]


def test_the_database_is_named_by_url_and_its_password_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings(None, {}).store.url is None
    monkeypatch.setenv("PARVIS_HUB_STORE__URL", "postgresql://hub:hidden@db/parvis")
    settings = load_settings(None, {})
    assert settings.store.url == "postgresql://hub:hidden@db/parvis"
    assert "hidden" not in repr(settings)


def test_a_choice_of_numbers_comes_from_the_environment_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARVIS_HUB_LIMITS__MAX_PACKET_MS", "20")
    assert load_settings(None, {}).limits.max_packet_ms == 20


def test_lists_come_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARVIS_HUB_NETWORK__NAMES", '["hub.test"]')
    assert load_settings(None, {}).network.names == ("hub.test",)


def test_the_file_in_the_data_folder_is_read_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "data" / "parvis.toml", "[network]\nport = 9\n")
    assert load_settings(None, {"data": tmp_path / "data"}).network.port == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[network]\nprot = 1\n", ["network.prot", "network.port", "my.toml"]),
        ("[netwrok]\nport = 1\n", ["netwrok", "did you mean"]),
        ("title = 'x'\n", ["unknown setting title", "room.title"]),
        ("[network]\nport = 70000\n", ["network.port", "65535", "70000"]),
        ("[network]\nport = 'many'\n", ["network.port", "'many'"]),
        ("[log]\nformat = 'xml'\n", ["log.format", "'human' or 'json'"]),
        ("[network]\nnames = ['a', 1]\n", ["network.names.1"]),
        ("network = 5\n", ["network"]),
        ("[stage]\nframe_ms = 20\n", ["stage.frame_ms", "5 or 10", "20"]),
        ("[stage]\nzone_gain = []\n", ["stage.zone_gain", "did you mean stage.zone_gains"]),
        (
            "[[stage.zone_gains]]\ntalks = 'Hall'\nhears = 'foyer'\n",
            ["stage.zone_gains.0.talks", "'Hall'"],
        ),
        (
            "[[stage.zone_gains]]\ntalks = 'hall'\nhears = 'foyer'\ngain_db = 7\n",
            ["stage.zone_gains.0.gain_db", "less than or equal to 6"],
        ),
        (
            2 * "[[stage.zone_gains]]\ntalks = 'hall'\nhears = 'foyer'\n",
            ["stage", "hall to foyer twice"],
        ),
        (
            "".join(f"[[stage.zone_gains]]\ntalks = 'a{n}'\nhears = 'b{n}'\n" for n in range(9)),
            ["stage", "18 zones", "at most 16"],
        ),
        ("[store]\nurl = 'mysql://u:hidden@h/d'\n", ["store.url", "postgresql://"]),
        ("[store]\nurl = 'sqlite:///relative.db'\n", ["store.url", "sqlite:////"]),
        ("port = = 1\n", ["not TOML", "my.toml"]),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, words: list[str]) -> None:
    file = write(tmp_path / "my.toml", text)
    with pytest.raises(UsageError) as wrong:
        load_settings(file, {})
    assert "\n" not in str(wrong.value)
    assert "hidden" not in str(wrong.value), "a password"
    for word in words:
        assert word in str(wrong.value)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot read the settings file"):
        load_settings(tmp_path / name, {})


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not TOML"):
        load_settings(tmp_path / "my.toml", {})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PARVIS_HUB_PORT", "1", "PARVIS_HUB_NETWORK__PORT"),
        ("PARVIS_HUB_NETWORK__PRT", "1", "PARVIS_HUB_NETWORK__PORT"),
        ("PARVIS_HUB_NETWORK__PORT", "x", "network.port (environment)"),
        ("PARVIS_HUB_NETWORK__NAMES", "a,b", """PARVIS_HUB_NETWORK__NAMES='["a", "b"]'"""),
        ("PARVIS_HUB_NETWORK__NAMES", "[", "network"),
    ],
)
def test_a_wrong_environment_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as wrong:
        load_settings(None, {})
    assert words in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_wrong_flag_is_told_as_such() -> None:
    with pytest.raises(UsageError, match=r"log.format \(flag\)"):
        load_settings(None, {"log.format": "xml"})


def test_every_setting_says_what_it_is() -> None:
    assert len(list(known_keys(HubSettings))) == len(set(known_keys(HubSettings))) > 8
    for section in ("network", "room", "access", "limits", "stage", "store", "log"):
        model = HubSettings.model_fields[section].annotation
        assert isinstance(model, type)
        for field in model.model_fields.values():
            assert field.description
    assert ENVIRONMENT_PREFIX == "PARVIS_HUB_"


def test_a_state_folder_that_is_not_absolute_is_ignored() -> None:
    assert default_data_folder({"XDG_STATE_HOME": "relative"}) == default_data_folder({})


@pytest.mark.parametrize(
    ("written", "port"), [("off", None), ("none", None), ("OFF", None), ("0", 0), ("443", 443)]
)
def test_https_has_a_port_or_none(
    written: str, port: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(None, {}).network.tls_port == 8443
    assert load_settings(None, {"network.tls_port": written}).network.tls_port == port
    monkeypatch.setenv("PARVIS_HUB_NETWORK__TLS_PORT", written)
    assert load_settings(None, {}).network.tls_port == port


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("certificate = 'c.pem'", "certificate is given without key: give both"),
        ("key = 'k.pem'", "key is given without certificate: give both"),
        ("certificate = 'c.pem'\nkey = 'k.pem'\ntls_port = 'off'", "https needs a port"),
        ("tls_port = 70000", "65535"),
        ("tls_port = 'many'", "integer"),
        ("behind_proxy = ['*']", "no address and no network"),
        ("behind_proxy = ['10.0.0.1/8']", "no address and no network"),
        ("behind_proxy = ['proxy.example']", "no address and no network"),
    ],
)
def test_https_settings_that_cannot_be_are_told(tmp_path: Path, text: str, words: str) -> None:
    file = write(tmp_path / "my.toml", f"[network]\n{text}\n")
    with pytest.raises(UsageError, match=words) as told:
        load_settings(file, {})
    assert "\n" not in str(told.value)


def test_certificate_files_and_proxies_are_taken(tmp_path: Path) -> None:
    file = write(
        tmp_path / "my.toml",
        "[network]\ncertificate = 'c.pem'\nkey = 'k.pem'\nannounce = false\n"
        "behind_proxy = ['127.0.0.1', '10.0.0.0/8', '::1']\n[access]\nplain_host = true\n",
    )
    settings = load_settings(file, {})
    assert settings.network.certificate == Path("c.pem")
    assert settings.network.behind_proxy == ("127.0.0.1", "10.0.0.0/8", "::1")
    assert settings.access.plain_host and not settings.network.announce
