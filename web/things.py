"""What happens with a customer, each kind a form on its page: what it asks, and what it records.

A form is a row of `THINGS`. What a field can hold is what its column of the store can, so that a new form needs a row
here and its texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Integer

from common.recording import At, contact_key, entry_at
from common.saying import enum_of, members_of
from common.texts import Texts
from engine.wording import Wording
from facts.recording import Statement
from facts.tables import FACT_TABLES
from web.forms import FLAGS, Form, RefusedError


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a form asks for; `label` is the text that says what, `chosen` what it says at first."""

    column: str
    label: str
    needed: bool = False
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """A form about one table. `title` and `day` are texts; the day is when it was, or since when it is so.

    `earlier` is the text that asks which record the form is about, if it says more of one. `day_in` is the column of an
    event on record that the day goes into; where `day` is empty none is asked for. `named` begins the key of a row that
    its own columns do not identify.
    """

    table: str
    title: str
    fields: tuple[Field, ...]
    day: str = "on_day"
    earlier: str = ""
    day_in: str = ""
    named: str = ""


_SAID = Field("summary", "what_was_said")
_SETTLED = Field("settled", "dispute_settled")
_BROKEN = Field("cooperation_broken", "cooperation_broken")

THINGS: Mapping[str, Thing] = {
    "talk": Thing(
        "interactions",
        "talk_held",
        (
            Field("medium", "talk_medium", needed=True),
            Field("direction", "talk_direction", needed=True),
            Field("audience_role", "talk_with"),
            _SAID,
        ),
    ),
    "complaint": Thing(
        "complaints",
        "complaint_made",
        (
            Field("signal", "complaint_says", needed=True),
            Field("severity", "complaint_severity", needed=True, chosen="medium"),
            Field("summary", "what_they_said"),
        ),
    ),
    "cost": Thing(
        "communications", "value_cost", (Field("cost_class", "cost", needed=True),), day="", earlier="which_value"
    ),
    "complaint-settled": Thing(
        "complaints", "complaint_settled", (), day="settled_on", earlier="which_complaint", day_in="settled_on"
    ),
    "need": Thing(
        "needs",
        "need_stands",
        (
            Field("kind", "need_kind", needed=True),
            Field("state", "need_state", needed=True),
            Field("tier", "need_tier"),
            Field("level", "need_level"),
            Field("felt", "need_felt"),
            Field("heart_value", "need_heart"),
            Field("evidence", "how_known"),
            Field("sure", "sure"),
        ),
    ),
    "agreement": Thing(
        "agreements",
        "agreement_made",
        (
            Field("kind", "agreement_kind", needed=True),
            Field("state", "agreement_state", needed=True, chosen="kept"),
            Field("payment_days", "agreement_days"),
            Field("measure", "agreement_measure"),
        ),
    ),
    "competitor": Thing(
        "competitor_signals",
        "competitor_stands",
        (
            Field("competitor", "competitor_name", needed=True),
            Field("value_kind", "competitor_value", needed=True),
            Field("strength", "competitor_strength", needed=True),
            Field("disturbing", "competitor_disturbing"),
        ),
    ),
    "dispute": Thing(
        "disputes",
        "dispute_began",
        (Field("summary", "dispute_about"), _BROKEN),
        day="dispute_since",
        named="dispute",
    ),
    "dispute-stands": Thing(
        "disputes",
        "dispute_stands",
        (Field("talks_held", "talks_held"), _SETTLED, _BROKEN),
        earlier="which_dispute",
    ),
    "contact": Thing(
        "contacts",
        "contact_met",
        (
            Field("name", "contact_name", needed=True),
            Field("role", "contact_role", needed=True),
            Field("title", "contact_title"),
            Field("telephone", "contact_telephone"),
            Field("email", "contact_email"),
        ),
        day="contact_since",
    ),
    "referral": Thing("referrals", "referral_made", (Field("kind", "referral_kind", needed=True),)),
}
"""The forms, by the names that they go by in addresses, in the order in which the page shows them."""


# --- what a form states ---


def stated(thing: Thing, at: At, form: Form) -> list[Statement]:
    """Return what a form says happened, or how it says that something stands.

    Raises:
        RefusedError: if something is missing, or a field cannot be read.
        StoreError: if it contradicts the records.
    """
    said = {each.column: form.column(thing.table, each.column) for each in thing.fields}
    if missing := next((each.column for each in thing.fields if each.needed and said[each.column] is None), None):
        raise RefusedError("refused_missing", missing)
    known = {name: value for name, value in said.items() if value is not None}
    if thing.earlier:
        return [_of_earlier(thing, at, form, known)]
    if FACT_TABLES[thing.table].info["shape"] == "event":
        return [at.book.event(thing.table, known, form.on)]
    return [entry_at(at.book, thing.table, known, form.on, _key(thing, at, form, known))]


def _of_earlier(thing: Thing, at: At, form: Form, known: Mapping[str, Any]) -> Statement:
    """Return the statement that says more of a record, or how what it is about stands now."""
    named = form.text("earlier")
    if named is None:
        raise RefusedError("refused_missing", "earlier")
    row = at.book.find(thing.table, named)
    if FACT_TABLES[thing.table].info["shape"] == "event":
        return at.book.more(thing.table, row, {**known, thing.day_in: form.on} if thing.day_in else known)
    if not known:
        raise RefusedError("refused_missing", thing.fields[0].column)
    return entry_at(at.book, thing.table, known, form.on, row["key"])


def _key(thing: Thing, at: At, form: Form, known: Mapping[str, Any]) -> str:
    """Return the key of what a row of a register is about."""
    if thing.table == "contacts":
        return contact_key(at.book, known["name"], known["role"])
    identity = FACT_TABLES[thing.table].info["identity"]
    own = [f"{thing.named}-{form.on}"] if thing.named else [str(known[name]) for name in identity if name != "customer"]
    return "/".join([at.book.customer, *own])


# --- how a form is shown ---


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field as the page shows it: a choice, or a `text` or `number`, for which words may be on offer."""

    name: str
    label: str
    kind: str
    choices: Mapping[str, str]
    needed: bool
    chosen: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form as the page shows it; `rows` are the records that it can be about, by key, if it asks for one."""

    name: str
    title: str
    fields: tuple[ShownField, ...]
    day: str
    earlier: str
    rows: Mapping[str, str]


def form_for(table: str) -> str:
    """Return the name of the form by which something new is recorded in a table, empty if there is none."""
    return next((name for name, thing in THINGS.items() if thing.table == table and not thing.earlier), "")


def shown_forms(
    texts: Texts,
    wording: Wording,
    open_rows: Mapping[str, Mapping[str, str]],
    standing: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Iterator[ShownForm]:
    """Yield the forms; one that says more of a record only where there is one.

    Args:
        texts: in the reader's language.
        wording: the same, for words of the catalogue.
        open_rows: of tables, the records of which there is more to say, by key, in words.
        standing: of tables, the rows that stand: names that were typed before are on offer again.
    """
    for name, thing in THINGS.items():
        rows = open_rows.get(thing.table, {}) if thing.earlier else {}
        if thing.earlier and not rows:
            continue
        fields = tuple(_shown(texts, wording, thing.table, each, standing) for each in thing.fields)
        earlier = texts(thing.earlier) if thing.earlier else ""
        yield ShownForm(name, texts(thing.title), fields, texts(thing.day) if thing.day else "", earlier, rows)


def _shown(
    texts: Texts,
    wording: Wording,
    table: str,
    field: Field,
    standing: Mapping[str, Sequence[Mapping[str, Any]]],
) -> ShownField:
    column = FACT_TABLES[table].c[field.column]
    choices = _choices(texts, wording, table, field.column)
    kind = "choice" if choices else "number" if isinstance(column.type, Integer) else "text"
    is_name = field.column in FACT_TABLES[table].info["identity"] and kind == "text"
    known = sorted({str(row[field.column]) for row in standing.get(table, ()) if row[field.column]}) if is_name else ()
    return ShownField(field.column, texts(field.label), kind, choices, field.needed, field.chosen, tuple(known))


def _choices(texts: Texts, wording: Wording, table: str, column: str) -> dict[str, str]:
    """Return the words that a column can hold with what they are called; none if it holds other things."""
    if isinstance(FACT_TABLES[table].c[column].type, Boolean):
        return {flag: texts(flag) for flag in FLAGS}
    enum = enum_of(wording.vocabulary, table, column)
    if enum is not None:
        return {member: wording.member_of(enum, member) for member in members_of(wording.vocabulary, table, column)}
    prefix = "sure" if column == "sure" else "word"
    return {member: texts(f"{prefix}_{member}") for member in members_of(wording.vocabulary, table, column)}
