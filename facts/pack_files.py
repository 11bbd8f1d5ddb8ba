"""A pack's files as one archive, with those of the packs that it extends."""

from __future__ import annotations

import io
import os
import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path

from engine.yaml12 import YMap, YScalar, read_yaml


def packed(folder: Path) -> bytes:
    """Return a pack's folder, and those of the packs that it extends, as a zip file that names the first folder."""
    folders = list(_with_names(folder.resolve()))
    top = Path(*_common_parts([name for _, name in folders]))
    files = {name / path.relative_to(each): path for each, name in folders for path in each.rglob("*.yaml")}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = folders[0][1].relative_to(top).as_posix().encode()
        for name, path in sorted(files.items()):
            # Without its time, so that equal packs make equal archives.
            archive.writestr(zipfile.ZipInfo(name.relative_to(top).as_posix()), path.read_bytes())
    return content.getvalue()


def unpacked(content: bytes, place: Path) -> Path:
    """Write a packed pack below a place, and return its folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
        return place / archive.comment.decode()


def files_of(content: bytes) -> dict[str, bytes]:
    """Return the files of a packed pack, by their paths as seen from the pack's folder, whatever that is called."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        folder = archive.comment.decode()
        return {posixpath.relpath(name, folder): archive.read(name) for name in archive.namelist()}


def with_bases(folder: Path) -> Iterator[Path]:
    """Yield a pack's folder and those of the packs that it extends."""
    return (each for each, _ in _with_names(folder))


def _with_names(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the same, each with the path by which it is extended: of a symbolic link, that of the link."""
    name = folder
    while True:
        yield folder, name
        manifest = read_yaml(folder / "pack.yaml")
        extends = manifest.get("extends") if isinstance(manifest, YMap) else None
        if not isinstance(extends, YScalar):
            return
        folder, name = (folder / extends.text).resolve(), Path(os.path.normpath(name / extends.text))


def _common_parts(folders: list[Path]) -> list[str]:
    parents = [folder.parent.parts for folder in folders]
    return [parts[0] for parts in zip(*parents, strict=False) if len(set(parts)) == 1]
