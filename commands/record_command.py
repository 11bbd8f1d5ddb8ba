"""`valuelift record`: what happened with a customer, entered one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import (
    Day,
    Query,
    Said,
    Word,
    db_option,
    json_option,
    language_option,
    pack_option,
    today,
    user_option,
)
from commands.record.acting import action_meant
from commands.record.entering import Entering, enter, query_of_record, record_options, require_word
from commands.record.kinds import KINDS, subcommand
from engine.said import said

if TYPE_CHECKING:
    from common.recording import At
    from facts.recording import Statement

OUTCOMES = ("accepted", "recognised", "rejected", "no_reaction")
STATES = ("open", "done", "snoozed", "declined")
FILED = ("communication", "need", "complaint", "dispute", "talk", "answer")
SURE = ("estimate", "told", "seen")
DECLINED_BECAUSE = (
    "not_needed", "wrong_time", "customer_refuses", "done_otherwise", "no_means", "facts_wrong", "other",
)  # fmt: skip


@click.group("record")
def command() -> None:
    """Record what happened with a customer, one thing at a time.

    Each command says what changes in the recommendation. What is recorded twice, contradicts the records or lies in
    the future is refused. Nothing is overwritten: `valuelift record undo` takes a record back, `valuelift audit` lists
    them. To enter many at once, use `valuelift record file`.

    \b
    Example:
      valuelift record communication moonbridge --value people --medium visit
      valuelift record effect moonbridge people --outcome accepted
      valuelift record fact moonbridge judgement.both_want=yes --sure told
      valuelift record action moonbridge 2 --state declined --because no_means
      valuelift record undo
    """


for _kind in KINDS:
    command.add_command(subcommand(_kind))


# --- effects ---


@command.command("effect", short_help="Record what was heard of a value conveyed.")
@click.argument("customer")
@click.argument("communication")
@click.option("--outcome", required=True, type=Word(OUTCOMES), metavar="OUTCOME", help=f"One of {', '.join(OUTCOMES)}.")
@click.option("--reason", type=Said(), metavar="TEXT", help="What they said, and why. Kept as personal data.")
@click.option("--contact", type=Said(), metavar="ROLE", help="From whom it was heard, such as buyer, user.")
@record_options
def effect(
    customer: str, communication: str, outcome: str, reason: str | None, contact: str | None, entering: Entering
) -> None:
    """Record what was heard of a value that we conveyed to CUSTOMER.

    COMMUNICATION is its key, or the kind of value if its effect has not been heard yet. If the customer recognised or
    accepted the value, the perception of it rises with the effect, as the rules say; it never falls by it. Many at
    once: `valuelift record file`.

    \b
    Example:
      valuelift record effect moonbridge people --outcome accepted --contact buyer
    """

    from common.recording import effect_heard

    def heard(at: At) -> Sequence[Statement]:
        require_word(contact, at.book.vocabulary.enums["contact_role"].members, "--contact")
        row = at.book.find("communications", communication, among="value_kind")
        return effect_heard(at, row, entering.on, outcome, heard_from=contact, heard_reason=reason)

    enter(entering, customer, heard)


# --- answers ---


@command.command("fact", short_help="Record or confirm what is known of CUSTOMER.")
@click.argument("customer")
@click.argument("answer", metavar="FACT=VALUE")
@click.option("--evidence", type=Said(), metavar="TEXT", help="What was said or seen; needed for a perception.")
@click.option(
    "--sure",
    type=Word(SURE),
    metavar="HOW",
    help="How a perception or judgement is known: estimate (our own guess), told (the customer said so) or seen (in "
    "documents or on site).",
)
@record_options
def fact(customer: str, answer: str, evidence: str | None, sure: str | None, entering: Entering) -> None:
    """Record the answer to a question that `valuelift recommend` asks about CUSTOMER.

    FACT=VALUE names a fact of the catalogue: base data such as credit_score, a judgement such as judgement.both_want,
    a perception such as perception.brand. A perception rises one step at a time; otherwise it follows from effects.
    What is counted from orders, payments or talks cannot be answered. A perception or judgement said again for a later
    day is confirmed by it; one that is --sure estimate is asked for until it is told or seen.

    \b
    Example:
      valuelift record fact moonbridge credit_score=640 --on 2026-06-20
      valuelift record fact moonbridge judgement.both_want=yes --sure told
    """
    from facts.answers import answered, read_answer

    def answers(at: At) -> Sequence[Statement]:
        try:
            read = read_answer(at.book.vocabulary, answer)
        except ValueError as error:
            raise click.BadParameter(error.args[0], param_hint="FACT=VALUE") from None
        return [answered(at.book, read, entering.on, evidence, sure)]

    enter(entering, customer, answers)


# --- actions ---


@command.command("action", short_help="Take on, finish, put off or decline an action.")
@click.argument("customer")
@click.argument("action")
@click.option("--state", required=True, type=Word(STATES), metavar="STATE", help=f"One of {', '.join(STATES)}.")
@click.option("--until", type=Day(), metavar="DATE", help="When to advise a snoozed action again.")
@click.option("--because", type=Said(), metavar="REASON", help="Why it was declined: one of those above.")
@click.option("--reason", type=Said(), metavar="TEXT", help="A note; needed with --because other.")
@click.option(
    "--about", type=Said(), metavar="KEY", help="Which complaint, need and so on, if it is advised for several."
)
@record_options
def action(
    customer: str,
    action: str,
    state: str,
    until: date | None,
    because: str | None,
    reason: str | None,
    about: str | None,
    entering: Entering,
) -> None:
    """Record how an advised ACTION for CUSTOMER stands.

    ACTION is its number in the plan that `valuelift recommend` shows, what it is called there, or its id. To decline
    one, say why by --because; `valuelift record reasons` counts the reasons for each rule that advised it.

    \b
    Why it was declined:
      not_needed        the customer does not need it
      wrong_time        not at this time
      customer_refuses  the customer does not want it
      done_otherwise    done in another way
      no_means          we lack people or means
      facts_wrong       the facts behind the advice are wrong
      other             another reason, told by --reason

    \b
    Example:
      valuelift record action moonbridge 3 --state open
      valuelift record action grey-heron "Propose a small trial" \\
        --state snoozed --until 2026-07-20
      valuelift record action moonbridge 2 --state declined --because no_means
    """
    _check_action(state, until, because, reason, entering.on)

    from common.recording import action_stands

    def stands(at: At) -> Sequence[Statement]:
        pack = at.desk.rules.pack
        require_word(because, pack.vocabulary.enums["decline_reason"].members, "--because")
        meant, advised = action_meant(at, action, about)
        said = {"until": until, "reason": reason, "declined_because": because}
        return action_stands(at, meant, advised, entering.on, state=state, about=about or "", **said)

    enter(entering, customer, stands)


def _check_action(state: str, until: date | None, because: str | None, reason: str | None, on: date) -> None:
    if (state == "snoozed") != (until is not None):
        raise click.UsageError(said("--until and --state snoozed go together: say when to advise it again."))
    if until is not None and until <= on:
        raise click.BadParameter(
            said("{until} is not after {on}, from when it is snoozed.", until=until, on=on), param_hint="--until"
        )
    if (state == "declined") != (because is not None):
        raise click.UsageError(
            said(
                "--because and --state declined go together: say why. It is one of {words}.",
                words=DECLINED_BECAUSE,
            )
        )
    if because == "other" and not reason:
        raise click.UsageError(said("--because other needs a --reason: say why."))


@command.command("reasons", short_help="Count why actions were declined.")
@click.option("--customer", metavar="CUSTOMER", help="Only those of this customer.")
@pack_option
@language_option
@json_option
@db_option
def reasons(customer: str | None, pack: Path | None, language: str, as_json: bool, db: str | None) -> None:
    """Count why actions were declined, for each rule that advised them.

    A rule whose advice is declined often, for the same reason, is worth a look.

    \b
    Example:
      valuelift record reasons --json
    """
    from commands.record.reasons import show_reasons

    show_reasons(customer, Query(db, today(db), None, pack, language, as_json))


# --- many at once ---


@command.command("file", short_help="Record what a CSV or XLSX file lists.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind",
    type=Word(FILED),
    default=FILED[0],
    metavar="KIND",
    show_default=True,
    help=f"What its rows are, one of {', '.join(FILED)}.",
)
@click.option("--template", is_flag=True, help="Print the heading and an example row of the kind, and stop.")
@click.option("--dry-run", is_flag=True, help="Check everything and record nothing.")
@user_option
@query_of_record
def file(file: Path | None, kind: str, template: bool, dry_run: bool, user: str, query: Query) -> None:
    """Record what FILE lists, a CSV (or XLSX) with a row for each.

    Rows are communications with their effects, or another --kind. All faults are named at once, with row and column,
    and then nothing is recorded. Rows on record already change nothing; a row that says more of one on record, such
    as its effect or when it was settled, adds that. Perceptions rise as by `valuelift record effect`. The audit log
    gets an entry for each customer. docs/loop.md explains the columns.

    \b
    Example:
      valuelift record file --template > june.csv
      valuelift record file june.csv --dry-run
      valuelift record file complaints.xlsx --kind complaint
    """
    if template:
        from common.record_file import template as template_of

        click.echo(template_of(kind), nl=False)
        return
    if file is None:
        raise click.UsageError(said("Give the file, or --template."))
    from commands.record.file import record_from

    record_from(file, kind, user, query, dry_run=dry_run)


# --- duplicates ---


@command.command("merge", short_help="Say that CUSTOMER is another customer recorded twice.")
@click.argument("customer")
@click.option("--into", "survivor", required=True, metavar="CUSTOMER", help="The customer that stands for both.")
@user_option
@query_of_record
def merge(customer: str, survivor: str, user: str, query: Query) -> None:
    """Record that CUSTOMER is the same as another, and always was.

    The other one stands for both from now on: under its name and key, with the facts of both. `valuelift customers
    --duplicates` lists pairs that may be one. Where the two say otherwise of the same thing, `valuelift ask` names both
    records. Nothing is deleted, and `valuelift record undo` parts them again.

    \b
    Example:
      valuelift record merge moonbridge-2 --into moonbridge
    """
    from commands.record.merging import merge_two

    merge_two(customer, survivor, user, query)


# --- undo ---


@command.command("undo", short_help="Take back the last record, or record NUMBER.")
@click.argument("number", required=False, type=int)
@user_option
@query_of_record
def undo(number: int | None, user: str, query: Query) -> None:
    """Take back the last thing that you recorded or confirmed, or record NUMBER.

    Nothing is deleted: as known at an earlier moment (--known-at) the store still says what it said then. What was
    recorded on top of a record is to be taken back first.

    \b
    Example:
      valuelift record undo --as ana
      valuelift record undo 12
    """
    from commands.record.undoing import take_back

    take_back(number, user, query)
