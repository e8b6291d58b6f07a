"""arm64 packages by this machine's own apt sources: a private view, the system's own is untouched.

Only sources that call themselves Debian count; what else this machine is configured for would be on
no card. No host is named here: which mirror serves them is the machine's own affair.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from parvis_firmware.emulation.tools import run

ARCHITECTURE: Final = "arm64"

_CONFIG: Final = """\
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
APT::Sandbox::User "root";
APT::Update::Post-Invoke {{}};
APT::Update::Post-Invoke-Success {{}};
DPkg::Post-Invoke {{}};
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Debug::NoLocking "true";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::Preferences "{folder}/preferences";
Dir::Etc::PreferencesParts "/dev/null";
"""
_PREFERENCES: Final = """\
Package: *
Pin: release o=Debian
Pin-Priority: 500

Package: *
Pin: release o=*
Pin-Priority: -1
"""


class Apt:
    """In a folder of its own, with a system in which nothing is installed."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder ready; nothing is fetched."""
        for name in ("state/lists/partial", "cache/archives/partial", "nothing/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "preferences").write_text(_PREFERENCES)
        config = folder / "apt.conf"
        config.write_text(_CONFIG.format(architecture=ARCHITECTURE, folder=folder))
        self._folder = folder
        self._environment = {"APT_CONFIG": str(config)}

    def update(self) -> None:
        """Read the sources' lists; raises ``CheckFailed``."""
        run("apt-get", "update", "-o", "APT::Update::Error-Mode=any", env=self._environment)

    def closure(self, names: Iterable[str]) -> list[str]:
        """The file names of these packages and of all that they need; raises ``CheckFailed``."""
        # apt leaves out what it has: it is shown a folder where nothing is.
        nothing = f"Dir::Cache::archives={self._folder}/nothing"
        asked = ("apt-get", "install", "--print-uris", "-o", nothing, *names)
        return file_names(run(*asked, env=self._environment))

    def fetch(self, names: Iterable[str]) -> list[Path]:
        """Fetch them and all that they need; the files. Raises ``CheckFailed``."""
        listed = self.closure(names)
        run("apt-get", "install", "--download-only", *names, env=self._environment)
        return [self._folder / "cache" / "archives" / name for name in listed]

    def fetch_alone(self, names: Iterable[str], into: Path) -> list[Path]:
        """Fetch these, without what they need; raises ``CheckFailed``."""
        into.mkdir(parents=True, exist_ok=True)
        run("apt-get", "download", *names, env=self._environment, cwd=into)
        return sorted(into.glob("*.deb"))

    def kernel_package(self) -> str:
        """What ``linux-image-arm64`` leads to now, such as linux-image-6.1.0-56-arm64."""
        said = run("apt-cache", "depends", f"linux-image-{ARCHITECTURE}", env=self._environment)
        return next(
            name
            for line in said.splitlines()
            if (name := line.partition("Depends: ")[2]).startswith("linux-image-")
        )


def file_names(uris: str) -> list[str]:
    """Those of ``apt-get --print-uris``, whose lines are ``'address' file size digest``. Pure."""
    return [line.split()[1] for line in uris.splitlines() if line.startswith("'")]
