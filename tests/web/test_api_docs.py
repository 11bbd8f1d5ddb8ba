"""The examples of docs/api.md, run by curl against a real server, and webhooks received by one."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from facts.demo import AS_OF
from facts.store import Store
from facts.tokens import Scope, create_token
from tests.commands.conftest import call_command
from tests.conftest import ROOT
from tests.web.api import program_of
from tests.web.conftest import OWN, Pages
from web.app import application
from web.site import Settings
from web.webhook import SIGNATURE, Hook, Teller


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
    assert len(found) == 20
    for command, status, answer in found:
        assert status == ("201" if "Idempotency-Key" in command else "200"), (command, answer)


# --- webhooks ---

SECRET = "a secret that both sides have known for long"


class Receiver:
    """A real server that takes events; it refuses the first attempt."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """Takes one event."""

            def do_POST(self) -> None:
                """Remember what came."""
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((self.headers[SIGNATURE], body))
                self.send_response(503 if len(receiver.got) == 1 else 204)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of events."""
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_what_is_recorded_is_told_signed(
    store_with_accounts: Path, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record by the interface and its taking back on the page are told in turn, signed, and again if refused."""
    monkeypatch.setattr("web.webhook.WAITS", (0.0, 0.1))
    shutil.copy(store_with_accounts, tmp_path / "told.db")
    store = Store.open(str(tmp_path / "told.db"))
    hook = Hook(f"http://127.0.0.1:{receiver.server.server_port}/events", SECRET)
    pages = Pages(application(store, Settings(AS_OF, hook=hook)), store)
    told = {"value_kind": "product", "medium": "visit", "audience_role": "user", "on": "2026-06-10"}
    number = program_of(pages, "admin").post(f"/customers/{OWN}/communications", told).json()["number"]
    assert pages.visit("admin").send(f"/customers/{OWN}/undo", {"number": str(number)}).status_code == 303
    pages.app.state.site.close()
    store.close()
    refused, recorded, undone = receiver.got
    assert refused[1] == recorded[1]
    for given, body in receiver.got:
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", given)
        assert found is not None
        assert abs(int(found[1]) - time.time()) < 600
        assert hmac.new(SECRET.encode(), f"{found[1]}.".encode() + body, hashlib.sha256).hexdigest() == found[2]
    event, back = json.loads(recorded[1]), json.loads(undone[1])
    assert (event["event"], event["customer"]) == ("customer.changed", OWN)
    assert (event["number"], event["did"], event["from"]) == (number, "record", "interface")
    assert (back["number"], back["did"], back["from"]) == (number + 1, "undo", "pages")
    assert event["changes"]
    assert (back["before"], back["after"]) == (event["after"], event["before"])
    assert {each["after"] for each in event["changes"]} == {each["before"] for each in back["changes"]}


def test_what_is_no_http_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that answers anything but HTTP has not taken the event; it and all later ones are told again."""
    monkeypatch.setattr("web.webhook.WAITS", (0.0, 0.1))
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(4):
                caller, _where = listening.accept()
                with caller:
                    got.append(caller.recv(65536))
                    caller.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        teller = Teller(Hook(f"http://127.0.0.1:{listening.getsockname()[1]}/", SECRET), lambda number: {"n": number})
        teller.tell(1)
        teller.tell(2)
        teller.close()
        thread.join(10)
    assert len(got) == 4


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://crm.example/", SECRET, "https://"),
        ("file:///etc/passwd", SECRET, "no address of a web server"),
        ("https://ann:word@crm.example/", SECRET, "no address of a web server"),
        ("https://crm.example:many/", SECRET, "no address of a web server"),
        ("https://crm.example/a b", SECRET, "no address of a web server"),
        ("https://crm.example/", "short", "at least 32 characters"),
        ("https://crm.example/", None, "VALUELIFT_WEBHOOK_SECRET"),
    ],
)
def test_a_webhook_that_protects_nothing_is_refused(url: str, secret: str | None, said: str) -> None:
    """An address in the clear, one that is none, and a secret that is missing or short are refused at the start."""
    answer = call_command("serve", "--webhook", url, env={"VALUELIFT_WEBHOOK_SECRET": secret})
    assert answer.code == 2
    assert said in " ".join(answer.errors.split())
    assert "word" not in answer.errors
