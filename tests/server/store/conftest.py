"""Both engines behind one set of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.postgres import Postgres
from parvis_server.store.address import Address
from parvis_server.store.database import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'parvis.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store.open(Address.parse(url))
    yield opened
    opened.close()
