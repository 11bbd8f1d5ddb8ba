"""A draft of a pack examined in a process of its own, which may crash or be ended without harm to anybody else."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import tempfile
from dataclasses import asdict
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from common.checked import text_of
from common.promotion import Promotion
from common.texts import Texts
from engine.check import Finding, finding_of
from engine.errors import ProblemsError
from facts.pack_files import unpacked
from facts.store import Store
from wiring import checked

SECONDS = 300
"""An examination that takes longer is ended."""

MEMORY = 8 * 2**30
"""Bytes of addresses that an examination may take."""

MOST_FINDINGS = 200

CRASHED, TOO_LONG = "crashed", "too_long"


def examined(url: str, content: bytes, day: date, seconds: float = SECONDS) -> dict[str, Any]:
    """Return what speaks for and against a draft.

    Args:
        url: the store whose customers it would decide.
        content: the draft, as `facts.pack_files.packed` packs it.
        day: the date on which customers are decided.
        seconds: how long that may take.

    Returns:
        `findings` of the checker, `steps` of `common.promotion`, and `failed` (`crashed`, `too_long` or empty).
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_examine, args=(url, content, day, theirs), daemon=True)
    process.start()
    theirs.close()
    failed = TOO_LONG
    try:
        if ours.poll(seconds):
            failed = CRASHED
            found: dict[str, Any] = json.loads(ours.recv_bytes())
            return found
    except EOFError:
        pass
    finally:
        process.kill()
        process.join()
        ours.close()
    return {"findings": [], "steps": [], "failed": failed}


def passed(report: dict[str, Any]) -> bool:
    """Whether nothing speaks against a draft."""
    steps = report["steps"]
    return not report["failed"] and bool(steps) and not any(step["against"] for step in steps)


def _examine(url: str, content: bytes, day: date, told: Connection) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    store = Store.open(url)
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        folder = unpacked(content, Path(place))
        steps: list[dict[str, Any]] = []
        findings: tuple[Finding, ...]
        try:
            _, findings = checked(folder, day)
            # One process only: it is the server's, which others use as well.
            steps = [asdict(step) for step in Promotion(store, folder, day, jobs=1).steps()]
        except ProblemsError as error:
            findings = tuple(map(finding_of, error.problems))
        plain = [_plain(one, place) for one in findings[:MOST_FINDINGS]]
        written = json.dumps({"findings": plain, "steps": steps, "failed": ""}, ensure_ascii=False)
    told.send_bytes(written.replace(f"{place}/", "").encode())


def _end_with_parent() -> None:
    """End this process when the server has ended, however that came about: nobody waits for the answer any more."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
    os._exit(1)


def _plain(one: Finding, place: str) -> dict[str, Any]:
    file = one.location.file.replace(f"{place}/", "")
    return {
        "level": one.level,
        "id": one.id,
        "at": f"{file}:{one.location.line}",
        "message": {language: text_of(one, Texts(language)) for language in ("en", "zh")},
    }
