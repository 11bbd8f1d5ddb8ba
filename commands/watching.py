"""Waiting for rule files to be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

SECONDS = 0.5
"""So often files are looked at: nobody waits for that long, and it costs next to nothing."""


def saves(folder: Path, wait: Callable[[float], None] = sleep) -> Iterator[None]:
    """Yield at once, and then whenever a YAML file of a pack or of a pack that it extends was saved, made or removed.

    Args:
        folder: the pack's folder.
        wait: called between two looks with the seconds to wait; KeyboardInterrupt from it ends the watch.
    """
    before = _state(folder)
    yield
    while True:
        try:
            wait(SECONDS)
        except KeyboardInterrupt:
            return
        now = _state(folder)
        if now != before:
            before = now
            yield


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    from engine.errors import ProblemsError
    from facts.pack_files import with_bases

    folders: list[Path] = []
    try:
        folders += with_bases(folder.resolve())
    except ProblemsError:  # a manifest saved half-way
        folders.append(folder)
    found = {}
    for path in (path for each in folders for path in each.rglob("*.yaml")):
        try:
            state = path.stat()
        except OSError:  # gone in the meantime
            continue
        found[path] = (state.st_mtime_ns, state.st_size)
    return found
