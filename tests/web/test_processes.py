"""A server of several processes answers as one, and ends as one."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from commands.serve_command import KEPT_AT_HAND, TUNABLES
from facts.demo import AS_OF
from tests.conftest import ROOT

LONGEST = 120.0
"""Seconds after which a server that neither answers nor ends has failed."""


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LONGEST
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Return whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def servers(process: int) -> list[int]:
    """Return the other servers that a process has started."""
    started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(each) for each in started if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


def test_all_end_with_the_first(store_with_accounts: Path) -> None:
    """Whoever asks is answered; when the first process is stopped, nobody goes on listening."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options = ["--processes", "2", "--port", str(port), "--as-of", AS_OF.isoformat(), "--db", str(store_with_accounts)]
    command = [sys.executable, "-c", "import cli; cli.main()", "serve", *options]
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    try:
        assert first.stderr is not None
        assert b"Valuelift is at" in first.stderr.readline()
        until(lambda: servers(first.pid) != [])  # between fork and exec it bears the name of the first
        (other,) = servers(first.pid)
        for each in (first.pid, other):  # with the C library's memory at hand, as a process has it from its start
            assert f"{TUNABLES}={KEPT_AT_HAND}".encode() in Path(f"/proc/{each}/environ").read_bytes()
        until(lambda: b"/login" in urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONGEST).url.encode())
    finally:
        first.terminate()
        first.wait()
    until(lambda: not Path(f"/proc/{other}").exists())
    assert not listens(port)
