"""A room whose log is damaged makes way: its rows stay, under a name that no room has."""

from sqlalchemy import Connection, Table, delete, insert, literal, select

from parvis_server.store import folds, schema


def set_aside(connection: Connection, room: str, under: str) -> None:
    """Move a room's rows to the name ``under``: copied and deleted in the order of their keys."""
    folds.forget(connection, room)
    tables = ((schema.rooms, "name"), (schema.events, "room"), (schema.words, "room"))
    for table, key in tables:
        _copy(connection, table, key, room, under)
    for table, key in reversed(tables):
        connection.execute(delete(table).where(table.c[key] == room))


def _copy(connection: Connection, table: Table, key: str, room: str, under: str) -> None:
    named = [literal(under) if column.name == key else column for column in table.c]
    rows = select(*named).where(table.c[key] == room)
    connection.execute(insert(table).from_select([column.name for column in table.c], rows))
