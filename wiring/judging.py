"""The whole base judged at a date against an earlier one: where everybody stands, and the figures over it.

What the store knows is written into files once, and everybody is decided part by part, as by a batch: memory is that of
two parts, one for each date, or of what DuckDB may take for a look at everybody, and of a line for each customer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from engine.said import as_given, said
from engine.snapshot import Snapshot
from facts.batch.files import plain
from facts.batch.folder import FactsFolder, Part
from facts.batch.pipeline import PART, Job, in_threads, part_size
from facts.batch.run_folder import RunFolder
from facts.batch.spool_both import spool_both
from facts.card import CARD
from facts.database import StoreError
from facts.feature_database import open_database, prepare
from facts.features import prepared
from facts.figures import Limits, figure_columns, figures_in, ideal_customers_in
from facts.look_alikes import LOOKED_AT
from wiring.desk import Desk
from wiring.portfolio import Portfolio
from wiring.rules import LIMITS, Progress, Rules

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CARD = (*CARD, "country", "industry", "acquisition_source")

_KNOWN_BY = ("abc_class", "contribution", "days_in_stage")
"""The facts of customers that the figures rest on, besides what is decided."""

STALLED = "stalled"
"""The sign that a customer's progress has stalled, among those that the pack shows."""


def judge(
    desk: Desk,
    since: date,
    *,
    manager: str | None = None,
    region: str | None = None,
    progress: Progress = lambda *_: None,
    part: int = PART // 2,
) -> Portfolio:
    """Judge the whole base against an earlier date, by the same rules and the same knowledge.

    Where those stand who cannot be decided is not known; they are named.

    Args:
        desk: the store, the rules and the date.
        since: the earlier date; the base may have been empty then.
        manager: count only this account manager's customers.
        region: count only customers of this region, or country where none is entered.
        progress: told how far the work is.
        part: how many customers are decided together, on each of the two dates.

    Raises:
        StoreError: if there are no customers, or the pack does not name its limits.
    """
    limits = _limits(desk.rules)
    with tempfile.TemporaryDirectory(prefix="valuelift-") as place, _room_wanted(place):
        progress("reading", 0, 1)
        columns = {**figure_columns(), "customers": _CARD}
        facts = spool_both(desk.store, (since, desk.as_of), desk.known_at, Path(place, "facts"), columns)
        progress("reading", 1, 1)
        earlier, now = _decide_both(desk, since, facts, Path(place), part, progress)
        if not now.decisions:
            raise desk.nobody()
        with open_database(desk.as_of, desk.currency, overflow=Path(place, "overflow")) as database:
            _show_base(database, desk, facts[-1])
            _show_standing(database, now, earlier)
            tables = figures_in(database, limits, manager=manager, region=region)
            wanted = desk.rules.ideal()
            ideal = None if wanted is None else ideal_customers_in(database, wanted)
    profiles, look_alikes = ([], []) if ideal is None else (table.to_pylist() for table in ideal)
    standing, talks = tables.pop("standing"), tables.pop("talks")
    found = {name: table.to_pylist() for name, table in tables.items()}
    undecided = found.pop("undecided")
    return Portfolio(
        as_of=desk.as_of,
        since=since,
        customers=sum(row["customers"] for row in found["stages"]),
        limits={name: desk.rules.number(parameter) for name, parameter in LIMITS.items()},
        figures=found,
        ideal_customers=profiles,
        look_alikes=look_alikes,
        standing=standing,
        talks=talks,
        undecided=undecided,
    )


@contextmanager
def _room_wanted(place: str) -> Iterator[None]:
    """Turn what DuckDB says where a folder has no room into a StoreError."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StoreError(
            said("The portfolio is not judged"),
            as_given(str(error).partition("\n")[0]),
            said(
                "{folder} needs room for about 3 GB for each million customers, until it is. "
                "Free some, or name another folder for such files by TMPDIR.",
                folder=place,
            ),
        ) from None


def _limits(rules: Rules) -> Limits:
    numbers = {each.name: rules.number(LIMITS[each.name]) for each in fields(Limits)}
    for name, value in numbers.items():
        if value is None:
            raise StoreError(
                said("The portfolio is not judged"),
                said("the rules have no parameter {name!r}", name=LIMITS[name]),
                said("Let the pack extend the one we ship, or add the parameter."),
            )
    return Limits(**{name: int(value) for name, value in numbers.items() if value is not None})


# --- everybody decided, on both dates ---


@dataclass(frozen=True, slots=True)
class _At:
    """Everybody on a date: the card of each customer, and the files that say what was decided of it."""

    cards: pa.Table
    decisions: list[str]


def _decide_both(
    desk: Desk, since: date, facts: tuple[FactsFolder, FactsFolder], place: Path, size: int, progress: Progress
) -> tuple[_At, _At]:
    """Decide everybody on the earlier date and on the desk's, at the same time; progress is that of the latter."""
    before = Desk(desk.store, desk.rules, since, desk.known_at)
    is_over = Event()

    def go_on(*_: object) -> None:
        if is_over.is_set():
            raise CancelledError

    with ThreadPoolExecutor(1) as aside:
        earlier = aside.submit(_decide, before, facts[0], place / "earlier", size, go_on)
        try:
            now = _decide(desk, facts[1], place / "now", size, progress)
        except BaseException:
            is_over.set()
            raise
        return earlier.result(), now


def _decide(desk: Desk, facts: FactsFolder, place: Path, size: int, progress: Progress) -> _At:
    """Decide all customers as of the desk's date, in parts of a size, into a folder."""
    cards = facts.cards(_CARD, desk.as_of, desk.known_at).rename_columns(["customer", *_CARD])
    if not cards.num_rows:
        return _At(cards, [])
    whole = Part(0, "", None, cards.num_rows)
    equal = part_size(cards.num_rows, size, workers=1)
    parts = [whole] if cards.num_rows <= size else facts.divided(desk.as_of, desk.known_at, equal)
    rules, run = desk.rules, RunFolder(place)
    job = Job(
        folder=facts,
        run=run,
        parts=parts,
        as_of=desk.as_of,
        known_at=desk.known_at,
        base_currency=desk.currency,
        vocabulary=rules.pack.vocabulary,
        ideal=rules.ideal(),
        flow=rules.flow(),
        judged=rules.judged(),
        decide=partial(_decisions, rules),
        workers=1,
        most_undecided=None,
    )
    job.compute(progress, in_threads(1))
    return _At(cards, [str(run.decisions(each.number)) for each in parts])


def _decisions(rules: Rules, snapshot: Snapshot) -> pa.Table:
    """Decide customers: the stage of each, whether its progress has stalled, and what is known of it."""
    decided = rules.decide(snapshot, signs=[STALLED]).select(["customer", "stage", STALLED])
    known = plain(snapshot.customers.select(_KNOWN_BY))
    for name in known.column_names:
        decided = decided.append_column(name, known[name])
    return decided


# --- what the figures read ---


def _show_base(database: DuckDBPyConnection, desk: Desk, facts: FactsFolder) -> None:
    """Show what the figures read of the base."""
    facts.show(database, {*figure_columns(), *LOOKED_AT, "coverage"}, desk.known_at, figure_columns())
    prepare(database, ["rates", "stretches"])
    # A view, as there is a row for each customer and collection, and they are counted, no more.
    database.execute(f"CREATE VIEW recorded AS {prepared('recorded')}")


def _show_standing(database: DuckDBPyConnection, now: _At, earlier: _At) -> None:
    """Show where everybody stands, `now`, and where everybody stood, `earlier`."""
    for name, at in {"now": now, "earlier": earlier}.items():
        database.register(f"{name}_cards", at.cards)
        files = at.decisions or now.decisions  # if nobody was there, it is all the same which
        database.execute(f"SET VARIABLE {name}_decided = $paths", {"paths": files})
        decided = f"read_parquet(getvariable('{name}_decided'))"
        database.execute(f"CREATE VIEW {name} AS FROM {name}_cards LEFT JOIN {decided} USING (customer)")
