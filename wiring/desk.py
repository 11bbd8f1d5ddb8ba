"""A store and rules together: the facts of a day, and what follows from them, for one customer or for all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from engine.said import Said, said
from facts.card import CARD, Card
from wiring.rules import Progress, Rules, catalogue_digest

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.decision import Decision
    from engine.plan import Plan
    from engine.session import Session
    from engine.snapshot import CustomerFacts, Snapshot
    from facts.batch.ledger import Ledger
    from facts.batch.run import Batch
    from facts.batch.run_folder import RunFolder
    from facts.database import StoreError
    from facts.store import Store
    from facts.unfit import Unfit


def _silent(step: str, done: int, of: int) -> None:
    """Say nothing."""


AMOUNT = "revenue_365d"
"""What is at stake with a customer."""

FEW, MANY = 10, 400
"""Up to so many customers, or one in so many, it is quicker to read them one by one than to read the whole base.

One by itself takes some 40 ms, one of many some 0.1 ms."""


def _of_customers(base: Mapping[str, pa.Table], customers: pa.ChunkedArray) -> dict[str, pa.Table]:
    """Return the rows about some customers, and those about all."""
    import pyarrow.compute as pc

    def kept(name: str, table: pa.Table) -> pa.Table:
        by = "key" if name == "customers" else "customer"
        if by not in table.column_names:
            return table
        return table.filter(pc.or_(pc.is_null(table[by]), pc.is_in(table[by], value_set=customers)))

    return {name: kept(name, table) for name, table in base.items()}


@dataclass(frozen=True, slots=True)
class Decided:
    """One customer: who it is, what is known of it, and what follows from that."""

    card: Card
    facts: CustomerFacts
    decision: Decision
    unconvertible: tuple[str, ...] = ()
    """Currencies of which amounts count as unknown because no rate is known; looked for where one customer is read."""


class Desk:
    """A store and rules, ready to decide on the facts that hold on a date, as they were known at a moment."""

    def __init__(
        self, store: Store, rules: Rules, as_of: date, known_at: datetime | None = None, *, in_columns: bool = False
    ) -> None:
        self.store = store
        self.rules = rules
        self.as_of = as_of
        self.asked_known_at = known_at
        self.known_at = known_at or datetime.now(UTC)
        self.in_columns = in_columns  # one customer too is decided by the plan

    def anew(self) -> Desk:
        """Return the same desk, knowing what is known by now."""
        return Desk(self.store, self.rules, self.as_of, in_columns=self.in_columns)

    # --- one customer ---

    def decide(self, customer: str) -> Decided:
        """Decide one customer, firing by firing unless this desk decides in columns.

        Raises:
            StoreError: if the customer is not known, or was not on this date.
        """
        executor = self._executor  # compiled before facts are asked for, while DuckDB gets ready (see `make_ready`)
        found = self._facts(customer)
        if found is None:
            raise self._hidden(said("Nothing is known of customer {customer!r}", customer=customer), customer)
        card, facts, unconvertible = found
        return Decided(card, facts, executor.decide(facts), unconvertible)

    def _facts(self, customer: str) -> tuple[Card, CustomerFacts, tuple[str, ...]] | None:
        """Return who a customer is, its facts, and currencies without rates; None if it was not there on this date."""
        from facts.customer_facts import customer_facts
        from facts.unconvertible import currencies_without_rate

        base = self.store.customer_tables(customer, self.as_of, self.known_at)
        if not base["customers"].num_rows:
            return None
        (row,) = base["customers"].select(CARD).to_pylist()
        facts = customer_facts(base, self.rules.pack.vocabulary, self.as_of, base_currency=self.currency)
        return row, facts, currencies_without_rate(base, self.currency, self.as_of)

    def unfit(self, customer: str) -> list[Unfit]:
        """Return the records that keep a customer from being decided, none if it can be.

        Raises:
            StoreError: if the customer is not known.
        """
        from facts.unfit import unfit_records

        base = self.store.customer_tables(customer, self.as_of, self.known_at)
        return unfit_records(base, self.rules.pack.vocabulary, self.as_of, base_currency=self.currency)

    def decide_many(self, customers: Collection[str]) -> list[Decided]:
        """Decide several customers in columns, but those that are not known on this date or cannot be decided."""
        import pyarrow as pa

        from facts.snapshot_parts import only

        cards, kept = self.cards_of(customers), self._kept()
        wanted = pa.chunked_array([sorted(cards)], pa.string())
        parts = [self._read(_silent, wanted)] if kept is None else self._taken_over(kept, _silent, cards)
        facts = [each for part in parts for each in only(part, wanted).each()]
        facts.sort(key=attrgetter("customer"))
        decisions = self.rules.plan.decide_all(facts)
        return [Decided(cards[each.customer], each, decision) for each, decision in zip(facts, decisions, strict=True)]

    def decide_on(self, card: Card, facts: CustomerFacts) -> Decided:
        """Decide a customer on given facts, whatever is recorded."""
        return Decided(card, facts, self._executor.decide(facts))

    @property
    def _executor(self) -> Session | Plan:
        return self.rules.plan if self.in_columns else self.rules.session

    @property
    def executors(self) -> tuple[Session, Plan]:
        """Both executors, to try out what the prover finds."""
        return self.rules.session, self.rules.plan

    def _hidden(self, what: Said, customer: str | None = None) -> StoreError:
        """Return the error for facts of which none are seen: they hold later, or were recorded later."""
        from facts.database import StoreError

        only = {"customers": ("key",)}
        if self.store.base_tables(self.as_of, customer=customer, only=only)["customers"].num_rows:
            why = said(
                "what holds on {as_of} was recorded after {moment}",
                as_of=self.as_of,
                moment=self.known_at.isoformat(timespec="minutes"),
            )
            return StoreError(what, why, said("Give a later moment by --known-at, or leave it out."))
        hint = said("Give another date by --as-of, or import facts of that time.")
        return StoreError(
            said("{what} as of {as_of}", what=what, as_of=self.as_of),
            said("nothing that is recorded holds on that date"),
            hint,
        )

    @cached_property
    def currency(self) -> str:
        """The base currency, in which amounts are compared."""
        return self.store.settings()["base_currency"]

    # --- all customers ---

    def cards(self) -> dict[str, Card]:
        """Return who every customer is, by key."""
        tables = self.store.base_tables(self.as_of, self.known_at, only={"customers": ("key", *CARD)})
        return {row.pop("key"): row for row in tables["customers"].to_pylist()}

    def cards_of(self, customers: Collection[str]) -> dict[str, Card]:
        """Return who these customers are, by key."""
        from facts.cards import cards

        return cards(self.store, customers, self.as_of, self.known_at)

    def overview(self, progress: Progress = _silent) -> pa.Table:
        """Decide all customers in columns: `stage`, `proposed_stage`, `move`, `value_next`, `urgency` and more.

        Those who cannot be decided (see `unfit`) are left out. The columns are those of `engine.plan.overview`, sorted
        by customer.
        """
        import pyarrow as pa

        found = [self.rules.decide(part, progress) for part in self.parts(progress)]
        return pa.concat_tables(found).sort_by("customer")

    def parts(self, progress: Progress = _silent, only_of: Collection[str] | None = None) -> Iterator[Snapshot]:
        """Yield the facts of all customers who can be decided, with what the last run found out about all, in parts.

        They are what that run kept, but for the few of whom the store has learned something since: these come last,
        and of them those who are named by `only_of` alone, if any are.
        """
        kept = self._kept()
        if kept is None:
            yield self._read(progress)
        else:
            yield from self._taken_over(kept, progress, only_of)

    def _taken_over(
        self, kept: tuple[RunFolder, dict[str, str]], progress: Progress, only_of: Collection[str] | None
    ) -> Iterator[Snapshot]:
        """Yield the same where a run is kept, with those of whom it does not know all; see `_kept`."""
        import pyarrow as pa

        from facts.batch.kept import parts_of
        from facts.database import StoreError
        from facts.snapshot_parts import without

        run, changed = kept
        told: list[pa.Array] = []
        others = pa.chunked_array([sorted({*changed, *changed.values()})], pa.string())
        progress("reading", 0, 1)
        with suppress(StoreError):  # damaged or removed in the meantime: then the store is read
            for part in parts_of(run):
                known = without(part, others)
                told += known.customers["customer"].chunks
                yield known
            progress("reading", 1, 1)
            anew = set(changed.values())
            yield from self._parts_of(sorted(anew if only_of is None else anew.intersection(only_of)))
            return
        yield without(self._read(progress), pa.chunked_array(told, pa.string()))

    def _read(self, progress: Progress, wanted: pa.ChunkedArray | None = None) -> Snapshot:
        """Return the same of the customers `wanted`, or of all, as the store has them."""
        from facts.runs import last_portfolio

        portfolio = last_portfolio(self.store, self.as_of, self.known_at)
        base = {**self.base(progress), "portfolio": portfolio}
        return self.snapshot(base if wanted is None else _of_customers(base, wanted))

    def _kept(self) -> tuple[RunFolder, dict[str, str]] | None:
        """Return the last run, and of whom it does not know all that the store knows of this date.

        For each of these customers there is named the one that stands for it: itself unless it was merged.

        None if there is no such run, or if there are so many of them that to read the store is quicker.
        """
        from facts.batch.kept import kept_run
        from facts.marks import changed_since
        from facts.runs import last_run

        run = None if self.asked_known_at is not None else last_run(self.store, self.as_of)
        kept = kept_run(self.store, run, self.as_of, catalogue_digest(self.rules.pack.vocabulary))
        changed = None if kept is None else changed_since(self.store, kept.entry)
        if run is None or kept is None or changed is None or len(changed) > max(FEW, run.customers // MANY):
            return None
        return kept.folder, {key: self.store.survivor(key, self.as_of, self.known_at) for key in changed}

    def _parts_of(self, customers: Collection[str]) -> Iterator[Snapshot]:
        """Yield the facts of some customers, each read by itself.

        Those that are not there on the date, or cannot be decided, are left out.
        """
        from engine.snapshot import snapshot_of
        from facts.snapshot import encoded
        from facts.snapshot_checks import MisfitsError

        vocabulary, found = self.rules.pack.vocabulary, []
        for key in customers:
            with suppress(MisfitsError):
                if (known := self._facts(key)) is not None:
                    found.append(known[1])
        if found:
            yield encoded(snapshot_of(vocabulary, found), vocabulary)

    def batch(self, user: str, ledger: Ledger, *, facts: Path | None = None, workers: int = 1) -> Batch:
        """Return the batch over all that the store knows, or over a folder of facts; it publishes to the store.

        Raises:
            StoreError: if there are no customers.
        """
        from facts.batch.run import Batch

        if facts is None and not self.cards():
            raise self.nobody()
        return Batch(
            ledger=ledger,
            decider=self.rules.decider(),
            as_of=self.as_of,
            known_at=self.asked_known_at,
            base_currency=self.currency,
            user=user,
            store=self.store,
            facts=facts,
            workers=workers,
        )

    def base(self, progress: Progress) -> dict[str, pa.Table]:
        """Read the whole base: the columns that snapshots need.

        Raises:
            StoreError: if there are no customers.
        """
        from facts.features import base_columns

        progress("reading", 0, 1)
        base = self.store.base_tables(self.as_of, self.known_at, only=base_columns())
        progress("reading", 1, 1)
        if not base["customers"].num_rows:
            raise self.nobody()
        return base

    def nobody(self) -> StoreError:
        """Return the error for a date on which there are no customers."""
        return self._hidden(said("There are no customers"))

    def snapshot(self, base: Mapping[str, pa.Table]) -> Snapshot:
        """Return the facts of all customers of a base who can be decided."""
        from facts.snapshot import take_snapshot

        return take_snapshot(base, self.rules.pack.vocabulary, self.as_of, base_currency=self.currency).snapshot
