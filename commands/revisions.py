"""Packs as users name them: a folder, or a folder as it was at a git revision (`REV:PATH`)."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from engine.said import said


@contextmanager
def pack_folder(named: str) -> Iterator[Path]:
    """Give the folder of a pack; one of a git revision is laid out beside its bases for as long as it is needed.

    Raises:
        click.BadParameter: if there is no such folder, revision or path.
    """
    if Path(named).is_dir():
        yield Path(named)
        return
    revision, colon, path = named.partition(":")
    if not colon:
        raise click.BadParameter(
            said("There is no folder {named!r}. Name a folder, or a git revision of one as REV:PATH.", named=named)
        )
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        folder = (Path(place) / _lay_out(revision, path, Path(place))).resolve()
        if not folder.is_dir() or not folder.is_relative_to(Path(place).resolve()):
            raise click.BadParameter(
                said("Revision {revision!r} has no folder {path!r} with YAML files.", revision=revision, path=path)
            )
        yield folder


def _lay_out(revision: str, path: str, place: Path) -> Path:
    """Write the YAML files of a revision below a place, since a pack may extend others; return where the pack is."""
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise click.BadParameter(
            said("{revision!r} is no revision of the git repository in this folder.", revision=revision)
        )
    top, prefix = _git("rev-parse", "--show-toplevel") or b"", _git("rev-parse", "--show-prefix") or b""
    archive = _git("-C", top.decode(), "archive", "--format=tar", commit.decode(), "--", ":(glob)**/*.yaml")
    if archive is not None:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(place, filter="data")
    # As in git itself, a path is counted from the repository's root unless it begins with a point.
    return Path(prefix.decode(), path) if path.startswith(".") else Path(path)


def _git(*arguments: str) -> bytes | None:
    """Return what git prints, or None if it fails."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607 - no shell; git as the user has it
    except FileNotFoundError:
        raise click.BadParameter(said("A revision is named, but git is not installed.")) from None
    return (done.stdout if "archive" in arguments else done.stdout.strip()) if done.returncode == 0 else None
