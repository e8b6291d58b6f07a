"""Certificates for https: the one that the hub makes for itself, and files that somebody gave it.

Pure but for reading those files: time comes in as an argument, in milliseconds of UTC.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from parvis_server.errors import UsageError

MS_PER_DAY = 86_400_000

OWN_LASTS = timedelta(days=397)
"""Browsers take none that lasts longer (CA/Browser Forum's baseline requirements, 6.3.2)."""

BEGINS_BEFORE = timedelta(days=1)
"""Clocks of units and phones are not all right."""

REMADE_DAYS = 30
"""The hub's own certificate is made anew so long before its end."""

WARNED_DAYS = 14
"""Certbot renews 30 days before the end: two weeks on, something is wrong with it."""

MAX_COMMON_NAME = 64
"""RFC 5280, upper bound of a common name."""

MAX_PEM_BYTES = 1_000_000
"""A chain of a dozen certificates is under 50 kB: what is larger is another file."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the hub has to know of a certificate."""

    digest: bytes
    """SHA-256 of its DER."""
    not_before_utc_ms: int
    not_after_utc_ms: int
    names: tuple[str, ...]
    """DNS names that it speaks for, as they stand in it."""
    addresses: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The digest for people, as browsers show it but for the groups: 64 hexadecimal digits."""
        digits = self.digest.hex().upper()
        return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))

    @property
    def plain_names(self) -> tuple[str, ...]:
        """Its names without those that stand for many."""
        return tuple(name for name in self.names if not name.startswith("*."))

    def days_left(self, utc_ms: int) -> float:
        """Days until it ends; below 0: it has ended."""
        return (self.not_after_utc_ms - utc_ms) / MS_PER_DAY

    def is_good(self, utc_ms: int) -> bool:
        """Whether it holds at this moment."""
        return self.not_before_utc_ms <= utc_ms < self.not_after_utc_ms

    def speaks_for(self, name: str) -> bool:
        """Whether a browser takes it for this DNS name (RFC 6125: a star stands for one label)."""
        parent = "*." + name.partition(".")[2]
        return name in self.names or parent in self.names

    def covers(self, names: Iterable[str], addresses: Iterable[str]) -> bool:
        """Whether it speaks for all of these."""
        return set(names) <= set(self.names) and set(addresses) <= set(self.addresses)


def read_certificate(pem: bytes) -> Certificate:
    """The first certificate of a PEM text.

    Raises:
        ValueError: there is none.
    """
    return _facts(x509.load_pem_x509_certificate(pem))


def make_own(names: Sequence[str], addresses: Sequence[str], utc_ms: int) -> bytes:
    """A certificate that signs itself, and its key before it, as PEM: ECDSA on P-256.

    Args:
        names: DNS names that it shall speak for, the hub's best one first.
        addresses: IP addresses.
        utc_ms: now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    common = x509.NameAttribute(NameOID.COMMON_NAME, (names or addresses)[0][:MAX_COMMON_NAME])
    maker = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Parvis hub")
    subject = x509.Name([maker, common])
    alternatives = [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]
    now = _moment(utc_ms)
    draft = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEGINS_BEFORE)
        .not_valid_after(now + OWN_LASTS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + draft.public_bytes(serialization.Encoding.PEM)


def is_due(own: Certificate, names: Iterable[str], addresses: Iterable[str], utc_ms: int) -> bool:
    """Whether the hub's own certificate has to be made anew."""
    ends_soon = own.days_left(utc_ms) <= REMADE_DAYS or utc_ms < own.not_before_utc_ms
    return ends_soon or not own.covers(names, addresses)


def check_files(certificate: Path, key: Path) -> Certificate:
    """What the given files hold; one that has expired is no fault here.

    Raises:
        UsageError: one cannot be read or is something else, or the key is another's.
    """
    chain = _read("certificate", certificate)
    try:
        first = x509.load_pem_x509_certificate(chain)
    except ValueError:
        raise UsageError(
            f"the certificate file {certificate} holds no certificate in PEM: give the file with "
            "BEGIN CERTIFICATE in it, such as certbot's fullchain.pem"
        ) from None
    if _public_bytes(_key_of(key)) != _public_bytes(first.public_key()):
        raise UsageError(
            f"the key file {key} does not belong to the certificate {certificate}: "
            "give the key that the certificate was made with"
        )
    return _facts(first)


def _key_of(path: Path) -> PublicKeyTypes:
    pem = _read("key", path)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise UsageError(
            f"the key file {path} is locked by a password: give one without, for the hub alone"
        ) from None
    except ValueError:
        raise UsageError(
            f"the key file {path} holds no private key in PEM: give the file with "
            "BEGIN PRIVATE KEY in it, such as certbot's privkey.pem"
        ) from None
    return key.public_key()


def _read(what: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_PEM_BYTES)
    except OSError as error:
        raise UsageError(f"cannot read the {what} file {path}: {error.strerror}") from error


def _public_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _facts(certificate: x509.Certificate) -> Certificate:
    try:
        alternatives = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
    except x509.ExtensionNotFound:
        alternatives = x509.SubjectAlternativeName([])
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Certificate(
        digest=hashlib.sha256(der).digest(),
        not_before_utc_ms=_utc_ms(certificate.not_valid_before_utc),
        not_after_utc_ms=_utc_ms(certificate.not_valid_after_utc),
        names=tuple(name.lower() for name in alternatives.get_values_for_type(x509.DNSName)),
        addresses=tuple(str(ip) for ip in alternatives.get_values_for_type(x509.IPAddress)),
    )


def _moment(utc_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=utc_ms)


def _utc_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
