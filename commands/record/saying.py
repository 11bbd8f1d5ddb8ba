"""Printing what was recorded, and what changed in the recommendation by it."""

from __future__ import annotations

from dataclasses import asdict

from rich.padding import Padding
from rich.text import Text

from commands.options import Query
from commands.output import print_json, print_page
from common.recording import Outcome
from common.saying import changes, headlines, how, how_it_changed, outcome_in_json, say, still_advised, undone_in_json
from common.texts import Texts
from engine.model import Pack
from engine.recommend import recommend
from engine.wording import Wording
from facts.audit import Entry
from wiring import Decided


def show(outcome: Outcome, pack: Pack, query: Query) -> None:
    """Print what was done and what changed by it."""
    before, after = (
        recommend(pack, each.facts, each.decision, query.language) for each in (outcome.before, outcome.after)
    )
    texts, wording = Texts(query.language), Wording(pack.vocabulary, query.language)
    found = changes(outcome, before, after, texts, wording)
    if query.as_json:
        print_json(outcome_in_json(outcome, found, is_other=before != after))
        return
    print_page(
        Text(texts(outcome.done, number=outcome.number, customer=outcome.customer)),
        *(indented(say(texts, wording, table, row), 2) for table, row in outcome.says),
        Text(texts(how_it_changed(found, is_other=before != after))),
        *(indented(texts(how(each), **asdict(each)), 2) for each in found),
        *(Text(texts("still_advised", what=what)) for what in still_advised(outcome, wording)),
    )


def show_undone(entry: Entry, after: Decided | None, pack: Pack, query: Query) -> None:
    """Print what was taken back of a customer that could not be decided before or cannot be now, and what is advised.

    Args:
        entry: what was taken back.
        after: the decision now; None if there cannot be one.
        pack: the rules.
        query: how it was asked.
    """
    texts, wording = Texts(query.language), Wording(pack.vocabulary, query.language)
    advice = None if after is None else recommend(pack, after.facts, after.decision, query.language)
    if query.as_json:
        print_json(undone_in_json(entry, advice))
        return
    print_page(
        Text(texts("undone", number=entry.id, customer=entry.customer)),
        *(indented(say(texts, wording, table, row), 2) for table, row in entry.says),
        Text(texts("advised_nothing" if advice is None else "advised_now")),
        *(
            indented(texts("advised_as", what=texts(name), now=now), 2)
            for name, now in (headlines(advice, texts) if advice else {}).items()
        ),
    )


def indented(line: str, columns: int) -> Padding:
    """Return a line that stays indented where it goes on."""
    return Padding(Text(line), (0, 0, 0, columns))
