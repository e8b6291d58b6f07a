"""The secret of a public edge: made at its first start, kept in its data folder."""

import base64
import re
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from parvis_server.data_folder import DataFolder
from parvis_server.errors import DataFolderError, UsageError
from parvis_server.link.publish_address import SECRET_BYTES, PublishAddress

FILE = "publish.json"

_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9-]{0,62})\.)*[a-z0-9][a-z0-9-]{0,62}")


class KeptSecret(BaseModel):
    """What the file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: str = Field(pattern=r"^[A-Za-z0-9_-]{24}$", repr=False)
    """Base64url."""


def kept_address(folder: DataFolder, origin: str) -> tuple[PublishAddress, bool]:
    """The edge's address under this origin, and whether it was made just now.

    Args:
        folder: the edge's own.
        origin: as ``parvis edge --public`` takes it: ``room.example``, or an origin with a port.

    Raises:
        UsageError: no such name can be.
        DataFolderError: the secret cannot be read or kept.
    """
    host, port, encrypted = _origin(origin)
    path = folder.path / FILE
    try:
        kept = KeptSecret.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        secret = secrets.token_bytes(SECRET_BYTES)
        address = PublishAddress(host, port, encrypted, secret)
        kept = KeptSecret(secret=base64.urlsafe_b64encode(secret).decode())
        folder.write_secret(FILE, kept.model_dump_json().encode())
        return address, True
    except ValueError:
        raise DataFolderError(
            f"{path} is damaged: delete it, and give the hub the new address that is printed then"
        ) from None
    except OSError as error:
        raise DataFolderError(f"cannot read {path}: {error.strerror}") from error
    path.chmod(0o600)
    secret = base64.urlsafe_b64decode(kept.secret)
    return PublishAddress(host, port, encrypted, secret), False


def address_to_show(folder: Path, origin: str) -> PublishAddress:
    """The address that is kept there; none is made, which a hub in a venue could not know.

    Raises:
        UsageError: there is none, or no such name can be.
        DataFolderError: it cannot be read.
    """
    try:
        is_kept = (folder / FILE).exists()
    except OSError as error:
        raise DataFolderError(f"cannot read {folder / FILE}: {error.strerror}") from error
    if not is_kept:
        raise UsageError(f"no address is kept in {folder}: say --data as the edge has it")
    return kept_address(DataFolder.open(folder), origin)[0]


def how_to_join(address: PublishAddress) -> str:
    """What the person in the venue types."""
    return f"parvis hub --publish '{address.whole()}'"


def _origin(text: str) -> tuple[str, int, bool]:
    """Name, port and whether it is https, of a name or an origin."""
    whole = text if "://" in text else f"https://{text}"
    scheme, _, authority = whole.partition("://")
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:/\[\]]+)(?::([0-9]{1,5}))?/?", authority)
    if scheme not in ("http", "https") or found is None:
        raise UsageError(_not_a_name(text))
    host = found[1].strip("[]").lower()
    if ":" not in host and not _NAME.fullmatch(host):
        raise UsageError(_not_a_name(text))
    encrypted = scheme == "https"
    port = int(found[2]) if found[2] else (443 if encrypted else 80)
    if not 1 <= port <= 65_535:
        raise UsageError(_not_a_name(text))
    return host, port, encrypted


def _not_a_name(text: str) -> str:
    return f"--public {text!r}: say the name that phones reach this machine by, as room.example"
