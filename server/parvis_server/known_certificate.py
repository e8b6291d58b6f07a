"""Trusts one certificate, known by its fingerprint: that of a hub which made its own.

The hub prints the fingerprint at its start and shows it to its operator; who compares the two
needs nobody else to vouch for it.
"""

import hashlib
import hmac
import re
import ssl
from pathlib import Path

from parvis_server.errors import HubUnreachable, UsageError

TIMEOUT_S = 10.0

UNKNOWN_CERTIFICATE = (
    "this machine does not know the certificate of {hub}: run this on the hub's own machine, give "
    "the SHA-256 fingerprint that the hub prints at its start as --fingerprint, or give the hub "
    "a certificate that browsers know"
)

_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_fingerprint(text: str) -> bytes:
    """The digest of a fingerprint as the hub, a browser or openssl writes it (blanks, colons).

    Raises:
        UsageError: it is none.
    """
    digits = re.sub(r"[\s:]", "", text).lower()
    if not _DIGEST.fullmatch(digits):
        raise UsageError(
            "--fingerprint takes the 64 hexadecimal digits that the hub prints at its start, "
            f"in quotes; {len(digits)} characters were given"
        )
    return bytes.fromhex(digits)


def trust_fingerprint(host: str, port: int, digest: bytes) -> ssl.SSLContext:
    """A context that takes the certificate with this SHA-256 of its DER, by any name; no other.

    Asks the machine for its certificate; nothing else is said to it until it has proved, with this
    context, that it holds the key.

    Raises:
        HubUnreachable: it does not answer with TLS, or shows another certificate.
    """
    where = f"https://{host}:{port}"
    try:
        shown = ssl.get_server_certificate((host, port), timeout=TIMEOUT_S)
    except OSError as error:
        raise HubUnreachable(
            f"{where} does not answer with a certificate ({error}): give the https address that "
            "the hub prints at its start"
        ) from None
    found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).digest()
    if not hmac.compare_digest(found, digest):
        raise HubUnreachable(
            f"{where} shows a certificate with another fingerprint, which begins with "
            f"{found.hex().upper()[:8]}: compare it with the one that the hub shows its operator; "
            "it makes a new one once a year and when its names change"
        )
    return _trusting_only(shown)


def trust_own_file(path: Path) -> ssl.SSLContext | None:
    """A context that also takes the certificate of a hub's data folder; None: it has none."""
    try:
        found = re.search(
            r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----",
            path.read_text(encoding="ascii"),
            re.DOTALL,
        )
    except (OSError, ValueError):
        return None
    if found is None:
        return None
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=found[0])
    return context


def _trusting_only(pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context
