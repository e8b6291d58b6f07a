"""Where the database is: one URL, and how it may be shown.

``None`` in the settings stands for SQLite in the data folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from parvis_server.errors import StoreError

FILE_NAME = "parvis.db"

POSTGRESQL = "postgresql+psycopg"
SQLITE = "sqlite"

HIDDEN = "<secret>"

EXPECTED = (
    "postgresql://user:password@host/database or sqlite:////path/to/file.db; "
    "in a password, @ is written %40, / is %2F and : is %3A"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A database that Parvis can use."""

    url: URL

    @classmethod
    def of(cls, url: str | None, folder: Path) -> "Address":
        """The database of the settings: ``url``, else the file in the data folder.

        Raises:
            StoreError: no address of a database; the URL itself, which may hold a password, is
                not repeated.
        """
        if url is None:
            return cls(URL.create(SQLITE, database=str(folder / FILE_NAME)))
        return cls.parse(url)

    @classmethod
    def parse(cls, url: str) -> "Address":
        """See ``of``."""
        try:
            found = make_url(url)
        except (ArgumentError, ValueError):
            raise StoreError(f"[store] url is not the address of a database: {EXPECTED}") from None
        if found.drivername in ("postgresql", "postgres", POSTGRESQL):
            found = found.set(drivername=POSTGRESQL)
        usable = found.drivername == POSTGRESQL or (
            found.drivername == SQLITE and found.database and not found.query
        )
        if not usable or "@" in (found.host or ""):
            raise StoreError(f"[store] url is not the address of a database: {EXPECTED}")
        return cls(found)

    @property
    def is_sqlite(self) -> bool:
        """Else PostgreSQL."""
        return self.url.drivername == SQLITE

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        return Path(str(self.url.database))

    def secrets(self) -> Iterator[str]:
        """What must stand in no log line."""
        for secret in (self.url.password, self.url.query.get("password")):
            if isinstance(secret, str) and secret:
                yield secret

    def without_secrets(self, text: str) -> str:
        """A library's words about this address."""
        for secret in self.secrets():
            text = text.replace(secret, HIDDEN)
        return text

    def __str__(self) -> str:
        """For people: without password and options."""
        if self.is_sqlite:
            return str(self.path)
        url = self.url
        shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
        return shown.render_as_string()
