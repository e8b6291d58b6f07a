"""How a hub is reached, what is missing for it, and what is said of that."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parvis_server.certificates import MS_PER_DAY, Certificate
from parvis_server.config import AccessSettings, HubSettings, NetworkSettings
from parvis_server.data_folder import DataFolder
from parvis_server.encryption import Encryption
from parvis_server.errors import PortInUse, UsageError
from parvis_server.hub_listeners import open_listeners, own_identities
from parvis_server.hub_reach import HubReach
from parvis_server.hub_server import Listener
from parvis_wire.stage import AlarmKind

NOW = 1_795_000_000_000
NAMED = NetworkSettings(host="127.0.0.1", port=0, tls_port=0, names=("hall.example",))


@dataclass
class House:
    claimed: bool = False
    plain_host: bool = False


@dataclass
class Given:
    """Certificate files."""

    certificate: Certificate
    kind: str = "files"

    @property
    def context(self) -> object:
        raise AssertionError("nobody connects")

    def refresh(self, utc_ms: int) -> None:
        raise AssertionError("nobody waits a minute")


def files(days: float, *names: str) -> Encryption:
    ends = NOW + int(days * MS_PER_DAY)
    return Given(Certificate(bytes(32), NOW - 90 * MS_PER_DAY, ends, names))  # type: ignore[return-value]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def ports(stack: ExitStack, folder: Path, network: NetworkSettings) -> list[Listener]:
    taken = open_listeners(network, DataFolder.open(folder), NOW)
    for listener in taken:
        stack.enter_context(listener.socket)
    return taken


def reach(
    taken: list[Listener],
    house: House | None = None,
    network: NetworkSettings = NAMED,
    *,
    open_house: bool = False,
) -> HubReach:
    settings = HubSettings(network=network, access=AccessSettings(open_house=open_house))
    made = HubReach(settings, house or House(), "abcdefgh", lambda: NOW)
    made.listening_on = taken
    return made


def given(taken: list[Listener], encryption: Encryption) -> list[Listener]:
    return [taken[0], replace(taken[1], encryption=encryption)]


def test_the_own_certificate_speaks_for_every_name(tmp_path: Path, stack: ExitStack) -> None:
    plain, encrypted = ports(stack, tmp_path, NAMED)
    assert (plain.scheme, encrypted.scheme) == ("http", "https")
    assert plain.certificate is None and encrypted.encryption is not None
    certificate = encrypted.encryption.certificate
    assert encrypted.certificate == certificate.digest
    assert {"hall.example", "localhost"} <= set(certificate.names)
    assert {"127.0.0.1", "::1"} <= set(certificate.addresses)
    facts = reach([plain, encrypted]).listeners()
    assert [(each.scheme, each.port, each.certificate) for each in facts] == [
        ("http", plain.port, None),
        ("https", encrypted.port, "own"),
    ]
    assert facts[1].fingerprint == certificate.fingerprint
    assert facts[1].expires_utc_ms == certificate.not_after_utc_ms


def test_odd_names_of_machines_end_nothing() -> None:
    names, addresses = own_identities(
        NetworkSettings(host="localhost", names=("Hall.Example", "größe.example", ".", ""))
    )
    assert names[0] == "hall.example" and "größe.example" not in names
    assert "localhost" in names and "localhost" not in addresses


def test_https_can_be_off(tmp_path: Path, stack: ExitStack) -> None:
    network = NAMED.model_copy(update={"tls_port": None})
    [plain] = ports(stack, tmp_path, network)
    hub = reach([plain], network=network)
    assert plain.scheme == "http" and hub.missing() == ["https"]
    assert hub.origins.secure is None and hub.operator_note() is None


def test_a_second_hub_on_the_machine_takes_a_free_port_and_says_so(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    taken = held.getsockname()[1]
    asked = NetworkSettings(host="127.0.0.1", port=0, tls_port=taken)
    with pytest.raises(PortInUse, match=r"--tls-port \d+"):
        open_listeners(asked, DataFolder.open(tmp_path), NOW)
    usual = NetworkSettings.model_construct({"host", "port"}, **asked.model_dump())
    found = ports(stack, tmp_path, usual)
    assert found[1].port not in {0, taken}
    [note] = reach(found, network=usual).notes()
    assert f"port {taken} is taken" in note and f"port {found[1].port}" in note


def test_files_that_cannot_be_take_no_port(tmp_path: Path) -> None:
    network = NetworkSettings(
        host="127.0.0.1", port=0, certificate=tmp_path / "c.pem", key=tmp_path / "k.pem"
    )
    with pytest.raises(UsageError, match="cannot read the certificate file"):
        open_listeners(network, DataFolder.open(tmp_path), NOW)


@pytest.mark.parametrize(
    ("days", "missing", "alarm", "words"),
    [
        (90, [], None, ""),
        (14.5, [], None, ""),
        (13.9, ["certificate_soon"], 13.9, "ends in 14 days"),
        (-0.5, ["certificate_expired"], -0.5, "browsers refuse it"),
    ],
)
def test_a_certificate_that_ends_is_told(
    tmp_path: Path,
    stack: ExitStack,
    days: float,
    missing: list[str],
    alarm: float | None,
    words: str,
) -> None:
    hub = reach(given(ports(stack, tmp_path, NAMED), files(days, "hall.example")))
    assert hub.missing() == missing
    alarms = list(hub.alarms())
    assert [each.value for each in alarms] == ([] if alarm is None else [alarm])
    assert all(each.kind is AlarmKind.CERTIFICATE for each in alarms)
    assert words in "".join(hub.notes()) and len(hub.notes()) == (1 if words else 0)


def test_a_good_certificate_makes_https_links_for_everybody(
    tmp_path: Path, stack: ExitStack
) -> None:
    taken = given(ports(stack, tmp_path, NAMED), files(90, "hall.example"))
    hub = reach(taken, House(claimed=True))
    public = f"https://hall.example:{taken[1].port}"
    assert {hub.audience_origin(), hub.host_origin(), hub.origins.operator} == {public}
    assert hub.operator_note() is None
    ended = reach(given(taken, files(-1, "hall.example")))
    assert ended.audience_origin() == f"http://127.0.0.1:{taken[0].port}", "no warning on phones"


def test_the_hub_goes_by_the_names_of_its_certificate(tmp_path: Path, stack: ExitStack) -> None:
    taken = ports(stack, tmp_path, NAMED)
    hub = reach(given(taken, files(90, "other.example", "*.example.org")))
    assert {"hall.example", "other.example"} <= hub.names
    star = reach(given(taken, files(90, "*.example.org")))
    assert "network.names" in star.notes()[0]


def test_hosts_get_https_once_there_is_somebody_to_keep_out(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis_server.links.reachable_address", lambda host: "192.0.2.7")
    taken = ports(stack, tmp_path, NAMED)
    http, https = f"http://192.0.2.7:{taken[0].port}", f"https://192.0.2.7:{taken[1].port}"
    assert reach(taken, House()).host_origin() == http
    assert reach(taken, House(claimed=True)).host_origin() == https
    assert reach(taken, House(claimed=True, plain_host=True)).host_origin() == http
    hub = reach(taken)
    assert (hub.audience_origin(), hub.origins.operator) == (http, https)
    note = hub.operator_note()
    assert note is not None and taken[1].encryption is not None
    assert taken[1].encryption.certificate.fingerprint in note
    assert hub.missing() == ["certificate"]


def test_behind_a_proxy_links_lead_to_its_name(tmp_path: Path, stack: ExitStack) -> None:
    network = NAMED.model_copy(update={"behind_proxy": ("127.0.0.1",)})
    hub = reach(ports(stack, tmp_path, network), House(claimed=True), network)
    assert {hub.audience_origin(), hub.host_origin()} == {"https://hall.example"}
    assert hub.missing() == []


def test_on_loopback_nothing_is_announced(tmp_path: Path, stack: ExitStack) -> None:
    taken = ports(stack, tmp_path, NAMED)
    said = reach(taken).announcement()
    assert said.addresses == ()
    assert (said.port, said.words["tls"], said.words["site"]) == (taken[1].port, "1", "abcdefgh")
