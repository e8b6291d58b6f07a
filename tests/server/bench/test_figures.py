import pytest

from parvis_server.bench.figures import counted_percentiles, figures, table


def test_a_distribution_has_five_figures() -> None:
    assert figures(range(1, 101)) == {
        "mean": 50.5,
        "p50": 50.5,
        "p95": 95.05,
        "p99": 99.01,
        "max": 100,
    }


def test_nothing_measured_is_not_zero() -> None:
    assert figures([]) is None


def test_the_table_shows_every_row() -> None:
    shown = table({"total_ms": figures([1.0, 3.0]), "chirps": 2, "microphone": "file"})
    assert [line.split()[0] for line in shown.splitlines()] == [
        "mean",
        "total_ms",
        "chirps",
        "microphone",
    ]
    assert "2.00" in shown
    assert pytest.approx(2.0) == float(shown.splitlines()[1].split()[1])


def test_percentiles_of_a_histogram_are_read_off_along_its_steps() -> None:
    counts, bounds = [50, 40, 5, 5], (1.0, 2.0, 4.0)
    assert counted_percentiles(counts, bounds) == {"p50": 1.0, "p95": 4.0, "p99": 4.0}
    assert counted_percentiles([0, 100, 0], (1.0, 2.0)) == {"p50": 1.5, "p95": 1.95, "p99": 1.99}
