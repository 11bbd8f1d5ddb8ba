"""What an operator has to know before the next batch: whether it would find everything that it needs."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from sqlalchemy import select

from engine.errors import Problem, ProblemsError, did_you_mean
from engine.said import Said, said
from facts.batch.ledger import Ledger, runs_folder
from facts.batch.register import Entry, entries
from facts.columns import Words
from facts.database import StoreError, database_url, is_sqlite, shown
from facts.demo.build import STORYTELLER
from facts.ended import Gaps, gaps
from facts.faulty_rows import LATE, WORD, faulty_rows
from facts.store import SCHEMA_REVISION, Store
from facts.tables import customers
from facts.unconvertible import unconvertible
from wiring import Rules, catalogue_digest, rules_in_use, shipped_rules

VARIABLES = (
    "VALUELIFT_DB", "VALUELIFT_RUNS", "VALUELIFT_CACHE", "VALUELIFT_LANG", "VALUELIFT_DEBUG",
    "VALUELIFT_WEBHOOK_SECRET",
)  # fmt: skip
_OF_TESTS = "VALUELIFT_TEST_"

SPARE = 1 << 30
"""Bytes that have to be free besides what another run like the last one takes."""


class State(StrEnum):
    """How bad a finding is. A warning may be meant so; a problem is in the way of the next batch, or made it fail."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: the check, the name of what is to be said, and the values to fill in.

    `do` names what to do about it, if that is not told by the name alone.
    """

    check: str
    state: State
    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    do: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What is examined: the store at a path or URL, the folder of its runs, the rules in a folder, what age is old."""

    db: str | None
    out: Path | None
    pack: Path | None
    max_age: timedelta

    def findings(self) -> list[Finding]:
        """Return what every check finds. Nothing is changed; what cannot be looked at for a reason told is left out."""
        found = [*self._configuration(), *_versions()]
        try:
            store = Store.as_it_is(self.db)
        except StoreError as error:
            return [*found, _refused("store", error)]
        try:
            return [*found, *self._of_store(store)]
        finally:
            store.close()

    def _of_store(self, store: Store) -> Iterator[Finding]:
        try:
            revision = store.revision()
        except StoreError as error:
            yield _refused("store", error)
            return
        where = {"store": shown(store.url)}
        if revision is None:
            yield Finding("store", State.PROBLEM, "store_empty", where)
            return
        yield Finding("store", State.FINE, "store_fine", {**where, "server": _server(store)})
        if revision != SCHEMA_REVISION:
            name = "schema_newer" if revision > SCHEMA_REVISION else "schema_pending"
            yield Finding("schema", State.PROBLEM, name, {"revision": revision, "wanted": SCHEMA_REVISION})
            return
        yield Finding("schema", State.FINE, "schema_fine", {"revision": revision})
        damage = _damage(store)
        if damage is not None:
            yield Finding("integrity", State.PROBLEM, "integrity_broken", {"said": damage})
            return
        yield from _apart(store)
        yield from self._settings(store)
        rules = self._loaded(store)
        yield from _facts(store, {} if isinstance(rules, Problem) else rules.pack.vocabulary.words())
        root = self.out or runs_folder(store.url)
        if (wrong := _no_folder(root)) is not None:
            yield wrong
            return
        known = entries(Ledger(root.resolve()), store)
        yield from self._disk(store, root, known)
        yield from self._rules(rules, known)
        if isinstance(rules, Rules):
            yield from _talk(store, rules)
        yield from self._runs(known)

    # --- each check ---

    def _configuration(self) -> Iterator[Finding]:
        given = {name: value for name, value in os.environ.items() if name.startswith("VALUELIFT_")}
        for name in sorted(given):
            if name not in VARIABLES and not name.startswith(_OF_TESTS):
                hint = did_you_mean(name, VARIABLES)
                yield Finding("configuration", State.WARNING, "variable_unknown", {"variable": name, "hint": hint})
        language = given.get("VALUELIFT_LANG", "en")
        if not language.lower().startswith(("en", "zh")):
            yield Finding("configuration", State.WARNING, "language_unknown", {"language": language})
        runs = given.get("VALUELIFT_RUNS")
        if runs is not None and not Path(runs).is_dir():
            yield Finding("configuration", State.PROBLEM, "runs_missing", {"folder": runs})
        source = "--db" if self.db else "VALUELIFT_DB" if "VALUELIFT_DB" in given else "default"
        try:
            url = database_url(self.db)
        except StoreError:
            return  # told where the store is looked at
        yield Finding("configuration", State.FINE, "configuration_fine", {"store": shown(url), "source": source})

    def _settings(self, store: Store) -> Iterator[Finding]:
        settings = store.settings()
        missing = [name for name in ("base_currency", "time_zone") if not settings.get(name)]
        if missing:
            yield Finding("settings", State.PROBLEM, "settings_missing", {"missing": ", ".join(missing)})
            return
        yield Finding("settings", State.FINE, "settings_fine", settings)

    def _disk(self, store: Store, root: Path, known: Sequence[Entry]) -> Iterator[Finding]:
        last = next((entry.folder for entry in known if entry.folder and entry.state == "published"), None)
        needed = SPARE + (_size(last) if last else 0)
        places = [_there(root)] + ([Path(str(store.url.database)).resolve().parent] if is_sqlite(store.url) else [])
        for place in {place.stat().st_dev: place for place in places}.values():
            free = shutil.disk_usage(place).free
            values = {"place": place, "free": _gib(free), "needed": _gib(needed)}
            state = State.FINE if free >= needed else State.PROBLEM
            yield Finding("disk", state, "disk_fine" if free >= needed else "disk_short", values)
        files = [Path(str(store.url.database))] if is_sqlite(store.url) else []
        for place in dict.fromkeys([*places, *files]):
            if not os.access(place, os.W_OK):
                yield Finding("disk", State.PROBLEM, "not_writable", {"place": place})

    def _loaded(self, store: Store) -> Rules | Problem:
        """Return the rules in use, or the first of their problems."""
        try:
            return rules_in_use(store, self.pack)
        except ProblemsError as error:
            return error.problems[0]

    def _rules(self, rules: Rules | Problem, known: Sequence[Entry]) -> Iterator[Finding]:
        if isinstance(rules, Problem):
            yield Finding("rules", State.PROBLEM, "rules_broken", {"problem": _told(rules)})
            return
        stamp = rules.program.stamp
        last = next((entry for entry in known if entry.state == "published"), None)
        said = {"pack": f"{stamp.name} {stamp.version}", "digest": stamp.digest[:16]}
        if last is None:
            yield Finding("rules", State.FINE, "rules_fine", said)
            return
        if last.pack_digest == stamp.digest:
            yield Finding("rules", State.FINE, "rules_fine", said)
        else:
            decided = {"run": last.run, "by": f"{last.pack} {last.pack_version}", "by_digest": last.pack_digest[:16]}
            yield Finding("rules", State.PROBLEM, "rules_differ", {**said, **decided})
        digest = catalogue_digest(rules.pack.vocabulary)
        if last.catalogue_digest == digest:
            yield Finding("catalogue", State.FINE, "catalogue_fine", {"digest": last.catalogue_digest[:16]})
        else:
            values = {"run": last.run, "by_digest": last.catalogue_digest[:16], "digest": digest[:16]}
            yield Finding("catalogue", State.PROBLEM, "catalogue_differs", values)

    def _runs(self, known: Sequence[Entry]) -> Iterator[Finding]:
        now = datetime.now(UTC)
        last = next((entry for entry in known if entry.state == "published" and entry.at), None)
        if last is None or last.at is None:
            yield Finding("runs", State.PROBLEM, "runs_none")
        else:
            hours = int((now - last.at) / timedelta(hours=1))
            values = {
                "run": last.run,
                "date": last.as_of,
                "hours": hours,
                "most": int(self.max_age.total_seconds() // 3600),
            }
            is_old = now - last.at > self.max_age
            yield Finding(
                "runs", State.PROBLEM if is_old else State.FINE, "runs_old" if is_old else "runs_fine", values
            )
            if last.folder is None:
                yield Finding("runs", State.WARNING, "runs_gone", {"run": last.run})
        given_up = [entry.run for entry in known if entry.state != "published"]
        if given_up:
            yield Finding("runs", State.WARNING, "runs_unfinished", {"runs": ", ".join(given_up)})


def _told(problem: Problem) -> Said:
    """Return a problem as its `str` says it, to be told in other languages too."""
    values = {"place": problem.location, "message": problem.message, "hint": problem.hint, "code": problem.code}
    if problem.hint:
        return said("{place}: {message} {hint} [{code}]", **values)
    return said("{place}: {message} [{code}]", place=problem.location, message=problem.message, code=problem.code)


def _facts(store: Store, words: Words) -> Iterator[Finding]:
    """Look for rows that older versions took and that no version takes any more."""
    found, unknown, recorded = faulty_rows(store, words), unconvertible(store), gaps(store, store.today())
    if recorded.last is not None:
        yield Finding("facts", State.WARNING, "facts_ended", {"ended": recorded.ended, "last": recorded.last})
    if recorded.unsettled is not None:
        yield Finding("facts", State.WARNING, "facts_unsettled", asdict(recorded.unsettled))
    for amounts in unknown:
        values = {**asdict(amounts), "number": amounts.rows}
        yield Finding("facts", State.WARNING, "facts_unconvertible", values, "facts_unconvertible_do")
    for broken in recorded.broken:
        values = {**asdict(broken), "since": broken.last + timedelta(days=1)}
        yield Finding("facts", State.WARNING, "facts_broken", values)
    if not found and not unknown and recorded == Gaps():
        yield Finding("facts", State.FINE, "facts_fine")
    for each in found:
        # No decision sees what is still to come; with the others a batch may fail.
        state = State.WARNING if each.fault == LATE else State.PROBLEM
        correct = "correct_word" if each.fault == WORD else "correct"
        way = "undo" if each.entry is not None else correct if each.is_correctable else "restore"
        says = ", ".join(f"{name} {value}" for name, value in each.says)
        values = {"table": each.table, "number": each.rows, "key": each.key, "says": says, "source": each.source}
        yield Finding("facts", state, f"facts_{each.fault}", {**values, "entry": each.entry}, f"facts_{way}_do")


def _talk(store: Store, rules: Rules) -> Iterator[Finding]:
    """Say that proofs are told to real customers which are those of the demo's invented company."""
    invented, own = (talk.evidence if (talk := each.pack.talk) else {} for each in (shipped_rules(), rules))
    shared = [name for name, proof in own.items() if name in invented and proof.text == invented[name].text]
    real = select(customers.c.id).where(customers.c.retracted_at.is_(None), customers.c.entered_by != STORYTELLER)
    with store.reading() as connection:
        is_real = connection.scalar(real.limit(1)) is not None
    if shared and is_real:
        yield Finding("talk", State.WARNING, "talk_invented", {"number": len(shared), "of": len(own)})


def _server(store: Store) -> str:
    """Return which database it is, with its version."""
    if is_sqlite(store.url):
        return f"SQLite {sqlite3.sqlite_version}"
    with store.reading() as connection:
        return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar()}"


def _damage(store: Store) -> str | None:
    """Return what SQLite finds wrong with its file, None if nothing; a server looks after its own files."""
    if not is_sqlite(store.url):
        return None
    try:
        with store.reading() as connection:
            said = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except StoreError as error:
        return error.why
    return None if said == "ok" else said


def _apart(store: Store) -> Iterator[Finding]:
    """Find rows of SQLite that name rows which are not there: it keeps them out, but not what others do to the file."""
    if not is_sqlite(store.url):
        return
    with store.reading() as connection:
        found = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    for (table, other), number in Counter((row[0], row[2]) for row in found).items():
        yield Finding("integrity", State.PROBLEM, "rows_apart", {"table": table, "other": other, "number": number})


def _no_folder(root: Path) -> Finding | None:
    """Say what is wrong with a folder of runs that is there and cannot be one; None if nothing is."""
    try:
        if root.is_dir():
            next(root.iterdir(), None)
        elif os.path.lexists(root):
            return Finding("runs", State.PROBLEM, "runs_no_folder", {"place": root})
    except OSError as error:
        return Finding("runs", State.PROBLEM, "not_readable", {"place": root, "why": error.strerror})
    return None


def _versions() -> Iterator[Finding]:
    """Say which versions are at work, and which library is missing."""
    try:
        own = version("valuelift")
        wanted = [text for text in requires("valuelift") or () if "extra ==" not in text]
    except PackageNotFoundError:
        yield Finding("versions", State.PROBLEM, "not_installed")
        return
    names = [_name(text) for text in wanted]
    missing = [name for name in names if _installed(name) is None]
    if missing:
        yield Finding("versions", State.PROBLEM, "library_missing", {"missing": ", ".join(missing)})
    shown_ones = [f"{name} {_installed(name)}" for name in ("duckdb", "pyarrow", "SQLAlchemy") if _installed(name)]
    values = {"own": own, "python": platform.python_version()}
    yield Finding("versions", State.FINE, "versions_fine", {**values, "libraries": ", ".join(shown_ones)})


def _name(requirement: str) -> str:
    """Return the name with which a requirement begins."""
    end = next((place for place, sign in enumerate(requirement) if not (sign.isalnum() or sign in "-_.")), None)
    return requirement[:end]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _refused(check: str, error: StoreError) -> Finding:
    return Finding(check, State.PROBLEM, "refused", {"what": error.what, "why": error.why, "hint": error.hint})


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _there(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next(place for place in (folder.resolve(), *folder.resolve().parents) if place.is_dir())


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
