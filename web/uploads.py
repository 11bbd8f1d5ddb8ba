"""Uploaded packs: a zip file or several YAML files, of bounded size, read so that no name leads out of its folder."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import ProblemsError
from engine.yaml12 import YMap, YScalar, read_yaml
from facts.pack_files import packed, with_bases
from wiring import shipped_pack

LARGEST_UPLOAD = 2 * 2**20
"""Bytes that an upload may send."""

LARGEST_PACK = 8 * 2**20
"""Bytes that the files of a pack may have together, unpacked."""

LARGEST_MANIFEST = 64 * 2**10
MOST_FILES, DEEPEST, LONGEST = 300, 6, 200
MOST_BASES = 8
MANIFEST = "pack.yaml"


class UploadError(ValueError):
    """Raised for an upload that is no pack; names the text that says why."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A pack as it was uploaded: how it calls itself, and its files, packed."""

    name: str
    version: str
    content: bytes


def read_upload(files: Sequence[tuple[str, bytes]]) -> Uploaded:
    """Return the pack that was uploaded, with the shipped one that it extends if it did not bring that along.

    Args:
        files: names and contents: one zip file, or the YAML files of a folder.

    Raises:
        UploadError: if that is no pack, is too large, or has a name that leads out of its folder.
    """
    is_zip = len(files) == 1 and files[0][0].lower().endswith(".zip")
    found = dict(_members(files[0][1]) if is_zip else _given(files))
    tops = sorted((name for name in found if name.name == MANIFEST), key=lambda name: (len(name.parts), str(name)))
    if not tops:
        raise UploadError("upload_no_pack")
    top = tops[0].parent
    if is_zip and (named := _comment(files[0][1])) and named / MANIFEST in found:
        top = named
    if all(name.is_relative_to(top) for name in found):  # alone, a pack is the same whatever its folder was called
        found, top = {name.relative_to(top): content for name, content in found.items()}, PurePosixPath()
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place:
        inside = Path(place).resolve() / "upload" / "pack"  # so that `extends` may lead up to a sibling
        for name, content in found.items():
            path = inside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        folder = inside / top
        try:
            _with_bases(folder, Path(place).resolve())
            return Uploaded(*_called(folder), packed(folder))
        except ProblemsError:
            raise UploadError("upload_no_manifest") from None


# --- files ---


def _given(files: Sequence[tuple[str, bytes]]) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield files that were chosen one by one; those of cases are put where cases belong."""
    if len(files) > MOST_FILES or sum(len(content) for _, content in files) > LARGEST_PACK:
        raise UploadError("upload_too_large")
    seen: set[PurePosixPath] = set()
    for given, content in files:
        name = _safe(given)
        if name is None:
            raise UploadError("upload_not_yaml")
        is_case = len(name.parts) == 1 and re.search(rb"^cases:", content, re.MULTILINE)
        name = PurePosixPath("cases") / name if is_case else name
        if name in seen:
            raise UploadError("upload_twice")
        seen.add(name)
        yield name, content


def _members(content: bytes) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the YAML files of a zip file, whatever it says about their sizes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_FILES:
                raise UploadError("upload_too_large")
            left = LARGEST_PACK
            seen: set[PurePosixPath] = set()
            for member in members:
                name = _safe(member.filename)
                if name is None:
                    continue
                if name in seen:
                    raise UploadError("upload_twice")
                seen.add(name)
                with archive.open(member) as file:
                    text = file.read(left + 1)
                left -= len(text)
                if left < 0:
                    raise UploadError("upload_too_large")
                yield name, text
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, UploadError):
            raise
        raise UploadError("upload_no_zip") from None


def _safe(given: str) -> PurePosixPath | None:
    """Return a name within a folder; None for what is no YAML file, or is there for the system that packed it.

    Raises:
        UploadError: if it leads out of its folder, or no folder could have it.
    """
    name = PurePosixPath(given)
    if len(given) > LONGEST or not given.isprintable() or set(given) & set('\\:*?"<>|'):
        raise UploadError("upload_unsafe")
    if name.is_absolute() or ".." in name.parts or len(name.parts) > DEEPEST:
        raise UploadError("upload_unsafe")
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return None if given.endswith("/") or is_hidden or name.suffix != ".yaml" else name


def _comment(content: bytes) -> PurePosixPath | None:
    """Return the folder that a zip file made by a store names."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        said = archive.comment.decode(errors="replace")
    return PurePosixPath(said) if said.isprintable() and ".." not in said and not said.startswith("/") else None


# --- packs ---


def _with_bases(folder: Path, place: Path) -> None:
    """Put the shipped pack where it is extended and missing; refuse what leads out of the place."""
    for number, base in enumerate(with_bases(folder)):
        if number > MOST_BASES or not base.is_relative_to(place):
            raise UploadError("upload_unsafe")
        shipped = shipped_pack()
        if not base.exists() and base.name == shipped.name:
            for path in shipped.rglob("*.yaml"):
                target = base / path.relative_to(shipped)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        if not (base / MANIFEST).is_file():
            raise UploadError("upload_no_base")
        if (base / MANIFEST).stat().st_size > LARGEST_MANIFEST:
            raise UploadError("upload_too_large")


def _called(folder: Path) -> tuple[str, str]:
    """Return the name and version that a manifest gives."""
    manifest = read_yaml(folder / MANIFEST, MANIFEST)
    given = [manifest.get(key) if isinstance(manifest, YMap) else None for key in ("pack", "version")]
    name, version = (node.text[:64] if isinstance(node, YScalar) else "?" for node in given)
    return name, version
