"""The hub's own certificate, and files that somebody gave."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from parvis_server.certificates import (
    MS_PER_DAY,
    OWN_LASTS,
    check_files,
    is_due,
    make_own,
    read_certificate,
)
from parvis_server.errors import UsageError

NOW = 1_795_000_000_000
NAMES, ADDRESSES = ("hall.example", "hub.local"), ("192.0.2.7", "2001:db8::1", "127.0.0.1")


def parsed(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def test_the_own_certificate_is_what_browsers_ask_for() -> None:
    made = parsed(make_own(NAMES, ADDRESSES, NOW))
    key = made.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    made.verify_directly_issued_by(made)
    lasts = made.not_valid_after_utc - made.not_valid_before_utc
    assert lasts < timedelta(days=399), "browsers refuse what lasts longer"
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    known = read_certificate(make_own(NAMES, ADDRESSES, NOW))
    assert known.names == NAMES
    assert known.addresses == ADDRESSES


def test_each_one_has_a_key_of_its_own() -> None:
    one, other = (parsed(make_own(NAMES, ADDRESSES, NOW)) for _ in range(2))
    assert one.public_key() != other.public_key() and one.serial_number != other.serial_number


def test_a_hub_without_a_name_has_a_certificate_too() -> None:
    assert read_certificate(make_own((), ADDRESSES, NOW)).addresses == ADDRESSES
    long = "a" * 60 + ".example"
    assert read_certificate(make_own((long,), (), NOW)).names == (long,)


@pytest.mark.parametrize(
    ("days", "due"),
    [(0, False), (-2, True), (OWN_LASTS.days - 31, False), (OWN_LASTS.days - 29, True)],
)
def test_it_is_made_anew_before_its_end_or_after_a_wrong_clock(days: int, due: bool) -> None:
    own = read_certificate(make_own(NAMES, ADDRESSES, NOW))
    assert is_due(own, NAMES, ADDRESSES, NOW + days * MS_PER_DAY) is due


def test_it_is_made_anew_for_a_new_name_or_address() -> None:
    own = read_certificate(make_own(NAMES, ADDRESSES, NOW))
    assert not is_due(own, NAMES[:1], ADDRESSES[1:], NOW), "what went away does no harm"
    assert is_due(own, (*NAMES, "new.example"), ADDRESSES, NOW)
    assert is_due(own, NAMES, (*ADDRESSES, "192.0.2.8"), NOW)


def test_a_star_stands_for_one_label() -> None:
    own = replace(
        read_certificate(make_own(NAMES, (), NOW)), names=("*.example.org", "example.org")
    )
    assert own.speaks_for("hall.example.org") and own.speaks_for("example.org")
    assert not own.speaks_for("a.hall.example.org") and not own.speaks_for("example.com")
    assert own.plain_names == ("example.org",)


def test_a_fingerprint_is_for_people() -> None:
    own = replace(read_certificate(make_own(NAMES, (), NOW)), digest=bytes(range(32)))
    assert own.fingerprint.startswith("0001 0203 ") and own.fingerprint.endswith(" 1E1F")
    assert len(own.fingerprint.split()) == 16


class Files:
    """A certificate of an authority, as certbot writes it."""

    def __init__(self, folder: Path, *names: str, days: float = 90) -> None:
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        self.renew(*names, days=days)

    def renew(self, *names: str, days: float = 90) -> None:
        ends = datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(days=days)
        begins = ends - timedelta(days=100)
        leaf = trustme.CA().issue_cert(*names, not_after=ends, not_before=begins)
        self.certificate.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        self.key.write_bytes(leaf.private_key_pem.bytes())


def test_files_are_read(tmp_path: Path) -> None:
    files = Files(tmp_path, "hall.example", "192.0.2.7", days=10)
    found = check_files(files.certificate, files.key)
    assert found.names == ("hall.example",) and found.addresses == ("192.0.2.7",)
    assert found.days_left(NOW) == pytest.approx(10, abs=0.001)
    assert found.is_good(NOW)


def test_an_expired_one_is_no_fault_of_the_start(tmp_path: Path) -> None:
    files = Files(tmp_path, "hall.example", days=-0.5)
    found = check_files(files.certificate, files.key)
    assert found.days_left(NOW) < 0 and not found.is_good(NOW)


def test_files_that_cannot_be_are_told_in_one_line(tmp_path: Path) -> None:
    files = Files(tmp_path, "hall.example")
    other = tmp_path / "other"
    other.mkdir()
    foreign = Files(other, "hall.example")
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    private = serialization.load_pem_private_key(files.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    for certificate, key, words in [
        (tmp_path / "none.pem", files.key, "cannot read the certificate file"),
        (files.certificate, tmp_path / "none.pem", "cannot read the key file"),
        (tmp_path, files.key, "Is a directory"),
        (empty, files.key, "holds no certificate"),
        (files.key, files.certificate, "holds no certificate"),
        (files.certificate, files.certificate, "holds no private key"),
        (files.certificate, empty, "holds no private key"),
        (files.certificate, foreign.key, "does not belong to the certificate"),
        (files.certificate, locked, "locked by a password"),
    ]:
        with pytest.raises(UsageError, match=words) as told:
            check_files(certificate, key)
        assert "\n" not in str(told.value)
