"""Bring a database to the schema of this Parvis, wholly or not at all."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from parvis_server.errors import StoreError
from parvis_server.store.address import Address
from parvis_server.store.faults import explain

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> None:
    """Run what this database has not seen yet, inside the caller's transaction.

    Raises:
        StoreError: it is of a newer Parvis, or a migration failed; the caller's rollback leaves
            it as it was.
    """
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    at = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in script.walk_revisions()}
    unknown = [head for head in at if head not in known]
    if unknown:
        raise StoreError(
            f"the database {address} is of a newer Parvis (schema {unknown[0]}): run that one, "
            "or name another database as [store] url"
        )
    if set(at) == set(script.get_heads()):
        return
    try:
        command.upgrade(config, "head")
    except Exception as error:  # a migration is a program of its own
        reason = str(explain(error, address)).replace(f"the database {address} ", "")
        raise StoreError(
            f"the database {address} could not be brought to the schema of this Parvis and stays "
            f"as it was, usable with the version before: it {reason}"
        ) from error
