import gc
from collections.abc import Iterator

import pytest

from parvis_server.bench import empty_ticker

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def ordinary_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither a real-time priority nor a stopped collector for the test run."""
    monkeypatch.setattr(empty_ticker, "take_real_time_priority", lambda: False)
    yield
    gc.enable()


def test_it_ticks_a_hundred_times_a_second() -> None:
    result = empty_ticker.tick(0.3)
    assert 20 <= result["ticks"] <= 31
    assert 0 <= result["late"] <= result["ticks"]
    assert result["real_time"] is False
