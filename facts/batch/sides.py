"""Two published runs side by side: what each decided, read from its folder or, where that is gone, from the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import did_you_mean
from engine.said import said
from engine.snapshot import Snapshot
from facts.batch.files import plain, read_table
from facts.batch.opening import open_folder
from facts.batch.register import Entry, parts_with
from facts.batch.run_folder import RunFolder
from facts.database import StoreError
from facts.figures import Decided
from facts.runs import contributions, listed_decisions
from facts.store import Store

Effects = tuple[tuple[str, ...], tuple[str, ...]]
"""The actions and the signs that rules lead to."""

CARD = ("name", "account_manager", "region", "country")
_CONCLUSIONS = ("stage", "proposed_stage", "move", "value_next")
_UNKNOWN_HERE = ("industry", "acquisition_source", "abc_class")
_CONVEYED = ("customer", "sent_on", "value_kind", "medium", "outcome")


def one_before(known: Sequence[Entry], run: Entry) -> Entry:
    """Return the published run with which one compares a run: the last before it, by as-of date and publication.

    Raises:
        StoreError: if there is none.
    """
    published = sorted((entry for entry in known if entry.state == "published"), key=_order)
    before = [entry for entry in published if _order(entry) < _order(run)]
    if not before:
        raise StoreError(
            said("There is no run to compare run {run} with", run=run.run),
            said("none before it, as of {as_of} or earlier, is kept", as_of=run.as_of),
            said("Give another run by --against; see `valuelift runs`."),
        )
    return before[-1]


def newest(known: Sequence[Entry]) -> Entry:
    """Return the run that was published last.

    Raises:
        StoreError: if none is.
    """
    published = [entry for entry in known if entry.state == "published"]
    if not published:
        raise StoreError(
            said("There is no run to report on"), said("none is published"), said("Run `valuelift batch` first.")
        )
    return published[0]


def require_published(entry: Entry) -> None:
    """Check that a run is finished.

    Raises:
        StoreError: if it is not.
    """
    if entry.state != "published":
        raise StoreError(
            said("Run {run} cannot be reported on", run=entry.run),
            said("it is not finished"),
            said("Finish it by `valuelift batch`."),
        )


def _order(entry: Entry) -> tuple[object, object]:
    return entry.as_of, entry.at


def decided(
    entry: Entry, store: Store | None, cards: pa.Table, effects_of: Callable[[Sequence[str]], Effects] | None
) -> Decided:
    """Return what a run decided; of those whom it could not decide, nothing but that they are there.

    Args:
        entry: a published run.
        store: where it is, if it has no folder.
        cards: `key` and `CARD` of each customer; those of others are not known.
        effects_of: says what rules lead to; None if the rules of the run are not at hand.
    """
    table, lists = _from_folder(RunFolder(entry.folder)) if entry.folder else _from_store(entry, store)
    known = cards.rename_columns(["customer", *cards.column_names[1:]])
    whole = table.join(known, "customer")
    for name in _UNKNOWN_HERE:
        whole = whole.append_column(name, pa.nulls(len(whole), pa.string()))
    return Decided(entry.as_of, whole, _effects(lists, effects_of))


def _from_folder(run: RunFolder) -> tuple[pa.Table, Mapping[int, str]]:
    numbers: dict[str, int] = {}
    parts = []
    for part in run.decided(("customer", *_CONCLUSIONS, "fired_rules")):
        fired = part["fired_rules"].combine_chunks().dictionary_encode()
        own = [numbers.setdefault(text, len(numbers)) for text in fired.dictionary.to_pylist()]
        listed = pa.array(own, pa.int64()).take(fired.indices)
        parts.append(part.drop_columns(["fired_rules"]).append_column("rule_list", listed))
    contribution = read_table(run.portfolio, ["customer", "contribution"])
    undecided = pa.table({"customer": run.undecided()["customer"].unique()})
    whole = pa.concat_tables([*parts, undecided], promote_options="default")
    return whole.join(contribution, "customer"), {n: text for text, n in numbers.items()}


def _from_store(entry: Entry, store: Store | None) -> tuple[pa.Table, Mapping[int, str]]:
    if store is None or entry.number is None:
        raise ValueError("a run is in a folder or in a store")
    table, lists = listed_decisions(store, entry.number)
    return table.join(contributions(store, entry.number), "customer"), lists


def _effects(lists: Mapping[int, str], effects_of: Callable[[Sequence[str]], Effects] | None) -> pa.Table:
    found = [effects_of(json.loads(rules)) if effects_of else ((), ()) for rules in lists.values()]
    kind = pa.list_(pa.string())
    return pa.table(
        {
            "rule_list": pa.array(lists, pa.int64()),
            "actions": pa.array([actions for actions, _ in found], kind),
            "signs": pa.array([signs for _, signs in found], kind),
        }
    )


def cards_of(entry: Entry, store: Store | None, facts: Path | None) -> pa.Table:
    """Return who the customers are, as is known by now: from the folder of facts, else from the store, else nothing."""
    if facts is not None:
        return open_folder(facts).cards(CARD, entry.as_of, None)
    if store is not None:
        return store.base_tables(entry.as_of, only={"customers": ("key", *CARD)})["customers"].select(["key", *CARD])
    return pa.schema([(name, pa.string()) for name in ("key", *CARD)]).empty_table()


def require_manager(cards: pa.Table, manager: str) -> None:
    """Check that somebody is looked after by an account manager.

    Raises:
        StoreError: if nobody is, with the nearest name.
    """
    present = {name for name in cards["account_manager"].unique().to_pylist() if name}
    if manager not in present:
        hint = did_you_mean(manager, present) or said("Without a store, names come from the folder given by --facts.")
        raise StoreError(
            said("No customer has the account manager {manager!r}", manager=manager),
            said("nobody by that name is entered"),
            hint,
        )


def communications(entry: Entry, days: int) -> pa.Table | None:
    """Return what was conveyed within these days, as the run knew it; None if the run's facts are not kept."""
    if entry.folder is None:
        return None
    run, since = RunFolder(entry.folder), entry.as_of - timedelta(days)
    parts = []
    for number in range(run.parts()):
        table = run.rows(number, "communications", run.customers(number)["customer"]).select(list(_CONVEYED))
        recent = table.filter(pc.greater_equal(table["sent_on"], pa.scalar(since, pa.date32())))
        parts.append(plain(recent))
    return pa.concat_tables(parts)


def undecided(entry: Entry) -> list[dict[str, str]]:
    """Return who could not be decided, and why (see `WHY_UNDECIDED`); nothing if the run's folder is gone."""
    return [] if entry.folder is None else RunFolder(entry.folder).undecided().to_pylist()


def facts_of(entry: Entry, customers: Collection[str]) -> Iterator[Snapshot]:
    """Yield the facts of these customers that a run decided on, part by part; nothing if it did not keep them."""
    if entry.folder is None:
        return
    for _, snapshot in parts_with(RunFolder(entry.folder), customers):
        yield snapshot
