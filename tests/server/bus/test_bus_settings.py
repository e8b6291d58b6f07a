"""What the settings of a bus hold that nobody else may read."""

from pathlib import Path

import pytest

from parvis_server.bus.settings import BusSettings
from parvis_server.edge.settings import load_edge_settings
from parvis_server.errors import UsageError


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        (None, ()),
        ("nats://bus.example", ()),
        ("nats://me:p4ss@bus.example", ("p4ss",)),
        ("me:p4ss@bus.example", ("p4ss",)),
        ("nats://t0ken@bus.example", ("t0ken",)),
        ("nats://me:p%40ss@bus.example", ("p%40ss", "p@ss")),
        ("nats://me:p@s:s@bus.example", ("p@s:s",)),
        ("tls://a:one@x.example, tls://b:two@y.example", ("one", "two")),
        ("http://me:p4ss@no.bus", ("p4ss",)),
    ],
)
def test_what_an_address_holds_is_a_secret(url: str | None, secrets: tuple[str, ...]) -> None:
    assert BusSettings(url=url).secrets() == secrets
    assert BusSettings(url=url).names_a_secret is bool(secrets)


def test_passwords_and_tokens_are_secrets() -> None:
    settings = BusSettings(url="nats://me:p4ss@bus.example", password="w0rd", token="t0ken")
    assert settings.secrets() == ("w0rd", "t0ken", "p4ss")
    for secret in settings.secrets():
        assert secret not in repr(settings)


def test_a_password_that_is_none_is_told_without_it(tmp_path: Path) -> None:
    file = tmp_path / "parvis-edge.toml"
    file.write_text('[bus]\nurl = "nats://bus.example"\npassword = 4711\n')
    with pytest.raises(UsageError, match=r"bus\.password") as told:
        load_edge_settings(file, {})
    assert "4711" not in str(told.value)
