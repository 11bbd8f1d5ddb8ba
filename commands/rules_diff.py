"""`valuelift rules diff`: what an edit of rules does to the customers of a store, before it is put to use."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import (
    Query,
    as_of_option,
    db_option,
    html_option,
    json_option,
    known_at_option,
    language_option,
    today,
)
from engine.said import said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from common.texts import Texts
    from engine.impact import Change, Impact, Versions
    from facts.batch.run_folder import RunFolder
    from facts.card import Card
    from facts.store import Store

TOP = 20


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--top", type=click.IntRange(0), default=TOP, show_default=True, help="Customers listed by name.")
@click.option("--all", "show_all", is_flag=True, help="List all customers that are affected.")
@click.option("--run", metavar="RUN", help="Decide the facts that this run kept (a number, a name or `latest`).")
@html_option
@db_option
@as_of_option
@known_at_option
@language_option
@json_option
def command(
    *,
    old: str,
    new: str,
    top: int,
    show_all: bool,
    run: str | None,
    html: Path | None,
    db: str | None,
    as_of: date | None,
    known_at: datetime | None,
    language: str,
    as_json: bool,
) -> None:
    """Show what the edits between two versions of a pack change, and for whom.

    Decides all customers of the store by the pack OLD and by the pack NEW: who changes stage, which values and actions
    are gained and lost, by name and with the revenue of 365 days at stake. Each change names the edit that leads to it
    by itself, or the edits that lead to it together. A version is a folder, or a folder at a git revision, REV:PATH.
    Nothing is stored.

    The facts are those of the store on the date; with --run those that a run kept, of a base read from files too.

    \b
    Example:
      valuelift rules diff rulesets/value_marketing our-rules --html impact.html
      valuelift rules diff HEAD~1:our-rules our-rules --as-of 2026-06-30 --json
      valuelift rules diff rulesets/value_marketing our-rules --run latest
    """
    from commands.output import print_json, print_page
    from common.texts import Texts

    if run is not None and (as_of or known_at):
        raise click.UsageError(
            said("A run has a date and a moment of its own: leave out --as-of and --known-at, or --run.")
        )
    query = Query(db, as_of or today(db), known_at, None, language, as_json)
    texts = Texts(language)
    versions, found, cards, on = _compared(old, new, query, run, None if show_all else top, texts)
    if html is not None:
        from commands.documents import rendered
        from commands.impact_words import ImpactWords

        words = ImpactWords(texts, versions, found, cards)
        html.write_text(rendered("impact.html", texts, words=words, as_of=on) + "\n", encoding="utf-8")
    if as_json:
        print_json(plain(versions, found, cards))
    else:
        from commands.impact_layout import page

        print_page(*page(texts, versions, found, cards, on))


def _compared(
    old: str, new: str, query: Query, run: str | None, top: int | None, texts: Texts
) -> tuple[Versions, Impact, Mapping[str, Card], date]:
    from commands.desk import open_store
    from commands.progress import progress
    from commands.revisions import pack_folder
    from engine.impact import Versions, impact
    from engine.load import load_parts
    from facts.batch.kept import parts_of
    from wiring import AMOUNT, Desk, Rules, catalogue

    with ExitStack() as stack:
        folders = [stack.enter_context(pack_folder(name)) for name in (old, new)]
        before, after = (load_parts(folder, catalogue()) for folder in folders)
        versions = Versions(before, after)
        store = stack.enter_context(open_store(query.db))
        report = stack.enter_context(progress())
        desk = Desk(store, Rules(versions.pack, versions.after), query.as_of, query.known_at)
        base = desk.parts(lambda step, done, of: report(texts(step), done, of))
        if run is not None:
            kept = _run(store, run)
            desk, base = Desk(store, desk.rules, kept.as_of), parts_of(kept)
        found = impact(versions, base, AMOUNT, top, lambda done, of: report(texts("diff_explaining"), done, of))
        return versions, found, desk.cards_of([one.customer for one in found.listed]), desk.as_of


def _run(store: Store, run: str) -> RunFolder:
    from facts.batch.ledger import Ledger, runs_folder
    from facts.batch.register import find, whole_run

    return whole_run(find(Ledger.at(runs_folder(store.url)), store, run))


def plain(versions: Versions, found: Impact, cards: Mapping[str, Card]) -> dict[str, Any]:
    """Return an impact in JSON form; causes are places in the list of edits."""
    return {
        "old": versions.old_name,
        "new": versions.new_name,
        "customers": found.customers,
        "affected": found.affected,
        "change_stage": found.moved,
        "revenue_at_stake": found.at_stake,
        "revenue_changing_stage": found.moved_at_stake,
        "stages": [
            {"before": before, "after": after, "customers": count} for (before, after), count in found.stages.items()
        ],
        "conclusions": [{**asdict(one), "fact": str(one.fact)} for one in found.tallies],
        "edits": [
            {
                "kind": one.edit.kind,
                "id": one.edit.id,
                "how": one.edit.how,
                "parts": one.edit.parts,
                "at": {"file": one.edit.at.file, "line": one.edit.at.line},
                "fired_before": one.fired_before,
                "fired_after": one.fired_after,
                "affected": one.affected,
                "separable": one.separable,
            }
            for one in found.edits
        ],
        "alike": [_changed(change) for change in found.alike],
        "apart": found.apart,
        "listed": [
            {
                "customer": one.customer,
                "name": cards.get(one.customer, {}).get("name"),
                "revenue": one.amount,
                "changes": [_changed(change) for change in one.changes],
            }
            for one in found.listed
        ],
    }


def _changed(change: Change) -> dict[str, Any]:
    return {**asdict(change), "fact": str(change.fact)}
