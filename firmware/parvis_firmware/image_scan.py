"""What an image must not carry: passwords, keys, tokens, an identity. Rules over any root folder.

Everybody who downloads an image has the same copy of it. So what opens a door, or tells one machine
from another, is made on the machine itself: https://cheatsheetseries.owasp.org, EN 303 645 5.1.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

MOST_READ_BYTES: Final = 1_000_000
"""Of one file: keys, tokens and settings are small."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the root."""

    path: str
    """Below the root, without a leading slash."""
    content: bytes = b""
    link: str | None = None
    """Where a symbolic link leads."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be in the image."""

    path: str
    what: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.path}: {self.what}"


PRIVATE_KEY = re.compile(
    rb"^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\r?\n"
    rb"(?:[A-Za-z-]+: [^\n]*\n)*\r?\n?[A-Za-z0-9+/=]{32,}",
    re.MULTILINE,
)
"""With a line of the key: programs that read keys name the header alone."""

TOKENS: Final = (
    (
        "an access token of a code host",
        re.compile(rb"\b(?:ghp|gho|ghs|github_pat|glpat)[_-]\w{20,}"),
    ),
    ("an access key of a cloud", re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a signed token (JWT)", re.compile(rb"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}")),
)
SETTINGS = (
    "etc/**",
    "boot/**",
    "root/**",
    "home/**",
    "opt/parvis/*.toml",
    "var/lib/parvis-*/**",
)
"""Where a machine's own settings lie: addresses with a password are looked for there alone, since
the documents of many packages show one as an example."""
ADDRESS_WITH_PASSWORD = re.compile(rb"\b[a-z][a-z0-9+]{2,}://[^\s/:@'\"<>$]+:[^\s/@'\"<>$]+@")
WIFI_SECRET = re.compile(rb"^\s*(?:psk|password|wep-key\d|leap-password)\s*=\s*\S", re.MULTILINE)
PARVIS_SECRET = re.compile(
    rb'^\s*"?(?:setup_code|hotspot_password|host_secret|operator_token|resume_key|site_key)"?\s*[=:]'
    rb"\s*\S",
    re.MULTILINE,
)
LOCKED = re.compile(rb"[!*]")


def _inside(path: str, *patterns: str) -> bool:
    return any(fnmatch(path, pattern.replace("/**", "/*")) for pattern in patterns)


def _machine_id(entry: Entry) -> Iterator[str]:
    if entry.path in ("etc/machine-id", "var/lib/dbus/machine-id") and entry.link is None:
        said = entry.content.strip()
        if said not in (b"", b"uninitialized"):
            yield "an identity that all machines would share: it must be empty"


def _passwords(entry: Entry) -> Iterator[str]:
    if entry.path not in ("etc/shadow", "etc/shadow-", "etc/passwd", "etc/passwd-"):
        return
    is_passwd = "passwd" in entry.path
    for line in entry.content.splitlines():
        name, _, rest = line.partition(b":")
        field = rest.partition(b":")[0]
        if (is_passwd and field in (b"x", b"*")) or (not is_passwd and LOCKED.match(field)):
            continue
        kind = "no password at all" if not field else "a password"
        yield f"the account {name.decode(errors='replace')} has {kind}"


def _ssh(entry: Entry) -> Iterator[str]:
    if _inside(entry.path, "etc/ssh/ssh_host_*_key"):
        yield "an SSH host key that all machines would share"
    if entry.path.endswith("/authorized_keys") and entry.content.strip():
        yield "somebody's key opens every machine"
    enabled = _inside(entry.path, "etc/systemd/system/*.wants/ssh*.service")
    if enabled or _inside(
        entry.path, "etc/systemd/system/*.wants/ssh*.socket", "boot/*ssh", "boot/ssh"
    ):
        yield "SSH is on"


def _keys(entry: Entry) -> Iterator[str]:
    if PRIVATE_KEY.search(entry.content):
        yield "a private key"
    if _inside(entry.path, "var/lib/parvis-*/**") and entry.content:
        yield "state of one machine: it is made at the first start"


def _secrets(entry: Entry) -> Iterator[str]:
    for what, pattern in TOKENS:
        if pattern.search(entry.content):
            yield what
    if not _inside(entry.path, *SETTINGS):
        return
    if ADDRESS_WITH_PASSWORD.search(entry.content):
        yield "an address with a password in it"
    connections = "etc/NetworkManager/system-connections/*"
    if _inside(entry.path, connections, "etc/wpa_supplicant/*.conf") and WIFI_SECRET.search(
        entry.content
    ):
        yield "a password of somebody's Wi-Fi"
    if PARVIS_SECRET.search(entry.content):
        yield "a secret of one unit or hub"
    kept = (".netrc", ".git-credentials", ".bash_history", ".python_history", ".pypirc")
    if entry.path.endswith(kept) and entry.content.strip():
        yield "what somebody left behind"


RULES: Final[tuple[Callable[[Entry], Iterator[str]], ...]] = (
    *(_machine_id, _passwords, _ssh, _keys),
    _secrets,
)


def scan(entries: Iterable[Entry]) -> Iterator[Finding]:
    """Everything that must not be there."""
    for entry in entries:
        for rule in RULES:
            for what in rule(entry):
                yield Finding(entry.path, what)


def entries(root: Path) -> Iterator[Entry]:
    """Every file and link below a root folder; what is too large to be a secret has no content."""
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(folder) / name
            below = str(path.relative_to(root))
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                yield Entry(below, link=os.readlink(path))
            elif stat.S_ISREG(status.st_mode):
                small = status.st_size <= MOST_READ_BYTES
                yield Entry(below, path.read_bytes() if small else b"")
