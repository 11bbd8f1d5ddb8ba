"""In words: which records end before a date, so that what happened since is not known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter

from common.texts import Texts
from facts.ended import Ended, ended_of
from facts.store import Store


def ended_said(texts: Texts, store: Store, customer: str, day: date) -> str:
    """Return what ended of one customer, as far as it is known by now; nothing if all its records go on."""
    return ended_in_words(texts, ended_of(store, customer, day, datetime.now(UTC)))


def ended_in_words(texts: Texts, ended: Sequence[Ended]) -> str:
    """Return what ended when, those of one day together, the first day first."""
    in_order = sorted(ended, key=attrgetter("last", "collection"))
    parts = []
    for last, some in groupby(in_order, key=attrgetter("last")):
        names = texts("comma").join(_name(texts, each.collection) for each in some)
        parts.append(texts("ended_on", collections=names, date=texts.date(last)))
    return texts("semicolon").join(parts)


def _name(texts: Texts, collection: str) -> str:
    name = f"recorded_{collection}"
    return texts(name) if texts.has(name) else collection
