"""Work that may take long or crash, in processes of its own with a time limit: a crash there costs one request."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from threading import BoundedSemaphore
from typing import Any

AT_ONCE = 2
"""Processes at a time; whoever comes when all are busy waits for its turn."""

_PRELOADED = ["wiring", "engine.plan", "engine.session", "engine.path", "engine.check", "common.explain_json"]

Work = Callable[..., str]
"""A function of a module, which a process can be told by its name; it returns JSON."""


class TimeLimitError(Exception):
    """Raised for work that took too long."""


class WorkerDiedError(Exception):
    """Raised for work whose process died."""


class Workers:
    """Does one piece of work in a fresh process, and gives up after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._turns = BoundedSemaphore(AT_ONCE)

    def do(self, work: Work, *given: Any) -> str:
        """Return what the work returns.

        Raises:
            TimeLimitError: if it, or waiting for its turn, took too long.
            WorkerDiedError: if its process died.
            ValueError: if the work raised one, with its message.
        """
        if not self._turns.acquire(timeout=self.seconds):
            raise TimeLimitError
        try:
            return self._done(work, given)
        finally:
            self._turns.release()

    def _done(self, work: Work, given: tuple[Any, ...]) -> str:
        receiver, sender = _processes().Pipe(duplex=False)
        process = _processes().Process(target=_run, args=(sender, work, given), daemon=True)
        process.start()
        sender.close()
        try:
            if not receiver.poll(self.seconds):
                raise TimeLimitError
            is_fine, said = receiver.recv()
        except EOFError:
            raise WorkerDiedError from None
        finally:
            receiver.close()
            process.kill()
            process.join()
        if not is_fine:
            raise ValueError(said)
        return str(said)


def _run(sender: Connection, work: Work, given: tuple[Any, ...]) -> None:
    """Do the work in this process, and send what comes of it."""
    try:
        sender.send((True, work(*given)))
    except ValueError as error:
        sender.send((False, error.args[0]))
    # Anything else ends this process, with its traceback on standard error.


@cache
def _processes() -> Any:
    """Return what starts processes: copies of one that has loaded the libraries and holds nothing of this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
