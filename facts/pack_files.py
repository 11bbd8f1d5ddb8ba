"""A pack's files as one archive, with those of the packs that it extends."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from engine.yaml12 import YMap, YScalar, read_yaml


def packed(folder: Path) -> bytes:
    """Return a pack's folder, and those of the packs that it extends, as a zip file that names the first folder."""
    folders = list(with_bases(folder.resolve()))
    top = Path(*_common_parts(folders))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = folders[0].relative_to(top).as_posix().encode()
        for path in sorted(path for each in folders for path in each.rglob("*.yaml")):
            # Without its time, so that equal packs make equal archives.
            archive.writestr(zipfile.ZipInfo(path.relative_to(top).as_posix()), path.read_bytes())
    return content.getvalue()


def unpacked(content: bytes, place: Path) -> Path:
    """Write a packed pack below a place, and return its folder."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(place)
        return place / archive.comment.decode()


def with_bases(folder: Path) -> Iterator[Path]:
    """Yield a pack's folder and those of the packs that it extends."""
    while True:
        yield folder
        manifest = read_yaml(folder / "pack.yaml")
        extends = manifest.get("extends") if isinstance(manifest, YMap) else None
        if not isinstance(extends, YScalar):
            return
        folder = (folder / extends.text).resolve()


def _common_parts(folders: list[Path]) -> list[str]:
    parents = [folder.parent.parts for folder in folders]
    return [parts[0] for parts in zip(*parents, strict=False) if len(set(parts)) == 1]
