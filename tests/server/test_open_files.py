"""Every connection is an open file: how many there may be, and what is said when they are few."""

import subprocess
import sys

from parvis_server.open_files import KEPT_FILES, OWN_FILES, OpenFiles


def test_enough_is_not_worth_a_word() -> None:
    assert OpenFiles(9_000 + KEPT_FILES).shortage(9_000) is None
    assert OpenFiles(None).shortage(1_000_000) is None
    assert (OpenFiles(None).listeners, OpenFiles(None).last) == (None, None)


def test_too_few_are_named_with_what_is_needed_and_how_to_get_it() -> None:
    files = OpenFiles(1_024)
    told = files.shortage(9_000)
    assert told is not None and "\n" not in told
    for words in ("1024 files", "9000 listeners", "LimitNOFILE=9200", "ulimit -n 9200"):
        assert words in told
    assert f"until then {1_024 - KEPT_FILES} are served" in told


def test_some_files_are_kept_for_hosts_and_some_for_the_process() -> None:
    files = OpenFiles(1_024)
    assert files.listeners is not None and files.last is not None
    assert files.listeners < files.last < 1_024 - OWN_FILES + 1
    assert OpenFiles(10).listeners == 0 and OpenFiles(10).last == 0


def test_the_limit_is_raised_to_what_is_allowed() -> None:
    asks = "from parvis_server.open_files import allow_many_files; print(allow_many_files())"
    few = ["bash", "-c", f"ulimit -Sn 100 && ulimit -Hn 300 && {sys.executable} -c '{asks}'"]
    told = subprocess.run(few, capture_output=True, text=True, check=True).stdout
    assert told.strip() == "OpenFiles(limit=300)"
