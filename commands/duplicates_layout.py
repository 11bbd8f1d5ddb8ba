"""`valuelift customers --duplicates`: pairs of customers that may be one, and why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from commands.desk import open_store
from commands.options import Query
from commands.output import print_json, print_page
from common.texts import Texts
from facts.duplicates import Pair, Sign, duplicates


def show_duplicates(manager: str | None, most: int | None, query: Query) -> None:
    """Print pairs, of an account manager if one is given (of either customer), and no more than `most`."""
    with open_store(query.db) as store:
        found = duplicates(store, query.as_of, query.known_at)
    if manager is not None:
        found = [pair for pair in found if manager in (pair.account_manager, pair.other_account_manager)]
    if query.as_json:
        print_json([{**asdict(pair), "command": command_for(pair)} for pair in found])
        return
    texts = Texts(query.language)
    shown = found if most is None else found[:most]
    print_page(*(part for pair in shown for part in _said(texts, pair)), _foot(texts, query, len(shown), len(found)))


def command_for(pair: Pair) -> str:
    """Return the command that makes one customer of two."""
    return f"valuelift record merge {shlex.quote(pair.other)} --into {shlex.quote(pair.customer)}"


def _said(texts: Texts, pair: Pair) -> Iterator[RenderableType]:
    likely = "duplicates_likely" if pair.is_likely else "duplicates_possible"
    yield Text(texts(likely, score=pair.score), style="bold")
    yield _line(texts("duplicates_side", name=pair.name, customer=pair.customer))
    yield _line(texts("duplicates_side", name=pair.other_name, customer=pair.other))
    speaks_for = [sign for sign in pair.signs if sign.points > 0]
    against = [sign for sign in pair.signs if sign.points < 0]
    yield _line(texts("duplicates_for", signs=_signs(texts, speaks_for)))
    if against:
        yield _line(texts("duplicates_against", signs=_signs(texts, against)))
    yield Padding(Text(command_for(pair), style="dim"), (0, 0, 1, 2))


def _signs(texts: Texts, signs: Sequence[Sign]) -> str:
    said = (texts("duplicates_sign", sign=texts(f"sign_{each.sign}"), points=abs(each.points)) for each in signs)
    return texts("comma").join(said)


def _line(said: str) -> Padding:
    return Padding(Text(said), (0, 0, 0, 2))


def _foot(texts: Texts, query: Query, shown: int, number: int) -> Text:
    date = texts.date(query.as_of)
    if not number:
        return Text(texts("duplicates_none", date=date))
    if shown < number:
        said = texts("duplicates_cut", shown=shown, number=texts.number(number), date=date)
        return Text(said, style="dim")
    return Text(texts("duplicates_shown", number=texts.number(number), date=date), style="dim")
