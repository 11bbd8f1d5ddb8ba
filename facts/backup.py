"""A store as one file, taken while it is in use and looked through afterwards; and a store made from such a file.

Of SQLite the file is a database of its own, copied by SQLite's backup interface; of PostgreSQL it is an archive that
`pg_dump` makes and `pg_restore` reads. Both see one state of the store, whoever writes to it meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from engine.said import Said, as_given, said
from facts import migrations
from facts.database import BUSY_SECONDS, NOT_FOR_OTHERS, StoreError, connect, is_sqlite, shown, turn
from facts.database_words import Refusal, refusal
from facts.sqlite_files import BEGINS, beside
from facts.store import Store

_UNFINISHED = ".unfinished"
_ARCHIVE = b"PGDMP"


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that a store was written into, its size in bytes, and the revision of the store's tables."""

    file: Path
    size: int
    revision: str | None


def back_up(store: Store, file: Path, *, overwrite: bool = False) -> Backup:
    """Write a store into a file and look through that file; it takes its place only when it is whole.

    Args:
        store: may be in use.
        file: where to.
        overwrite: replace a file that is there.

    Raises:
        StoreError: if there is such a file, the store cannot be read, a program is missing, or the copy is damaged.
        OSError: if there can be no such file; it names that file.
    """
    if file.exists() and not overwrite:
        raise StoreError(
            said("{file} was not written", file=file),
            said("the file exists"),
            said("Give another name, or --overwrite to replace it."),
        )
    if file.exists() and not file.is_file():
        raise _not_ordinary(said("{file} was not written", file=file))
    if is_sqlite(store.url) and file.resolve() in _files_of(store.url):
        raise StoreError(
            said("{file} was not written", file=file), said("it is the store itself"), said("Give another name.")
        )
    # Whatever is in it, nobody else is to read it: it holds who may log in.
    with _made(file.resolve(), 0o600) as unfinished:
        if is_sqlite(store.url):
            _copy_sqlite(store.url, unfinished)
        else:
            _dump(store.url, unfinished)
        revision = _sound(unfinished, file)
    return Backup(file, file.stat().st_size, revision)


def _sound(unfinished: Path, file: Path) -> str | None:
    """Look through what was written of a file to be, which alone is known to whoever reads what is wrong."""
    try:
        return looked_through(unfinished)
    except StoreError as error:
        hint = said("Run `valuelift doctor`, and check the disk.")
        raise StoreError(
            said("{file} was not written", file=file), said("what was copied is damaged: {why}", why=error.why), hint
        ) from None


@contextmanager
def _made(file: Path, mode: int) -> Iterator[Path]:
    """Give a new, empty file with these rights (less those of the umask), which becomes `file` once it is written.

    If it is not, nothing stays of it.

    Raises:
        OSError: if there can be none; it names the file that is to be written, which whoever reads it knows.
    """
    unfinished = file.with_name(file.name + _UNFINISHED)
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL, mode))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
    try:
        yield unfinished
        _written(unfinished)
    except BaseException:
        for each in (unfinished, *beside(unfinished)):
            each.unlink(missing_ok=True)
        raise
    unfinished.replace(file)


def restore(file: Path, url: URL, *, overwrite: bool = False) -> Backup:
    """Make a store from a backup, all or nothing.

    Args:
        file: the backup.
        url: the store to make.
        overwrite: replace what that store holds; it may be in use, its users then see what the backup holds.

    Raises:
        StoreError: if the file is no whole backup of such a store, or there is a store and it is not to be overwritten.
    """
    if is_sqlite(url) and file.resolve() in _files_of(url):
        raise StoreError(
            said("{file} was not restored", file=file),
            said("it is the store itself"),
            said("Give a backup, or another store by --db."),
        )
    kind = _kind(file)
    if (kind == BEGINS) != is_sqlite(url):
        names = said("an SQLite store"), said("a PostgreSQL store")
        is_file, wanted = names if kind == BEGINS else reversed(names)
        raise StoreError(
            said("{file} was not restored", file=file),
            said("it is a backup of {found}, and {store} is {wanted}", found=is_file, store=shown(url), wanted=wanted),
            said("Give a store of that kind by --db."),
        )
    revision = looked_through(file)
    if revision is not None and revision not in migrations.known_revisions():
        why = said("a newer version of Valuelift made it (revision {revision})", revision=revision)
        raise StoreError(said("{file} was not restored", file=file), why, said("Install that version."))
    (_restore_sqlite if is_sqlite(url) else _restore_archive)(file, url, overwrite)
    return Backup(file, file.stat().st_size, revision)


def looked_through(file: Path) -> str | None:
    """Read a backup from begin to end, and return the revision of its tables (None: an archive does not tell).

    Raises:
        StoreError: if it is damaged or no backup of a store.
    """
    if _kind(file) == _ARCHIVE:
        listed = _called("pg_restore", "--list", str(file), hint=_DAMAGED).decode()
        if " alembic_version " not in listed:
            raise _no_backup(file)
        _called("pg_restore", "--file", os.devnull, str(file), hint=_DAMAGED)
        return None
    with _refused(file), closing(_read_only(file)) as connection:
        damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone():
            why = said("it has rows that name rows which are not there")
            if damage != "ok":
                why = said("SQLite says: {words}", words=damage.splitlines()[-1])
            raise StoreError(said("{file} is damaged", file=file), why, said("Give another backup."))
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            raise _no_backup(file)
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _kind(file: Path) -> bytes:
    if not file.is_file():
        raise _not_ordinary(said("{file} was not read", file=file))
    with file.open("rb") as opened:
        begin = opened.read(len(BEGINS))
    for kind in (BEGINS, _ARCHIVE):
        if begin.startswith(kind):
            return kind
    raise _no_backup(file)


def _not_ordinary(what: Said) -> StoreError:
    """Return what to say of a pipe or a device: to open one may last for ever, and replaced it would be lost."""
    return StoreError(what, said("it is no ordinary file"), said("Give the name of one."))


def _no_backup(file: Path) -> StoreError:
    return StoreError(
        said("{file} is no backup of a store", file=file),
        said("it holds something else"),
        said("Give a file that `valuelift backup` wrote."),
    )


def _written(file: Path) -> None:
    """Wait until a file is on the disk."""
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


# --- SQLite ---


def _copy_sqlite(url: URL, file: Path) -> None:
    """Copy in one step: then SQLite lets others read and write, and yet copies one state."""
    path = str(url.database)
    with turn(url), _refused(Path(path)), closing(_opened(path)) as source, closing(sqlite3.connect(file)) as copy:
        source.execute("SELECT 1 FROM sqlite_master").fetchall()  # what is wrong from here on is wrong with the copy
        with _refused(file.with_name(file.name.removesuffix(_UNFINISHED))):
            _copied(source, copy)
            # A file that stands alone: with a write-ahead log even readers would write beside it.
            copy.execute("PRAGMA journal_mode = DELETE")


def _copied(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Copy a database in one step; Python would try again for ever where somebody holds a lock.

    Raises:
        sqlite3.OperationalError: if somebody holds it for longer than `BUSY_SECONDS`.
    """
    until = time.monotonic() + BUSY_SECONDS

    def tried(status: int, _remaining: int, _pages: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")

    source.backup(copy, progress=tried)


def _files_of(url: URL) -> list[Path]:
    """Return the file of an SQLite store, and those that SQLite keeps beside it."""
    place = Path(str(url.database)).resolve()
    return [place, *beside(place)]


def _restore_sqlite(file: Path, url: URL, overwrite: bool) -> None:
    place = Path(str(url.database))
    if place.exists() and not overwrite:
        raise _exists(url)
    if not place.exists():
        with _made(place, NOT_FOR_OTHERS) as unfinished, _refused(place):
            _fill(file, unfinished)
        return
    with turn(url), _refused(place):
        _fill(file, place)


def _fill(file: Path, place: Path) -> None:
    """Make the content of a database that of a file, in one transaction."""
    with closing(_read_only(file)) as source, closing(_opened(str(place))) as target:
        _copied(source, target)
        target.execute("PRAGMA journal_mode = WAL")


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)


def _opened(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS)


@contextmanager
def _refused(file: Path) -> Iterator[None]:
    """Turn what SQLite raises into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        otherwise = Refusal(
            said("SQLite says: {words}", words=error), said("Check the file, the disk and who uses it.")
        )
        meant = refusal(str(error), None) or otherwise
        raise StoreError(said("{file} cannot be used", file=file), meant.why, meant.hint) from None


def _exists(url: URL) -> StoreError:
    return StoreError(
        said("{file} was not written", file=shown(url)), said("there is a store already"),
        said("Give another place by --db, or --overwrite to replace it (take a backup first)."),
    )  # fmt: skip


# --- PostgreSQL ---


def _dump(url: URL, file: Path) -> None:
    _called("pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", str(file), url=url)


def _restore_archive(file: Path, url: URL, overwrite: bool) -> None:
    store = Store(url, connect(url))
    is_there = store.revision() is not None
    store.close()
    if is_there and not overwrite:
        raise _exists(url)
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", "--clean", "--if-exists")
    _called("pg_restore", *options, str(file), url=url)


_TOO_OLD = said("Check the store, and that the program is not older than the server.")
_DAMAGED = said(
    "The file is damaged, or the program older than the one that wrote it: give another backup, or install that."
)


def _called(program: str, *arguments: str, url: URL | None = None, hint: Said = _TOO_OLD) -> bytes:
    """Call a program of PostgreSQL; the password goes through the environment, where others do not see it.

    Raises:
        StoreError: if there is no such program, or it fails.
    """
    if shutil.which(program) is None:
        raise StoreError(
            said("{program} is missing", program=program), said("it comes with PostgreSQL's client programs"),
            said("Install those of the server's version, such as postgresql-client."),
        )  # fmt: skip
    environment = dict(os.environ)
    address: list[str] = []
    if url is not None:
        environment |= {"PGPASSWORD": str(url.password)} if url.password else {}
        address = ["--dbname", url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)]
    done = subprocess.run([program, *address, *arguments], env=environment, capture_output=True)  # noqa: S603 - no shell
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().partition("\n")[0].removesuffix(".")
        meant = refusal(words, None) or Refusal(as_given(words), hint)
        raise StoreError(said("{program} failed", program=program), meant.why, meant.hint)
    return done.stdout
