"""Jobs driven together, alone and in two threads."""

import threading

import pytest

from parvis_audio.errors import ParvisAudioError
from parvis_audio.work import Call, Crew, Job, alone, done, results
from parvis_server.engine.crew import Pair, best_crew

CREWS = pytest.mark.parametrize("crew", [alone, Pair().make], ids=["alone", "pair"])


def answering(answer: int) -> Call:
    return lambda: answer


def adding(numbers: list[int]) -> Job[int]:
    """Asks for each number in turn; gives their sum."""
    total = 0
    for number in numbers:
        total += yield answering(number)
    return total


def failing(after: int) -> Job[int]:
    for number in range(after):
        yield answering(number)
    raise ParvisAudioError("not Opus")


@CREWS
def test_each_job_is_sent_what_its_own_calls_answered(crew: Crew) -> None:
    numbers = [[10 * place + n for n in range(place % 4)] for place in range(40)]
    assert results(map(adding, numbers), crew) == [sum(its) for its in numbers]


@CREWS
def test_a_job_that_fails_harms_no_other(crew: Crew) -> None:
    jobs = [adding([1, 2, 3]), failing(0), adding([4]), failing(1), adding([5, 6]), adding([])]
    found = results(jobs, crew)
    assert [found[at] for at in (0, 2, 4, 5)] == [6, 4, 11, 0]
    assert [str(found[at]) for at in (1, 3)] == ["not Opus"] * 2


@CREWS
def test_a_fault_in_a_call_is_raised_and_the_crew_goes_on(crew: Crew) -> None:
    def broken() -> int:
        raise RuntimeError("the library is broken")

    with pytest.raises(RuntimeError, match="broken"):
        crew([answering(1), answering(2), broken, answering(4), answering(5), answering(6)])
    assert crew([answering(n) for n in range(8)]) == list(range(8))


def test_two_threads_share_the_calls() -> None:
    """The first call waits for another that only a second thread can make meanwhile."""
    met = threading.Barrier(2, timeout=10)

    def meet() -> int:
        met.wait()
        return threading.get_ident()

    answers = Pair().make([meet, meet, *map(answering, range(4))])
    assert answers[0] != answers[1]
    assert answers[2:] == [0, 1, 2, 3]


def test_the_second_thread_ends_with_its_pair() -> None:
    before = set(threading.enumerate())
    pair = Pair()
    (helper,) = set(threading.enumerate()) - before
    del pair
    helper.join(timeout=10)
    assert not helper.is_alive()


def test_one_processor_needs_no_second_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0})
    assert best_crew() is alone
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1})
    assert best_crew() is not alone


def test_a_job_alone_is_run_to_its_end() -> None:
    assert done(adding([1, 2, 3])) == 6
    with pytest.raises(ParvisAudioError):
        done(failing(2))
