"""What an error of a database means, in one line for who runs the hub; no password in it."""

import sqlite3

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from parvis_server.errors import StoreError
from parvis_server.store.address import Address

_SQLITE = (
    ("not a database", "is damaged, or no database: restore it from a copy, or move it away"),
    ("malformed", "is damaged: restore it from a copy, or move it away and begin anew"),
    ("full", "cannot grow, its disk is full: make room"),
    ("readonly", "may not be written by this user: give it to them, or choose another folder"),
    ("unable to open", "cannot be opened: its folder must exist and this user must own it"),
    ("locked", "is locked by another program: end that one"),
    ("disk I/O", "cannot be read or written, the disk reports an error: try another disk"),
)
"""What SQLite says, and what to say of it."""

_POSTGRESQL = (
    ("password authentication failed", "refuses this user's password"),
    ("no password supplied", "wants a password"),
    ("no pg_hba.conf entry", "does not let this user in from here (pg_hba.conf)"),
    ("too many connections", "has no connection left"),
    ("too many clients", "has no connection left"),
    ("starting up", "is just starting"),
    ("shutting down", "is just stopping"),
)

_SQLSTATES = {
    "28P01": "refuses this user's password",
    "3D000": "is not there: create it, or mend the name",
    "42501": "does not give this user the rights: GRANT CREATE, or use its owner",
    "53100": "cannot grow, its server's disk is full: make room there",
    "53300": "has no connection left",
    "25006": "is read-only: a standby server? name the primary",
}
"""Appendix A of PostgreSQL's manual."""


def explain(error: Exception, address: Address) -> StoreError:
    """The error to show."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = address.without_secrets(_first_line(str(cause)))
    if isinstance(cause, sqlite3.Error):
        return StoreError(f"the database {address} {_known(_SQLITE, said)}")
    if isinstance(cause, psycopg.Error):
        state = cause.sqlstate
        if state in _SQLSTATES:
            return StoreError(f"the database {address} {_SQLSTATES[state]}")
        return StoreError(f"the database {address} {_of_postgresql(str(cause), said)}")
    if isinstance(cause, OSError):
        meaning = dict(_SQLITE)["unable to open"]
        return StoreError(f"the database {address} {meaning} ({cause.strerror})")
    return StoreError(f"the database {address} cannot be used: {said}")


ERRORS = (SQLAlchemyError, sqlite3.Error, psycopg.Error, OSError)
"""What the libraries raise."""


def _of_postgresql(whole: str, said: str) -> str:
    for words, meaning in _POSTGRESQL:
        if words in whole:
            return meaning
    if "does not exist" in whole:
        return "is not there: " + said.rpartition("FATAL:")[2].strip()
    return "cannot be reached: " + said.removeprefix("connection failed: ")


def _known(table: tuple[tuple[str, str], ...], said: str) -> str:
    return next((meaning for words, meaning in table if words in said), f"cannot be used: {said}")


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].strip() if text.strip() else "no reason given"
