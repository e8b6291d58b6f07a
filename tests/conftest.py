"""For all tests: what a unit keeps between two starts goes into a folder of the tests, and no
example of a property is judged by how long it takes; a watched machine for what is. Linear algebra
uses one core, as in the product's own processes: its threads wait for one another by spinning, and
beside other tests that took four times the CPU of the work. Python's collector rests until all
tests are found: it took a third of the CPU of finding them, and never looks at them later."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from fakes.machine import MachineWatch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before anything imports NumPy

gc.disable()  # until `pytest_collection_finish`

hypothesis.settings.register_profile("parvis", deadline=None)
hypothesis.settings.load_profile("parvis")


def pytest_collection_finish() -> None:
    """Libraries, modules and tests last: what a test makes is all that is left to look at."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def no_state_of_a_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A unit that is started without ``--state`` finds no key of whoever runs the tests."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    yield
    if before is None:
        del os.environ["XDG_STATE_HOME"]
    else:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture
def machine() -> Iterator[MachineWatch]:
    """Empty tickers that tell the machine's stalls from our own gaps and delays."""
    from fakes.machine import machine_watch  # its judges need scipy: most tests do not

    with machine_watch() as watch:
        yield watch
