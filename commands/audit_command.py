"""`valuelift audit`: who did what to the store, when, and from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.options import Day, db_option, json_option, language_option, pack_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from common.texts import Texts
    from engine.wording import Wording
    from facts.audit import Entry

AT_A_GLANCE = 30


@click.command("audit")
@click.option("--customer", metavar="CUSTOMER", help="Only what concerns this customer.")
@click.option("--user", metavar="USER", help="Only what this user did.")
@click.option("--since", type=Day(), metavar="DATE", help="Only what was done on this day or later.")
@click.option("--all", "show_all", is_flag=True, help=f"Show all, not only the last {AT_A_GLANCE}.")
@click.option("--reads", is_flag=True, help="Instead, who looked at which customer, on the pages or by a token.")
@pack_option
@language_option
@json_option
@db_option
def command(
    customer: str | None,
    user: str | None,
    since: date | None,
    show_all: bool,
    reads: bool,
    pack: Path | None,
    language: str,
    as_json: bool,
    db: str | None,
) -> None:
    """List who did what to the store, the newest first.

    What was recorded, confirmed, taken back and imported, and which pack was put to use. The log is only ever added
    to. Take a record back by its number: `valuelift record undo NUMBER`. Who has looked at customers stands in a log of
    its own, which --reads shows.

    \b
    Example:
      valuelift audit --customer moonbridge --since 2026-06-01
      valuelift audit --user ana --json
      valuelift audit --reads --customer moonbridge
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.audit import entries
    from wiring import rules_in_use

    most = None if show_all or as_json else AT_A_GLANCE
    asked: Mapping[str, Any] = {"customer": customer, "user": user, "since": since}
    if reads:
        _show_reads(db, Texts(language), as_json, asked, most)
        return
    with open_store(db) as store:
        found = entries(store, **asked, most=most)
        rules = None if as_json else rules_in_use(store, pack)
    if rules is None:
        print_json([_plain(entry) for entry in found])
        return
    from commands.output import print_page
    from engine.wording import Wording

    texts = Texts(language)
    if not found:
        click.echo(_nothing(texts, "audit_empty", asked))
        return
    print_page(*_page(found, texts, Wording(rules.pack.vocabulary, language)))
    if len(found) == most:
        click.echo(texts("audit_cut", number=most))


def _show_reads(db: str | None, texts: Texts, as_json: bool, asked: Mapping[str, Any], most: int | None) -> None:
    """Show who looked at which customer."""
    from commands.desk import open_store
    from commands.output import print_json
    from facts.reads import reads

    with open_store(db) as store:
        found = reads(store, **asked, most=most)
    if as_json:
        print_json(found)
        return
    for each in found:
        origin = texts("audit_origin", origin=texts(f"origin_{each.origin}"))
        click.echo(f"{each.at.astimezone():%Y-%m-%d %H:%M}  {each.user}  {each.customer}  {each.what}  {origin}")
    if not found:
        click.echo(_nothing(texts, "reads_empty", asked))
    if len(found) == most:
        click.echo(texts("audit_cut", number=most))


def _nothing(texts: Texts, empty: str, asked: Mapping[str, Any]) -> str:
    """Return that a log is empty; if only some of it was asked for, that nothing of it fits that."""
    given = [f"--{name} {value}" for name, value in asked.items() if value is not None]
    return texts("audit_none_fits", asked=" ".join(given)) if given else texts(empty)


def _plain(entry: Entry) -> dict[str, object]:
    """Return what is told of an entry to other programs: what it says, without the ids of rows."""
    return {
        "number": entry.id,
        "at": entry.at,
        "user": entry.user,
        "from": entry.origin,
        "did": entry.did,
        "subject": entry.subject,
        "customer": entry.customer,
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
        "says": [{"table": table, **row} for table, row in entry.says],
    }


def _page(found: Sequence[Entry], texts: Texts, wording: Wording) -> Iterator[RenderableType]:
    """Yield a line that says who did what, and one below it for each thing that was said."""
    from rich.text import Text

    from commands.record.saying import indented
    from common.saying import say

    for entry in found:
        yield Text("  ".join(_head(entry, texts)))
        if entry.did != "undo":
            yield from (indented(say(texts, wording, table, row), 7) for table, row in entry.says)


def _head(entry: Entry, texts: Texts) -> Iterator[str]:
    origin = f"origin_{entry.origin}"
    yield f"{entry.id:>5}"
    yield f"{entry.at.astimezone():%Y-%m-%d %H:%M}"
    yield entry.user
    yield texts(f"did_{entry.did}", subject=entry.subject) + ("" if entry.undoes is None else f" {entry.undoes}")
    if entry.customer is not None:
        yield entry.customer
    yield texts("audit_origin", origin=texts(origin) if texts.has(origin) else entry.origin)
    if entry.undone_by is not None:
        yield texts("audit_undone", number=entry.undone_by)
