import gc
from collections.abc import Iterator

import pytest

from parvis_server.bench import empty_ticker

pytestmark = pytest.mark.alone

ATTEMPTS = 5
"""A machine may stand still for a tenth of a second, not each time."""


@pytest.fixture(autouse=True)
def ordinary_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither a real-time priority nor a stopped collector for the test run."""
    monkeypatch.setattr(empty_ticker, "take_real_time_priority", lambda: False)
    yield
    gc.enable()


def test_it_ticks_a_hundred_times_a_second() -> None:
    results = []
    for _ in range(ATTEMPTS):
        results.append(empty_ticker.tick(0.3))
        if results[-1]["ticks"] >= 20:
            break
    assert results[-1]["ticks"] >= 20
    for result in results:
        assert 0 <= result["late"] <= result["ticks"] <= 31
        assert result["real_time"] is False
