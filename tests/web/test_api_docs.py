"""The examples of docs/api.md, run by curl against a real server, and webhooks received by one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from facts.demo import AS_OF
from facts.store import Store
from facts.tokens import Scope, create_token
from tests.conftest import ROOT
from web.app import application
from web.site import Settings


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Give the address of a server on this machine, for as long as it is needed."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def examples() -> list[str]:
    """Return the curl commands of the page."""
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.replace("\\\n", "").splitlines()]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_work(store_with_run: Path, tmp_path: Path) -> None:
    """Each example of the page is answered as it should be: 200, or 201 where something is recorded."""
    path = tmp_path / "docs.db"
    shutil.copy(store_with_run, path)
    store = Store.open(str(path))
    token = create_token(store, "admin", list(Scope), "docs", datetime.now(UTC), timedelta(days=1))[1]
    found = []
    with listening(application(store, Settings(AS_OF))) as address:
        env = {**os.environ, "API": f"{address}/api/v1", "TOKEN": token, "NO_PROXY": "127.0.0.1"}
        for command in examples():
            assert command.startswith("curl ")
            script = f"{command} -o {tmp_path / 'answer'} -w '%{{http_code}}'"
            status = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=True).stdout
            found.append((command, status, (tmp_path / "answer").read_text(encoding="utf-8")))
    store.close()
    assert len(found) == 16
    for command, status, answer in found:
        assert status == ("201" if "Idempotency-Key" in command else "200"), (command, answer)
