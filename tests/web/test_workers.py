"""Work in processes of its own: what it returns, and what becomes of work that crashes or takes too long."""

from __future__ import annotations

import os
import time

import pytest

from web.workers import TimeLimitError, WorkerDiedError, Workers


def twice(text: str) -> str:
    """Return a text twice."""
    return text * 2


def refuse(text: str) -> str:
    """Refuse whatever it is."""
    raise ValueError(f"no {text}")


def crash() -> str:
    """End the process as a crash in a C library does."""
    os.abort()


def sleep(seconds: float) -> str:
    """Take long."""
    time.sleep(seconds)
    return "late"


def test_a_crash_costs_one_piece_of_work() -> None:
    """What a process returns or refuses comes back; one that dies or takes too long is told, and the next one works."""
    workers = Workers(20)
    assert workers.do(twice, "ab") == "abab"
    with pytest.raises(ValueError, match="no thanks"):
        workers.do(refuse, "thanks")
    with pytest.raises(WorkerDiedError):
        workers.do(crash)
    begun = time.monotonic()
    with pytest.raises(TimeLimitError):
        Workers(0.5).do(sleep, 30)
    assert time.monotonic() - begun < 10
    assert workers.do(twice, "c") == "cc"
