"""The kinds of things that are entered row by row: each is a table, with options for its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from commands.options import Day, Said
from commands.record.entering import Entering, enter, record_options, require_word
from engine.said import said

if TYPE_CHECKING:
    from common.recording import At
    from facts.recording import Statement


@dataclass(frozen=True, slots=True)
class Given:
    """An option for a column. A `flag` has two names, such as `--felt/--not-felt`."""

    column: str
    option: str
    help: str
    metavar: str = "WORD"
    needed: bool = False  # for something new
    type: Any = field(default_factory=Said)
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A subcommand. `earlier` is the name of the argument by which it says more of something recorded earlier."""

    name: str
    table: str
    help: str
    given: tuple[Given, ...]
    earlier: str | None = None
    keyed_by: str | None = None  # of a register that nothing identifies: the column that names its rows
    may_be_bare: bool = False  # that it is there says enough


def subcommand(kind: Kind) -> click.Command:
    """Return the command that records one kind of thing."""

    def record(entering: Entering, customer: str, earlier: str | None = None, **given: Any) -> None:
        says = {name: value for name, value in given.items() if value is not None}
        if not says and (earlier or not kind.may_be_bare):
            raise click.UsageError(
                said("Say something of the {name}: see `valuelift record {name} --help`.", name=kind.name)
            )
        enter(entering, customer, lambda at: _statements(kind, at, entering.on, earlier, says))

    command: Any = record_options(record)
    for each in reversed(kind.given):
        shown = {} if each.flag else {"metavar": each.metavar, "type": each.type}
        command = click.option(each.option, each.column, help=each.help, default=None, **shown)(command)
    if kind.earlier:
        command = click.argument("earlier", required=False, metavar=f"[{kind.earlier}]")(command)
    command = click.argument("customer")(command)
    return click.command(kind.name, help=kind.help)(command)


def _statements(kind: Kind, at: At, on: date, earlier: str | None, says: Mapping[str, Any]) -> list[Statement]:
    """Return what is said; where a value was to be conveyed, that is done with it."""
    from common.recording import CONVEY, done_with_it

    told = _statement(kind, at, on, earlier, says)
    is_conveyed = kind.table == "communications" and earlier is None
    return [told, *(done_with_it(at.book, CONVEY, on) if is_conveyed else ())]


def _statement(kind: Kind, at: At, on: date, earlier: str | None, says: Mapping[str, Any]) -> Any:
    from common.recording import conveyed, entry_at
    from facts.tables import FACT_TABLES

    table = FACT_TABLES[kind.table]
    for name, value in says.items():
        _check_word(at, kind, name, value)
    if table.info["shape"] == "event":
        if earlier is None:
            _require(kind, says)
            return at.book.event(kind.table, conveyed(at, says) if kind.table == "communications" else says, on)
        return at.book.more(kind.table, at.book.find(kind.table, earlier), says)
    if kind.keyed_by is None:
        identity = table.info["identity"]
        key = "/".join([at.book.customer, *(str(says.get(name) or "") for name in identity if name != "customer")])
    elif earlier is None:
        _require(kind, says)
        _require_named(kind, at, says)
        key = _new_key(kind, at, says, on)
    else:
        key = at.book.find(kind.table, earlier)["key"]
    if at.book.last(kind.table, key, on) is None:
        _require(kind, says)
    if "credit_limit" in says and "currency" not in says:
        says = {**says, "currency": at.book.currency("agreements", key, on)}
    return entry_at(at.book, kind.table, says, on, key)


def _require_named(kind: Kind, at: At, says: Mapping[str, Any]) -> None:
    """Refuse to begin a conflict by saying that it is over, while one is on record that is not."""
    from facts.database import StoreError

    rows = at.before.facts.rows.get(kind.table, ()) if says.get("settled") else ()
    if named := [row.key for row in rows if row.facts.get("settled") is False]:
        hint = said(
            "Name it to say how it stands: `valuelift record {name} {customer} {earlier} --settled`.",
            name=kind.name,
            customer=at.book.customer,
            earlier=kind.earlier,
        )
        raise StoreError(
            said("No new {name} is recorded as settled", name=kind.name),
            said("not settled yet: {named}", named=named),
            hint,
        )


def _require(kind: Kind, says: Mapping[str, Any]) -> None:
    missing = [each.option for each in kind.given if each.needed and each.column not in says]
    if missing:
        raise click.UsageError(said("Give {missing: and } for a new {name}.", missing=missing, name=kind.name))


def _check_word(at: At, kind: Kind, column: str, value: object) -> None:
    """Refuse a word that the column's list does not have."""
    from common.saying import members_of

    if column == "currency" and not re.fullmatch("[A-Z]{3}", str(value)):
        raise click.BadParameter(
            said("{value!r} is no currency. Write its code, such as EUR.", value=value), param_hint="--currency"
        )
    members = members_of(at.book.vocabulary, kind.table, column)
    if members and isinstance(value, str):
        require_word(value, members, next(each.option for each in kind.given if each.column == column))


def _new_key(kind: Kind, at: At, says: Mapping[str, Any], on: date) -> str:
    """Return a key for a row of a register that nothing but its name in the company identifies."""
    from common.recording import contact_key

    if kind.table == "contacts":
        return contact_key(at.book, says["name"], says["role"])
    word = says.get(kind.keyed_by or "")
    return f"{at.book.customer}/{kind.name}-{on}" if word is None else f"{at.book.customer}/{word}"


_EXAMPLE = "\n\n\b\nExample:\n"

KINDS = (
    Kind(
        "communication",
        "communications",
        "Record a value that was conveyed to CUSTOMER."
        "\n\nIf it is the value that was advised, the intended effect is taken from the advice. Record what was heard "
        "of it by `valuelift record effect`. COMMUNICATION names one on record, to say more of it. Many at once: "
        "`valuelift record file`."
        + _EXAMPLE
        + "  valuelift record communication moonbridge --value people --medium visit \\\n"
        "    --contact buyer --speaker account_manager --on 2026-06-20\n"
        "  valuelift record communication moonbridge people/visit/buyer/2026-06-20 \\\n    --cost low",
        (
            Given("value_kind", "--value", "The kind of value, such as product, people, brand.", "KIND", True),
            Given("medium", "--medium", "How, such as visit, technical_exchange, telephone.", "MEDIUM", True),
            Given("audience_role", "--contact", "To whom, such as buyer, user, decision_maker.", "ROLE"),
            Given("speaker_role", "--speaker", "Who spoke, such as account_manager, technical_staff.", "ROLE"),
            Given("cost_class", "--cost", "What it cost: low, medium or high.", "CLASS"),
            Given("intended_level", "--effect", "The effect we wanted: understood, recognised, accepted.", "LEVEL"),
            Given("message", "--message", "What was said.", "TEXT"),
        ),
        earlier="COMMUNICATION",
    ),
    Kind(
        "need",
        "needs",
        "Record how a need of CUSTOMER stands.\n\nWhat is not given stays as it was."
        + _EXAMPLE
        + "  valuelift record need moonbridge --kind quality --state partly_met",
        (
            Given("kind", "--kind", "quality, service, relationship, information, benefit, brand.", "KIND", True),
            Given("state", "--state", "unmet, partly_met or met.", "STATE", True),
            Given("tier", "--tier", "core, additional or latent.", "TIER"),
            Given("level", "--level", "basic, expected, augmented or potential.", "LEVEL"),
            Given("heart_value", "--heart", "worry_free, economical, suitable, change or success.", "VALUE"),
            Given("felt", "--felt/--not-felt", "Whether the customer feels it.", flag=True),
            Given("evidence", "--evidence", "What was said or seen.", "TEXT"),
            Given("sure", "--sure", "How it is known: estimate (our guess), told (by the customer) or seen.", "HOW"),
        ),
    ),
    Kind(
        "complaint",
        "complaints",
        "Record a complaint of CUSTOMER, or that it is settled.\n\nCOMPLAINT names one on record, to say more of it."
        + _EXAMPLE
        + "  valuelift record complaint moonbridge --signal supply_late --severity high\n"
        "  valuelift record complaint moonbridge supply_late/2026-06-20 \\\n    --settled 2026-06-28",
        (
            Given("signal", "--signal", "What it says, such as price_high, supply_late.", "SIGNAL", True),
            Given("severity", "--severity", "low, medium or high.", "LEVEL"),
            Given("settled_on", "--settled", "The day on which it was settled.", "DATE", type=Day()),
            Given("summary", "--summary", "What it is about. Kept as personal data.", "TEXT"),
        ),
        earlier="COMPLAINT",
    ),
    Kind(
        "dispute",
        "disputes",
        "Record a conflict with CUSTOMER, or how it stands.\n\nDISPUTE names one on record, to say how it stands now."
        + _EXAMPLE
        + "  valuelift record dispute moonbridge --on 2026-06-20\n"
        "  valuelift record dispute moonbridge dispute-2026-06-20 --talks 2 --settled",
        (
            Given("began_on", "--began", "The day on which it began.", "DATE", type=Day()),
            Given("talks_held", "--talks", "How many talks were held about it.", "N", type=click.IntRange(0, 10_000)),
            Given("settled", "--settled/--unsettled", "Whether it is settled.", flag=True),
            Given("cooperation_broken", "--broken/--resumed", "Whether cooperation is broken off.", flag=True),
            Given("summary", "--summary", "What it is about. Kept as personal data.", "TEXT"),
        ),
        earlier="DISPUTE",
        keyed_by="none",
        may_be_bare=True,
    ),
    Kind(
        "talk",
        "interactions",
        "Record a talk, a visit or a letter with CUSTOMER."
        + _EXAMPLE
        + "  valuelift record talk moonbridge --medium telephone --by theirs",
        (
            Given("medium", "--medium", "How, such as visit, telephone, email, meeting.", "MEDIUM", True),
            Given("direction", "--by", "Who sought it: ours, theirs or both.", "SIDE", True),
            Given("audience_role", "--contact", "With whom, such as buyer, user, decision_maker.", "ROLE"),
            Given("summary", "--summary", "What was said. Kept as personal data.", "TEXT"),
        ),
    ),
    Kind(
        "competitor",
        "competitor_signals",
        "Record how a competitor stands with CUSTOMER.\n\nWhat is not given stays as it was."
        + _EXAMPLE
        + "  valuelift record competitor moonbridge --competitor Northpeak \\\n    --value service --strength weak",
        (
            Given("competitor", "--competitor", "Its name.", "NAME", True),
            Given("value_kind", "--value", "The kind of value, such as product, service.", "KIND", True),
            Given("strength", "--strength", "weak, equal or strong, against us.", "STRENGTH", True),
            Given("disturbing", "--disturbing/--quiet", "Whether it tries to win the customer.", flag=True),
        ),
    ),
    Kind(
        "agreement",
        "agreements",
        "Record the terms agreed with CUSTOMER, kept or broken.\n\nWhat is not given stays as it was."
        + _EXAMPLE
        + "  valuelift record agreement moonbridge --kind cooperation --payment-days 30",
        (
            Given("kind", "--kind", "cooperation, or an offer such as pay_by_effect.", "KIND", True),
            Given("state", "--state", "kept or broken.", "STATE"),
            Given("payment_days", "--payment-days", "Days to pay.", "N", type=click.IntRange(0, 3650)),
            Given("credit_limit", "--credit-limit", "Highest credit.", "AMOUNT", type=Decimal),
            Given("currency", "--currency", "Its currency, such as EUR. By default the store's.", "CODE"),
            Given("measure", "--measure", "How the effect is measured.", "TEXT"),
        ),
    ),
    Kind(
        "referral",
        "referrals",
        "Record that CUSTOMER recommended us."
        + _EXAMPLE
        + "  valuelift record referral moonbridge --kind public_praise --on 2026-06-20",
        (Given("kind", "--kind", "referral, or public_praise.", "KIND", True),),
    ),
    Kind(
        "contact",
        "contacts",
        "Record a person at CUSTOMER.\n\nCONTACT names one on record, to say more. All but the role is kept as "
        "personal data and never leaves the store."
        + _EXAMPLE
        + '  valuelift record contact moonbridge --name "Li Na" --role decision_maker',
        (
            Given("name", "--name", "The person's name.", "NAME", True),
            Given("role", "--role", "Such as decision_maker, buyer, user, technical, finance.", "ROLE", True),
            Given("title", "--title", "The person's position.", "TEXT"),
            Given("telephone", "--telephone", "Telephone number.", "TEXT"),
            Given("email", "--email", "E-mail address.", "TEXT"),
            Given("notes", "--notes", "What helps to treat the person well.", "TEXT"),
        ),
        earlier="CONTACT",
        keyed_by="role",
    ),
)
