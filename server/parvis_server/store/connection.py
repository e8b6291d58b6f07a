"""One connection to the database, opened when it is needed and given up when it fails.

A lock sees to it that no second hub writes beside this one; it ends with the process that holds it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from parvis_server.errors import StoreConflict, StoreError
from parvis_server.store.address import Address
from parvis_server.store.faults import ERRORS, explain

BUSY_TIMEOUT_S = 5
"""A backup that reads the file may hold it for a moment."""

CONNECT_TIMEOUT_S = 5

CLOSE_TIMEOUT_S = 0.5
"""The hub has three seconds to stop."""

ADVISORY_LOCK = 0x7061_7276
"""Which of PostgreSQL's advisory locks says that a hub is there: 'parv'."""

WAIT_FOR_LOCK_MS = 1000
"""A server needs a moment to see that a hub that was killed is gone."""

SYNCHRONOUS = "FULL"
"""An acknowledged event outlives a power cut; NORMAL would lose the last ones."""

LOCK_NOT_AVAILABLE = "55P03"
"""SQLSTATE: the lock timeout passed."""

REWRITTEN = ("words", "folds")
"""Tables that hold names and words."""

KEEPALIVE_OPTIONS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
)
"""The server gives up a hub behind a cut cable after 11 s, and with it the lock."""


class OneConnection:
    """The connection to ``address``; every call blocks, and one at a time is served."""

    def __init__(self, address: Address, synchronous: str = SYNCHRONOUS) -> None:
        """Nothing is opened yet; ``synchronous`` is SQLite's, for who measures others."""
        self.address = address
        self._engine = _engine(address, synchronous)
        self._connection: Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._lock_file: int | None = None

    def close(self) -> None:
        """Let go of the database; a call that hangs in it keeps it, until the process ends."""
        if not self._one_at_a_time.acquire(timeout=CLOSE_TIMEOUT_S):
            return
        try:
            self._give_up()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None
        finally:
            self._one_at_a_time.release()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The connection, in a transaction that ends with the block.

        Raises:
            StoreConflict: a row was there already, or one that it needs is missing.
            StoreError: the database failed.
        """
        with self._serving():
            connection = self._connected()
            with connection.begin():
                yield connection

    def leave_nothing(self, *, thoroughly: bool = False) -> None:
        """After words were erased: nothing of them in what the database keeps beside its tables.

        SQLite overwrites what is erased; its write-ahead log is emptied, and, ``thoroughly``, the
        file is written anew. PostgreSQL writes the tables that had the words anew; its own log is
        the server's (see ``docs/privacy.md``), and goes at once where this user may say so.
        """
        with self._serving():
            driver = self._connected().connection.driver_connection
            if driver is None:
                return
            if self.address.is_sqlite:
                for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")[not thoroughly :]:
                    driver.execute(statement)
            else:
                _rewrite(driver)

    @contextmanager
    def _serving(self) -> Iterator[None]:
        with self._one_at_a_time:
            try:
                yield
            except IntegrityError as error:
                raise StoreConflict(str(explain(error, self.address))) from error
            except StoreError:
                raise
            except ERRORS as error:
                # A full disk passes, and opening a file anew needs room on it.
                if "full" not in str(error):
                    self._give_up()
                raise explain(error, self.address) from error

    def _connected(self) -> Connection:
        if self._connection is None:
            if self.address.is_sqlite:
                self._lock()
                self._connection = self._engine.connect()
            else:
                self._connection = self._claimed(self._engine.connect())
        return self._connection

    def _lock(self) -> None:
        """One hub at a time, by a lock that ends with its process."""
        if self._lock_file is not None:
            return
        path = self.address.path.with_name(self.address.path.name + ".lock")
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            raise self._taken() from None
        self._lock_file = opened

    def _claimed(self, connection: Connection) -> Connection:
        """The same on a server."""
        try:
            self._claim(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _claim(self, connection: Connection) -> None:
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise StoreError(
                f"the database {self.address} has the encoding {encoding}: "
                "create one with ENCODING 'UTF8'"
            )
        connection.execute(text(f"SET lock_timeout = {WAIT_FOR_LOCK_MS}"))
        try:
            connection.execute(text(f"SELECT pg_advisory_lock({ADVISORY_LOCK})"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise self._taken() from None
            raise
        connection.execute(text("RESET lock_timeout"))
        connection.commit()

    def _taken(self) -> StoreError:
        return StoreError(
            f"another hub uses the database {self.address}: stop it, or name another [store] url"
        )

    def _give_up(self) -> None:
        if self._connection is not None:
            with suppress(*ERRORS):
                self._connection.close()
            self._connection = None


def _rewrite(driver: Any) -> None:
    """PostgreSQL leaves the old row where it was: see VACUUM FULL."""
    driver.autocommit = True
    try:
        driver.execute(f"VACUUM FULL {', '.join(REWRITTEN)}")
        for statement in ("SELECT pg_switch_wal()", "CHECKPOINT"):
            with suppress(InsufficientPrivilege):
                driver.execute(statement)
    finally:
        driver.autocommit = False


def _engine(address: Address, synchronous: str) -> Engine:
    if address.is_sqlite:
        options: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_S}
    else:
        options = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "client_encoding": "UTF8",
            "application_name": "parvis",
            "options": KEEPALIVE_OPTIONS,
            "tcp_user_timeout": 10_000,
        }
    engine = create_engine(address.url, connect_args=options, poolclass=NullPool)
    if address.is_sqlite:
        event.listen(engine, "connect", partial(_prepare_sqlite, synchronous))
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(synchronous: str, connection: Any, _record: Any) -> None:
    """The driver would begin no transaction for a change of tables: ``_begin_sqlite`` does."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is erased is overwritten
    ):
        try:
            connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
