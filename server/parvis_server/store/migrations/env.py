"""What Alembic runs: the migrations, all in one transaction, on the connection it is handed.

SQLite and PostgreSQL both take back a change of tables with its transaction, so a migration that
fails half way leaves the old schema.
"""

from alembic import context

from parvis_server.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
