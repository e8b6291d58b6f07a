"""The TLS of the hub's second listener: its context, and the certificate in it.

A certificate is renewed while the hub runs: its own before it ends or when the hub's names change,
files when somebody (certbot) writes new ones. Connections that are open keep theirs.
"""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from parvis_server import certificates
from parvis_server.certificates import Certificate
from parvis_server.data_folder import DataFolder
from parvis_server.errors import UsageError, UserError

log = logging.getLogger(__name__)

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only, as in TLS 1.3 (RFC 9325, 4.2)."""

OWN_FILE = "https.pem"

Names = Callable[[], tuple[tuple[str, ...], tuple[str, ...]]]
"""This hub's DNS names and addresses, as they are now."""


class Encryption(Protocol):
    """A context for TLS 1.2 and later, and the certificate that it shows."""

    @property
    def kind(self) -> Literal["own", "files"]:
        """Whether the hub made the certificate, or somebody gave it."""

    @property
    def context(self) -> ssl.SSLContext:
        """The same for as long as the hub runs."""

    @property
    def certificate(self) -> Certificate:
        """The one that new connections are shown."""

    def refresh(self, utc_ms: int) -> None:
        """Take a new certificate, where there is one or has to be one; never raises."""


class OwnEncryption:
    """With a certificate that the hub made: known to its units by the site's key that vouches for
    it, to browsers by nobody."""

    kind: Literal["own", "files"] = "own"

    def __init__(self, folder: DataFolder, names: Names, utc_ms: int) -> None:
        """Take the one of the data folder, or make it.

        Raises:
            DataFolderError: it cannot be kept.
        """
        self._folder = folder
        self._names = names
        self.context = new_context()
        self.certificate = self._kept(utc_ms) or self._made(utc_ms)
        self.context.load_cert_chain(self._path)

    def refresh(self, utc_ms: int) -> None:
        """Make a new one before the end of the old, or when the hub's names changed."""
        if not certificates.is_due(self.certificate, *self._names(), utc_ms):
            return
        try:
            self.certificate = self._made(utc_ms)
            self.context.load_cert_chain(self._path)
        except (UserError, OSError) as error:
            log.warning("the hub's own certificate could not be made anew: %s", error)

    @property
    def _path(self) -> Path:
        return self._folder.path / OWN_FILE

    def _kept(self, utc_ms: int) -> Certificate | None:
        """The one of an earlier run, if it is still right."""
        try:
            kept = certificates.read_certificate(self._path.read_bytes())
            new_context().load_cert_chain(self._path)
        except (OSError, ValueError):  # none, or damaged: ssl.SSLError is an OSError
            return None
        self._path.chmod(0o600)
        return None if certificates.is_due(kept, *self._names(), utc_ms) else kept

    def _made(self, utc_ms: int) -> Certificate:
        pem = certificates.make_own(*self._names(), utc_ms)
        self._folder.write_secret(OWN_FILE, pem)
        return certificates.read_certificate(pem)


class FileEncryption:
    """With files that somebody gave and renews."""

    kind: Literal["own", "files"] = "files"

    def __init__(self, certificate: Path, key: Path) -> None:
        """Read them.

        Raises:
            UsageError: they cannot be used; the text says why.
        """
        self._paths = (certificate, key)
        self.context = new_context()
        self.certificate = certificates.check_files(certificate, key)
        self._written = _written(*self._paths)
        self._told = ""
        try:
            self.context.load_cert_chain(*self._paths)
        except ssl.SSLError as error:
            raise UsageError(
                f"the certificate {certificate} cannot be used for https ({error.reason}): "
                "give one for a key of 2048 bits (RSA) or on P-256 and more"
            ) from error

    def refresh(self, utc_ms: int) -> None:
        """Read the files again when they were written anew. Half-written ones wait for the next
        time, and the certificate that is there goes on until then."""
        try:
            written = _written(*self._paths)
            if written == self._written:
                return
            certificate = certificates.check_files(*self._paths)
            new_context().load_cert_chain(*self._paths)  # what fails here harms nobody
            self.context.load_cert_chain(*self._paths)
        except (UserError, OSError) as error:
            self._tell(f"the new certificate is not used, the old one goes on: {error}")
            return
        self._written, self.certificate, self._told = written, certificate, ""
        log.info("a new certificate is in use, good for %.0f days", certificate.days_left(utc_ms))

    def _tell(self, trouble: str) -> None:
        """Say it once, not every minute."""
        if trouble != self._told:
            log.warning("%s", trouble)
        self._told = trouble


def _written(*paths: Path) -> tuple[tuple[int, int, int], ...]:
    """By which one sees that files were written anew."""
    stats = [path.stat() for path in paths]
    return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


def new_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3, without anything that is known to be weak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context
