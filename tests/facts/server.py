"""A PostgreSQL server of a test's own, which may be stopped as if its machine lost power."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALLED = Path("/usr/lib/postgresql")
USER = "postgres"
"""As whom the server runs where the tests run as root, which it refuses."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on the loopback interface only, with the settings a new one has."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql+psycopg://valuelift@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it has put right what it finds and takes connections."""
        settings = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder}"
        self._control("start", "-w", "-o", settings, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Stop it at once: connections are cut, and nothing is written any more that was not written already."""
        self._control("stop", "-m", "immediate", "-w")

    def make(self) -> None:
        """Make its files."""
        self._run("initdb", "-D", str(self._data), "-U", "valuelift", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        as_user = ("runuser", "--user", USER, "--") if os.geteuid() == 0 else ()
        asked = [*as_user, str(self.programs / program), *arguments]
        # Not to a pipe: the server would keep it open for as long as it runs.
        with tempfile.TemporaryFile() as said:
            code = subprocess.run(asked, cwd="/", stdout=said, stderr=said, check=False).returncode
            said.seek(0)
            assert code == 0, said.read().decode()


@contextmanager
def own_server() -> Iterator[Server]:
    """Give a server that runs, and remove it with all it holds.

    Skips the test where the server's programs are not installed.
    """
    programs = _programs()
    # Not in pytest's folder, which the server's user may not read.
    folder = Path(tempfile.mkdtemp(prefix="valuelift-postgres."))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    server = Server(programs, folder, _free_port())
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = [initdb.parent for initdb in INSTALLED.glob("*/bin/initdb")]
    if not found:
        pytest.skip(f"no PostgreSQL server's programs under {INSTALLED}")
    return max(found, key=lambda folder: int(folder.parent.name))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
