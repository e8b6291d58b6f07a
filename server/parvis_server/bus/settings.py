"""Where the bus is, as hub and edge are told it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from pydantic import Field

from parvis_server.bus.address import BusAddress
from parvis_server.errors import UsageError
from parvis_server.settings_sources import Section


class BusSettings(Section):
    """The NATS server that joins a hub and its edges."""

    url: str | None = Field(default=None, repr=False)
    """nats://host:4222, tls://host:4222, ws://host/bus or wss://host/bus; several of a cluster with
    commas. It may hold user and password."""
    user: str | None = None
    """User of that server."""
    password: str | None = Field(default=None, repr=False)
    """Their password."""
    token: str | None = Field(default=None, repr=False)
    """A token, in the place of user and password."""
    credentials: Path | None = None
    """File with a JWT and a seed, as nsc makes it, in the place of user and password."""
    ca: Path | None = None
    """PEM file with the authority that vouches for the server. Unless set: those that this system
    knows."""

    def address(self) -> BusAddress | None:
        """Where it is; None: nobody said.

        Raises:
            UsageError: no bus can be there.
        """
        if self.url is None:
            return None
        return BusAddress.parse(
            self.url,
            user=self.user,
            password=self.password,
            token=self.token,
            credentials=self.credentials,
            ca=self.ca,
        )

    def secrets(self) -> tuple[str, ...]:
        """What no log may hold, in whatever spelling it was given."""
        given = (self.password, self.token, *_secrets_in(self.url or ""))
        return tuple(dict.fromkeys(one for one in given if one))

    @property
    def names_a_secret(self) -> bool:
        """Whether the address itself holds one."""
        return any(_secrets_in(self.url or ""))


def refuse_secret_in_arguments(url: str | None, prefix: str, file: str) -> None:
    """Refuse ``--bus`` with a password: everybody may read the command lines of all processes.

    Args:
        url: the flag; None: not given.
        prefix: of the same setting in the environment.
        file: the settings file.

    Raises:
        UsageError: it holds one; the text does not.
    """
    if any(_secrets_in(url or "")):
        raise UsageError(
            "--bus: everybody on this machine can read a password on a command line: say "
            f"{prefix}URL in the environment, or url (or user and password) under [bus] in {file}"
        )


def _secrets_in(urls: str) -> Iterator[str]:
    """Passwords of addresses, and tokens, which stand there alone (``nats://token@host``)."""
    for url in urls.split(","):
        userinfo = url.rpartition("@")[0].rpartition("//")[2]
        secret = userinfo.partition(":")[2] if ":" in userinfo else userinfo
        if secret:
            yield secret
            yield unquote(secret)
