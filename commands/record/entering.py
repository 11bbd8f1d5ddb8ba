"""What every `valuelift record` command does: check, record in one go, and say what changed by it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import (
    Command,
    Day,
    Query,
    db_option,
    json_option,
    language_option,
    pack_option,
    today,
    user_option,
)
from engine.said import said

if TYPE_CHECKING:
    from common.recording import At
    from facts.recording import Statement


@dataclass(frozen=True, slots=True)
class Entering:
    """Who records, from which day on it holds, and how the command was asked."""

    user: str
    on: date
    query: Query


_as_of_option = click.option(
    "--as-of",
    type=Day(),
    metavar="DATE",
    help="The day on which you record; nothing may lie after it. By default today.",
)
_on_option = click.option(
    "--on", type=Day(), metavar="DATE", help="When it was, or since when it is so. By default --as-of."
)


def query_of_record(command: Command) -> Command:
    """Add the options of a command that changes the store and says what follows; it receives one `query`."""

    @functools.wraps(command)
    def with_query(
        *, db: str | None, as_of: date | None, pack: Path | None, language: str, as_json: bool, **rest: Any
    ) -> Any:
        return command(query=Query(db, as_of or today(db), None, pack, language, as_json), **rest)

    for option in (json_option, language_option, pack_option, _as_of_option, db_option):
        with_query = option(with_query)
    return with_query


def record_options(command: Command) -> Command:
    """Add the options of a command that records; it receives them as one `entering`."""

    @query_of_record
    @user_option
    @_on_option
    @functools.wraps(command)
    def with_entering(*, on: date | None, user: str, query: Query, **rest: Any) -> Any:
        return command(entering=Entering(user, on or query.as_of, query), **rest)

    return with_entering


def enter(entering: Entering, customer: str, make: Callable[[At], Sequence[Statement]]) -> None:
    """Record what `make` states of a customer, and say what changed."""
    from commands.desk import desk_for
    from commands.record.saying import show
    from common.recording import record_for
    from facts.audit import COMMAND_LINE

    with desk_for(entering.query) as desk:
        outcome = record_for(desk, customer, make, user=entering.user, source=COMMAND_LINE)
    show(outcome, desk.rules.pack, entering.query)


def require_word(word: str | None, members: Collection[str], where: str) -> None:
    """Refuse a word that is not among those known; `where` is the option or argument that it was given by."""
    from engine.errors import which_word

    if word is not None and word not in members:
        hint = which_word(word, members)
        raise click.BadParameter(said("{word!r} is not known. {hint}", word=word, hint=hint), param_hint=where)
