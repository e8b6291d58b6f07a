"""A PostgreSQL server of the test's own: real, in a temporary folder, on a Unix socket only."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

USER = "parvis"
GUARDED_USER = "guarded"
PASSWORD = "correct-horse"
STARTS_WITHIN_S = 30


class Postgres:
    """One server; ``database`` makes an empty database in it."""

    def __init__(self, durable: bool = False) -> None:
        """Make its folder and start it; ``durable``: with fsync, for what measures it."""
        self._programs = _programs()
        self._owner = _owner()
        # Not in pytest's folder, which other users cannot enter; and a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="parvis-pg-"))
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        self._durable = durable
        self._databases = 0
        self._run("initdb", "-D", self._cluster, "-U", USER, "--auth=trust", "--no-sync",
                  "--encoding=UTF8", "--locale=C.UTF-8")  # fmt: skip
        rules = Path(self._cluster) / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED_USER} scram-sha-256\nlocal all all trust\n")
        self.start()
        self.sql(f"CREATE ROLE {GUARDED_USER} LOGIN PASSWORD '{PASSWORD}'")

    @property
    def _cluster(self) -> str:
        return str(self.folder / "cluster")

    def start(self) -> None:
        """Start it and wait until it answers."""
        fsync = "on" if self._durable else "off"
        options = f"-k {self.folder} -c listen_addresses='' -c fsync={fsync} -c shared_buffers=16MB"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self._cluster, "-l", log, "-o", options,
                  "-w", "-t", str(STARTS_WITHIN_S), "start")  # fmt: skip

    def stop(self) -> None:
        """Stop it as a power cut would."""
        self._run("pg_ctl", "-D", self._cluster, "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop it and take its folder away."""
        if (Path(self._cluster) / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the server's owner."""
        return self._run("psql", "-h", str(self.folder), "-U", USER, "-d", database,
                         "-v", "ON_ERROR_STOP=1", "-Atc", statement)  # fmt: skip

    def database(self, options: str = "") -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"parvis_{self._databases}"
        self.sql(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def url(self, database: str, user: str = USER, password: str | None = None) -> str:
        """How Parvis reaches a database here."""
        who = user if password is None else f"{user}:{password}"
        return f"postgresql://{who}@/{database}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> str:
        owner = self._owner
        done = subprocess.run(
            [f"{self._programs}/{program}", *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            # pg_ctl's server keeps what it inherits: never a pipe of ours.
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            user=owner and owner.pw_uid,
            group=owner and owner.pw_gid,
            extra_groups=owner and [],
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr or self._last_words()}"
        return done.stdout.strip() if done.stdout else ""

    def _last_words(self) -> str:
        log = self.folder / "log"
        return log.read_text()[-2000:] if log.exists() else "it left no log"


def _programs() -> str:
    """The folder of the newest server here; Debian keeps it off the PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.fail("no PostgreSQL server here: run scripts/setup test")
    return found[-1] if found else os.path.dirname(str(on_path))


def _owner() -> pwd.struct_passwd | None:
    """Whose server it is: it refuses to run as root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None
