"""A file system in memory, which gets full as a disk does: real, not pretended."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A small file system, and what is put on it to fill it."""

    place: Path

    @property
    def _ballast(self) -> Path:
        return self.place / "ballast"

    def fill(self, left: int) -> None:
        """Leave so many bytes free, or what is free already if that is less."""
        self.clear()
        try:
            self._ballast.write_bytes(bytes(max(shutil.disk_usage(self.place).free - left, 0)))
        except OSError as error:
            if error.errno != ENOSPC:  # else somebody was quicker, and the disk is full as well
                raise

    def clear(self) -> None:
        """Free what `fill` took."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Give a file system of a size at an empty folder, which only root may mount: else the test is skipped."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.name != "posix" or os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root can mount a file system in memory")
    asked = [mount, "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place)]
    mounted = subprocess.run(asked, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a file system in memory cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run([umount, "-l", place], check=True)
