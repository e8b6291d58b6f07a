"""The context of the second listener, and certificates that are renewed while it runs."""

import hashlib
import logging
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from parvis_server.certificates import MS_PER_DAY
from parvis_server.data_folder import DataFolder
from parvis_server.encryption import OWN_FILE, FileEncryption, OwnEncryption, new_context
from parvis_server.errors import UsageError

NOW = 1_795_000_000_000


def digest_shown_by(context: ssl.SSLContext) -> bytes:
    """SHA-256 of the certificate that a client is shown: a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client = trusting.wrap_bio(to_client, to_server)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    shown = client.getpeercert(binary_form=True)
    assert shown is not None
    return hashlib.sha256(shown).digest()


class Names:
    """What the hub is called, which changes."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ("192.0.2.7",)

    def __call__(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return ("hub.local",), self.addresses


def test_the_own_certificate_stays_for_the_next_start(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    first = OwnEncryption(folder, Names(), NOW)
    assert (tmp_path / OWN_FILE).stat().st_mode & 0o777 == 0o600
    again = OwnEncryption(folder, Names(), NOW + MS_PER_DAY)
    assert again.certificate == first.certificate
    assert digest_shown_by(again.context) == first.certificate.digest


def test_it_follows_the_names_of_the_hub_while_that_runs(tmp_path: Path) -> None:
    names = Names()
    own = OwnEncryption(DataFolder.open(tmp_path), names, NOW)
    before, context = own.certificate, own.context
    own.refresh(NOW + MS_PER_DAY)
    assert own.certificate is before
    names.addresses = ("192.0.2.8",)
    own.refresh(NOW + MS_PER_DAY)
    assert own.certificate.addresses == ("192.0.2.8",) and own.context is context
    assert digest_shown_by(context) == own.certificate.digest


@pytest.mark.parametrize("damage", [b"", b"no certificate", b"\xff" * 50])
def test_a_damaged_one_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    folder = DataFolder.open(tmp_path)
    first = OwnEncryption(folder, Names(), NOW).certificate
    (tmp_path / OWN_FILE).write_bytes(damage)
    assert OwnEncryption(folder, Names(), NOW).certificate.digest != first.digest


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = Names()
    own = OwnEncryption(DataFolder.open(tmp_path), names, NOW)
    before = own.certificate
    (tmp_path / OWN_FILE).unlink()
    tmp_path.joinpath("https.new").mkdir()  # nothing can be written in its place
    names.addresses = ("192.0.2.8",)
    own.refresh(NOW)
    assert own.certificate is before and "could not be made anew" in caplog.text


class Certbot:
    """Writes certificates of an authority."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        self.write_key(self.write_certificate())

    def write_certificate(self, days: float = 90) -> trustme.LeafCert:
        ends = datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(days=days)
        leaf = trustme.CA().issue_cert(
            "hall.example", not_after=ends, not_before=ends - timedelta(days=100)
        )
        self.certificate.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        return leaf

    def write_key(self, leaf: trustme.LeafCert) -> None:
        self.key.write_bytes(leaf.private_key_pem.bytes())


def test_renewed_files_are_taken_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    certbot = Certbot(tmp_path)
    files = FileEncryption(certbot.certificate, certbot.key)
    first, context = files.certificate, files.context
    files.refresh(NOW)
    assert files.certificate is first
    renewed = certbot.write_certificate()
    for _ in range(3):
        files.refresh(NOW)
        assert files.certificate is first, "its key is not there yet"
    assert caplog.text.count("not used, the old one goes on") == 1, "said once"
    assert digest_shown_by(context) == first.digest
    certbot.write_key(renewed)
    files.refresh(NOW)
    assert files.certificate.digest != first.digest and "a new certificate" in caplog.text
    assert digest_shown_by(context) == files.certificate.digest


def test_files_that_went_away_end_nothing(tmp_path: Path) -> None:
    certbot = Certbot(tmp_path)
    files = FileEncryption(certbot.certificate, certbot.key)
    certbot.key.unlink()
    files.refresh(NOW)
    assert digest_shown_by(files.context) == files.certificate.digest


def test_an_expired_one_is_served_all_the_same(tmp_path: Path) -> None:
    certbot = Certbot(tmp_path)
    certbot.write_key(certbot.write_certificate(days=-1))
    files = FileEncryption(certbot.certificate, certbot.key)
    assert digest_shown_by(files.context) == files.certificate.digest
    assert files.certificate.days_left(NOW) < 0


def test_a_key_that_tls_finds_too_weak_is_told(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hall.example")])
    now = datetime.now(UTC)
    weak = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "c.pem").write_bytes(weak.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "k.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(UsageError, match="cannot be used for https"):
        FileEncryption(tmp_path / "c.pem", tmp_path / "k.pem")


def test_only_what_is_not_known_to_be_weak_is_offered() -> None:
    context = new_context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    for cipher in context.get_ciphers():
        assert cipher["aead"], cipher["name"]
        assert "ECDHE" in cipher["name"] or cipher["protocol"] == "TLSv1.3"
