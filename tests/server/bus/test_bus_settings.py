"""What the settings of a bus hold that nobody else may read."""

import pytest

from parvis_server.bus.settings import BusSettings


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
