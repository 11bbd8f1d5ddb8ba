"""What the last run kept, so that customers of whom nothing was recorded since need not be read and decided anew.

A run keeps the facts that it decided on. While it is the last one, as of the day that is asked about and by the same
rules, they are what would be read from the store, but for customers of whom something was recorded since. A thread
decides them all once, in columns; until it has, and where something differs, customers are decided from the store.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock, Thread

from engine.decision import Decision, PackStamp
from engine.plan import ByCustomer
from engine.plan.columns import ColumnError
from engine.snapshot import CustomerFacts
from facts.batch.kept import kept_run, parts_of
from facts.database import StoreError
from facts.marks import Marks
from facts.runs import published_runs
from facts.store import Store
from wiring import Rules, catalogue_digest

MOST = 200_000
"""Customers of a run up to which it is held in memory: some 3 kB each."""

_LOG = logging.getLogger("valuelift")


@dataclass(frozen=True, slots=True)
class _Of:
    """What decisions depend on besides the facts of a customer: the run, the day and the rules."""

    run: int
    as_of: date
    stamp: PackStamp


@dataclass(frozen=True, slots=True)
class _Held:
    """A run in memory. `entry` is the newest entry of the audit log that it surely knows."""

    of: _Of
    parts: Sequence[ByCustomer] = ()
    entry: int = -1


class LastRun:
    """The last run of a store; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._held: _Held | None = None
        self._loading: Thread | None = None

    def decided(
        self, rules: Rules, as_of: date, marks: Marks, customers: Sequence[str]
    ) -> Mapping[str, tuple[CustomerFacts, Decision]]:
        """Return facts and decisions of those customers of whom the last run knows all that the store does."""
        of = _Of(marks.run, as_of, rules.program.stamp)
        held = self._held
        if held is None or held.of != of:
            self._load(of, rules)
            return {}
        if marks.others > held.entry:
            return {}
        unchanged = [key for key in customers if marks.own.get(key, 0) <= held.entry]
        found = ((key, part.get(key)) for key in unchanged for part in held.parts)
        return {key: each for key, each in found if each is not None}

    def wait(self) -> None:
        """Wait until a run that is being read is held."""
        if self._loading is not None:
            self._loading.join()

    def _load(self, of: _Of, rules: Rules) -> None:
        """Begin to read a run, unless one is being read."""
        with self._lock:
            if self._loading is None or not self._loading.is_alive():
                self._loading = Thread(target=self._hold, args=(of, rules), daemon=True)
                self._loading.start()

    def _hold(self, of: _Of, rules: Rules) -> None:
        held = _Held(of)
        try:
            held = _read(self._store, of, rules)
        except (StoreError, ColumnError) as error:
            _LOG.warning("Run %s is not held in memory: %s", of.run, error)
        finally:
            self._held = held  # without parts, if it cannot be read: nobody tries again


def _read(store: Store, of: _Of, rules: Rules) -> _Held:
    """Return a run in memory, without parts if it cannot stand for the store."""
    run = next((each for each in published_runs(store) if each.number == of.run), None)
    if run is None or run.customers > MOST or run.pack_digest != of.stamp.digest:
        return _Held(of)
    kept = kept_run(store, run, of.as_of, catalogue_digest(rules.pack.vocabulary))
    if kept is None:
        return _Held(of)
    return _Held(of, [ByCustomer(rules.plan, part) for part in parts_of(kept.folder)], kept.entry)
