"""The demo as `valuelift demo --serve` shows it, for a real browser."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True)
class Served:
    """`valuelift demo --serve` at work: its address, and the passwords that it told."""

    address: str
    passwords: dict[str, str]


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Give the demo, started in an empty folder as somebody starts it who tries it out."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    command = [str(Path(sys.executable).with_name("valuelift")), "demo", "--serve", "--port", str(port), "--lang", "en"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        for _ in range(600):
            time.sleep(0.2)
            if f":{port}" in log.read_text() or process.poll() is not None:
                break
        told = log.read_text()
        yield Served(f"http://127.0.0.1:{port}", dict(re.findall(r"^  (\w+) +(\S+)$", told, re.MULTILINE)))
    finally:
        process.terminate()
        process.wait(10)


def log_in(page: Page, served: Served, role: str) -> None:
    """Log in as one does."""
    page.goto(f"{served.address}/login")
    page.fill("#name", role)
    page.fill("#password", served.passwords[role])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.address}/")
