"""What was read from YAML and checked, kept for the next command in a folder of the user's own.

The files decide: a kept form is read only if it stands under the digest of the files and the code that made it, is as
it was written, and nobody else can have written it. Otherwise it is as if there were none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

KEPT = 16
"""How many forms are kept, those used last: of packs, of texts, and of those before them."""


def digest_of(files: Iterable[Path], *, more: str = "") -> str:
    """Return a SHA-256 (hex) of files with their names, and of a text besides."""
    whole = hashlib.sha256(more.encode())
    for file in sorted(files):
        content = file.read_bytes()
        whole.update(f"\n{file.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def kept(digest: str) -> str | None:
    """Return the form that was kept for what has this digest, or None if there is none to trust."""
    with suppress(OSError):
        folder = cache_folder()
        if folder is not None and _is_ours(folder):
            seal, _, form = (folder / digest).read_bytes().partition(b"\n")
            if seal == _seal(form):
                with suppress(OSError):  # it may be read and not touched
                    os.utime(folder / digest)
                return form.decode()
    return None


def keep(digest: str, form: str) -> None:
    """Keep a form for what has this digest, if the folder can be written to."""
    content = form.encode()
    with suppress(OSError):
        folder = cache_folder()
        if folder is None:
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(_seal(content) + b"\n" + content)
        Path(file.name).replace(folder / digest)  # so that nobody reads half of it
        for old in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)


def cache_folder() -> Path | None:
    """Return the folder: `VALUELIFT_CACHE`, else `valuelift` in the user's cache; None if that is set to nothing."""
    given = os.environ.get("VALUELIFT_CACHE")
    if given is not None:
        return Path(given) if given else None
    caches = os.environ.get("XDG_CACHE_HOME")
    return Path(caches or Path("~/.cache").expanduser()) / "valuelift"


def _is_ours(folder: Path) -> bool:
    """Return whether the folder belongs to this user, and nobody else may write to it."""
    if os.name == "nt":  # there the folder lies in the user's profile
        return True
    found = folder.stat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
