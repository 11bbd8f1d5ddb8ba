"""What all requests share: the store, the rules in use, and decisions that still stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from common.advised_since import Since, advised_since
from common.book import Book
from engine.cases import load_cases
from engine.coverage import fired_in
from engine.load.uses import uses_of_parameters
from engine.portrait import Gallery
from facts.audit import last_entry
from facts.cards import cards
from facts.marks import Marks
from facts.marks import marks as marks_of
from facts.packs import active_digest
from facts.runs import firing_in, newest_run, published_runs
from facts.snapshot_checks import MisfitsError
from facts.store import Store
from web.last_run import LastRun
from web.webhook import Hook, Teller
from web.work import PathAsked
from web.workers import Workers
from wiring import Decided, Desk, Portfolio, Rules, pack_in_use, rules_in_use
from wiring.judging import judge

MOST_KEPT = 5_000
"""Decisions that are kept in memory."""

MOST_VIEWS = 1_000
"""Customers' pages that are kept in memory, each in one language."""

MOST_PORTFOLIOS = 4
"""Portfolios that are kept in memory: each holds where every customer stands."""

SECONDS = 30.0
"""How long a request may think in a process of its own."""

FEW = 3
"""Up to so many customers it is quicker to read each by itself than to read the whole base."""


class Views:
    """Keeps what was put together last for customers' pages; threads may share it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], object] = {}
        self._lock = Lock()

    def get(self, key: tuple[str, str]) -> object | None:
        """Return what is kept for a customer in a language, or None."""
        return self._kept.get(key)

    def put(self, key: tuple[str, str], view: object) -> None:
        """Keep a view, and let go of the oldest where there are too many."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = view
            while len(self._kept) > MOST_VIEWS:
                del self._kept[next(iter(self._kept))]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a store is served: on a fixed day (None: today), by the rules in a folder, behind HTTPS or not.

    `requests` is how many a token may make in a minute, `hook` who is told what was recorded.
    """

    as_of: date | None = None
    pack: Path | None = None
    https: bool = False
    requests: int = 600
    hook: Hook | None = None


class Site:
    """A store with its rules. Customers are decided in columns: what crashes durable-rules cannot crash the server."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        settings_of_store = store.settings()
        self._zone = ZoneInfo(settings_of_store["time_zone"])
        self.currency = settings_of_store["base_currency"]
        self._lock = Lock()
        self._rules: tuple[str | None, Rules] | None = None
        self.workers = Workers(SECONDS)
        self.teller: Teller | None = None
        self.views = Views()
        self.last_run = LastRun(store)
        self._kept: dict[str, tuple[Any, Decided]] = {}
        self._portfolios: dict[Any, Portfolio] = {}
        self._books: dict[tuple[Any, str], Gallery] = {}

    def today(self) -> date:
        """Return the day on which is decided and recorded."""
        return self.settings.as_of or datetime.now(self._zone).date()

    def rules(self) -> Rules:
        """Return the rules in use; they are loaded anew when others are put to use."""
        return self._rules_of(active_digest(self.store))

    def _rules_of(self, active: str | None) -> Rules:
        digest = None if self.settings.pack else active
        with self._lock:
            if self._rules is None or self._rules[0] != digest:
                self._rules = (digest, rules_in_use(self.store, self.settings.pack))
            return self._rules[1]

    def desk(self, known_at: datetime | None = None) -> Desk:
        """Return a desk to decide at, now or as was known at a moment."""
        return Desk(self.store, self.rules(), self.today(), known_at, in_columns=True)

    def path_asked(self, customer: str, about: str, named: str, seconds: float) -> PathAsked:
        """Return the question for paths, each looked for so long, as a process of its own needs it."""
        url = self.store.url.render_as_string(hide_password=False)
        return PathAsked(url, self.settings.pack, self.today(), customer, about, named, seconds)

    def prepare(self) -> None:
        """Load the rules, and begin to read what the last run kept.

        Raises:
            ProblemsError: with everything that is wrong with the rules.
        """
        desk = self.desk()
        self._by_last_run(desk, marks_of(self.store, ()), ())

    def tell(self, number: int | None) -> None:
        """Let an entry of the audit log be told to whoever wants to know."""
        if self.teller is not None and number is not None:
            self.teller.tell(number)

    def close(self) -> None:
        """Tell what is still to be told."""
        if self.teller is not None:
            self.teller.close()

    def decided(self, customers: Sequence[str]) -> dict[str, Decided]:
        """Return the decisions on customers, made anew where something was recorded since the last time.

        Raises:
            MisfitsError: if one of them cannot be decided.
        """
        return self.decided_by(customers)[1]

    def decided_if_fit(self, customers: Sequence[str]) -> dict[str, Decided]:
        """Return the same (see `decided`) of those that can be decided: one bad record does not hide all others."""
        return self._decided(customers, if_fit=True)[1]

    def decided_by(self, customers: Sequence[str]) -> tuple[Rules, dict[str, Decided]]:
        """Return the same (see `decided`) with the rules that decided."""
        return self._decided(customers)

    def _decided(self, customers: Sequence[str], *, if_fit: bool = False) -> tuple[Rules, dict[str, Decided]]:
        now_stands = marks_of(self.store, customers)
        desk = Desk(self.store, self._rules_of(now_stands.pack), self.today(), in_columns=True)
        marks = {key: (desk.as_of, desk.rules.program.stamp, now_stands.of(key)) for key in customers}
        found = {key: kept[1] for key in customers if (kept := self._kept.get(key)) and kept[0] == marks[key]}
        stale = [key for key in customers if key not in found]
        fresh = self._by_last_run(desk, now_stands, stale) if stale else {}
        rest = [key for key in stale if key not in fresh]
        is_much = if_fit and len(rest) > FEW
        anew = desk.decide_many(rest) if is_much else list(_one_by_one(desk, rest, if_fit=if_fit))
        with self._lock:
            for each in [*fresh.values(), *anew]:
                key = each.facts.customer
                found[key] = each
                self._kept.pop(key, None)
                self._kept[key] = (marks.get(key), each)
            for key in list(self._kept)[: max(0, len(self._kept) - MOST_KEPT)]:
                del self._kept[key]
        return desk.rules, found

    def _by_last_run(self, desk: Desk, marks: Marks, customers: Sequence[str]) -> dict[str, Decided]:
        """Return those decisions that the facts of the last run lead to as well."""
        found = self.last_run.decided(desk.rules, desk.as_of, marks, customers)
        who = cards(self.store, found, desk.as_of) if found else {}
        return {key: Decided(who[key], *each) for key, each in found.items() if key in who}

    def advised_since(self, customers: Sequence[str]) -> Since:
        """Return what says since when actions have been advised to customers.

        Raises:
            StoreError: if the database cannot be read.
        """
        return advised_since(self.store, self.rules(), customers, self.today(), None)

    def book(self, language: str) -> Book:
        """Return the rule book of the rules in use, with how often each fired in the newest run of these rules."""
        rules = self.rules()
        runs = [run for run in published_runs(self.store) if run.pack_digest == rules.program.stamp.digest]
        run = runs[-1] if runs else None
        mark = (rules.program.stamp, language)
        gallery = self._books.get(mark) or self._gallery(rules, language)
        with self._lock:
            self._books = {**{at: kept for at, kept in self._books.items() if at[0] == mark[0]}, mark: gallery}
        counts = None if run is None else firing_in(self.store, run.number)
        return Book(gallery, counts, self.today() if run is None else run.as_of)

    def _gallery(self, rules: Rules, language: str) -> Gallery:
        with pack_in_use(self.store) as used:
            folder = self.settings.pack or used
            cases = load_cases(folder, rules.pack)
            return Gallery(
                rules.pack, language, cases, cache(lambda: fired_in(rules.program, cases)), uses_of_parameters(folder)
            )

    def portfolio(self, since: date, manager: str | None, region: str | None) -> Portfolio:
        """Return the whole base judged against an earlier date, made anew where anything was recorded.

        Raises:
            StoreError: if there are no customers, or the pack does not name its limits.
        """
        desk = self.desk()
        run, last = newest_run(self.store), last_entry(self.store)
        mark = (desk.as_of, desk.rules.program.stamp, run, last, since, manager, region)
        found = self._portfolios.get(mark) or judge(desk, since, manager=manager, region=region)
        with self._lock:
            self._portfolios[mark] = found
            for old in list(self._portfolios)[: max(0, len(self._portfolios) - MOST_PORTFOLIOS)]:
                del self._portfolios[old]
        return found


def _one_by_one(desk: Desk, customers: Iterable[str], *, if_fit: bool) -> Iterator[Decided]:
    """Yield the decisions on customers, or on those that can be decided."""
    for key in customers:
        try:
            yield desk.decide(key)
        except MisfitsError:
            if not if_fit:
                raise


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)
