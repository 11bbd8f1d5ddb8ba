"""The YAML language server that editors run, spoken to over its standard input and output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

FOLDER = Path(os.environ.get("VALUELIFT_TEST_YAML_SERVER", ROOT / "build" / "yaml-language-server"))
PROGRAM = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"

Message = dict[str, Any]


def missing() -> str:
    """Return why the server cannot run here, or an empty text if it can."""
    if shutil.which("node") is None:
        return "no node, which runs the YAML language server"
    return "" if PROGRAM.is_file() else f"no YAML language server in {FOLDER}; see tests/README.md"


class LanguageServer:
    """A server at work in a folder."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self._number = 0
        self._problems: dict[str, list[Message]] = {}
        settings = {"yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}}
        self._settings = settings
        root = folder.as_uri()
        documents = {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}, "hover": {}}
        capabilities = {"workspace": {"configuration": True}, "textDocument": documents}
        self._ask("initialize", {"processId": None, "rootUri": root, "capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def problems(self, path: Path, text: str | None = None) -> list[Message]:
        """Return the problems of a file, or of another text in a file beside it."""
        uri = self._open(path, text)
        while uri not in self._problems:
            self._handle(self._read())
        return self._problems[uri]

    def at(self, question: str, path: Path, text: str) -> Any:
        """Ask a question (`completion` or `hover`) about the place that `|` marks in a text in a file beside `path`."""
        before, after = text.split("|", 1)
        uri = self._open(path, before + after)
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return self._ask(f"textDocument/{question}", {"textDocument": {"uri": uri}, "position": position})

    def _open(self, path: Path, text: str | None) -> str:
        """Open a file and return its URI; another text gets one of its own, as the server remembers what it saw."""
        self._number += 1
        if text is None:
            uri, text = path.as_uri(), path.read_text(encoding="utf-8")
        else:
            uri = path.with_name(f"{self._number}-{path.name}").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return uri

    def stop(self) -> None:
        """End the server."""
        self._ask("shutdown", None)
        self._send({"method": "exit"})

    def _ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._handle(message)

    def _handle(self, message: Message) -> None:
        """Note the problems of a file, and answer what the server asks."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self._problems[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            sections = [self._settings.get(item["section"], {}) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": sections})
        elif "id" in message:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: Message) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._in.flush()

    def _read(self) -> Message:
        length = 0
        while line := self._out.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the server has ended"
        found: Message = json.loads(self._out.read(length))
        return found


@contextmanager
def running(folder: Path) -> Iterator[LanguageServer]:
    """Run a server over a folder."""
    command = ["node", str(PROGRAM), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            server = LanguageServer(process, folder)
            yield server
            server.stop()
        finally:
            process.kill()
