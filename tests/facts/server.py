"""A PostgreSQL server of a test's own, which may be stopped as if its machine lost power."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.facts.small_disk import small_disk

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

    def is_up(self) -> bool:
        """Whether it runs, be it to put right what it found."""
        return (self._data / "postmaster.pid").exists()

    def wait_until_down(self) -> None:
        """Wait until it gives up by itself."""
        end = time.monotonic() + 60
        while self.is_up():
            assert time.monotonic() < end, "it still runs"
            time.sleep(0.05)

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
def own_server(mebibytes: int | None = None) -> Iterator[Server]:
    """Give a server that runs, and remove it with all it holds.

    Skips the test where the server's programs are not installed.

    Args:
        mebibytes: put its files on a disk of this size (see `small_disk`).
    """
    programs = _programs()
    # Not in pytest's folder, which the server's user may not read.
    folder = Path(tempfile.mkdtemp(prefix="valuelift-postgres."))
    server = Server(programs, folder, _free_port())
    try:
        with nullcontext() if mebibytes is None else small_disk(folder, mebibytes):
            if os.geteuid() == 0:
                shutil.chown(folder, USER)
            server.make()
            server.start()
            try:
                yield server
            finally:
                if server.is_up():
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
