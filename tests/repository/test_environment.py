"""What the tests are told about the machine: a snap is no browser, and the reason is one line."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from fakes import environment


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)
    return program


def system(monkeypatch: pytest.MonkeyPatch, **fields: str) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: fields)


def test_chromium_and_its_driver_are_enough(programs: Path) -> None:
    chromium = install(programs, "chromium")
    install(programs, "chromedriver")
    assert environment.browser_missing_reason() is None
    assert environment.require_browser() == chromium


def test_ubuntus_starter_of_a_snap_is_no_browser(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs, "chromium-browser", "#!/bin/sh\nexec /snap/bin/chromium\n")
    install(programs, "chromedriver")
    system(monkeypatch, ID="linuxmint", ID_LIKE="ubuntu debian")
    reason = environment.browser_missing_reason()
    assert (
        reason == "Chromium is only a snap here: the browser tests need Debian or Raspberry Pi OS"
    )
    with pytest.raises(pytest.skip.Exception, match="only a snap"):
        environment.require_browser()


def test_a_link_into_a_snap_is_no_browser(programs: Path) -> None:
    inside = install(programs / "snap" / "bin", "chromium")
    (programs / "chromium").symlink_to(inside)
    assert environment.chromium_path() is None


@pytest.mark.parametrize("installed", [(), ("chromium",), ("chromedriver",)])
def test_where_setup_should_have_helped_the_test_fails(
    installed: tuple[str, ...], programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system(monkeypatch, ID="debian")
    for name in installed:
        install(programs, name)
    reason = environment.browser_missing_reason()
    assert reason is not None and reason.endswith("run scripts/setup test")
    with pytest.raises(pytest.fail.Exception, match="run scripts/setup test"):
        environment.require_browser()
