"""Answers to the questions that a recommendation asks: where each is kept, and which cannot be given by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.errors import did_you_mean
from engine.said import Said, said
from engine.vocabulary import Fact, Origin, Value, Vocabulary
from facts.book import Book
from facts.database import StoreError
from facts.features import features
from facts.own import UnreadableError, is_said, value_of, written
from facts.recording import Statement
from facts.tables import PERCEPTION_LEVELS, customers

_FAMILIES = {"perception": ("perceptions", "value_kind", "level"), "judgement": ("assessments", "criterion", "verdict")}
"""Families of facts: the table, the column of the member and that of the value."""

_SINGLE = {
    "cooperation_acceptance": ("perceptions", "value_kind", "cooperation", "level"),
    "cooperation_agreement": ("agreements", "kind", "cooperation", "state"),
}
_BY_COMMAND = {
    "stage_history": said("Use `valuelift confirm`."),
    "competitor_signals": said("Use `valuelift record competitor`."),
    "interactions": said("Use `valuelift record talk` for each talk."),
    "communications": said("Use `valuelift record communication` and `valuelift record effect`."),
    "agreements": said("Use `valuelift record agreement`."),
    "referrals": said("Use `valuelift record referral` for each recommendation."),
    "actions": said("Use `valuelift record action`."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A customer fact and the value that somebody answered."""

    fact: Fact
    value: Value

    @property
    def is_perception(self) -> bool:
        """Whether it says how far the customer has come with a value or with the way of cooperation."""
        return self.fact.family == "perception" or self.fact.name == "cooperation_acceptance"

    @property
    def is_judged(self) -> bool:
        """Whether it is a perception or a judgement, of which is kept how surely it is known."""
        return is_judged(self.fact)


def read_answer(vocabulary: Vocabulary, text: str) -> Answer:
    """Return the answer `fact=value`.

    Raises:
        UnreadableError: telling what is wrong with it: the form, the fact's name, or the value.
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value.strip():
        raise UnreadableError(said("{text!r} is no answer", text=text), said("Write it as credit_score=620."))
    fact = vocabulary.fact(name)
    if fact is None:
        known = [each.name for each in vocabulary.in_scope(None)]
        hint = did_you_mean(name, known) or _answerable(vocabulary)
        raise UnreadableError(said("There is no fact {name!r}", name=name), hint)
    return Answer(fact, value_of(vocabulary, fact, value))


def is_answerable(fact: Fact) -> bool:
    """Return whether people answer a customer's fact, or it is counted, concluded, or recorded in another way."""
    return fact.family in _FAMILIES or fact.name in _SINGLE or fact.name in customers.c or is_said(fact)


def _answerable(vocabulary: Vocabulary) -> Said:
    """Return the sentence that says which facts people answer; of a family, which has many, one."""
    found = [fact for fact in vocabulary.in_scope(None) if is_answerable(fact)]
    alone = [fact.name for fact in found if fact.family is None]
    families = sorted({fact.family: fact.name for fact in found if fact.family is not None}.values())
    return said("People answer {alone}, and facts such as {families: and }.", alone=alone, families=families)


def is_judged(fact: Fact) -> bool:
    """Return whether a fact is a perception or a judgement, of which is kept how surely it is known."""
    return fact.family in _FAMILIES or fact.name == "cooperation_acceptance"


def answered(book: Book, answer: Answer, on: date, evidence: str | None, sure: str | None = None) -> Statement:
    """Return the statement that an answer makes.

    Args:
        book: the customer's.
        answer: the fact and its value.
        on: since when it is so, or the day on which it was heard.
        evidence: what the customer said or did, what was seen.
        sure: how surely it is known (`facts.tables.SURE`); kept of perceptions and judgements alone.

    Raises:
        StoreError: if the fact is not one that people answer, or the answer is no news, a contradiction, or a jump.
    """
    fact, value, known = answer.fact, answer.value, {"evidence": evidence, "sure": sure}
    if fact.family in _FAMILIES:
        table, subject, column = _FAMILIES[fact.family]
        return _judged(book, table, {subject: fact.member, column: value}, known, on)
    if sure is not None and not answer.is_judged:
        why = said("how it is known is kept of perceptions and judgements alone")
        raise StoreError(said("{fact} is not recorded", fact=fact.name), why, said("Leave out --sure."))
    if fact.name in _SINGLE:
        table, subject, member, column = _SINGLE[fact.name]
        row = {subject: member, column: value}
        if table == "agreements":
            return book.entry(table, row, on, f"{book.customer}/{member}")
        return _judged(book, table, row, known, on)
    if not is_answerable(fact):
        raise _not_answered(fact)
    if is_said(fact):
        own = {"fact": fact.name, "value": written(value), "evidence": evidence}
        return book.entry("own_facts", own, on, f"{book.customer}/{fact.name}")
    if fact.name == "annual_revenue":  # asked for in the base currency
        row = {fact.name: value, "currency": book.store.settings()["base_currency"]}
        return book.entry("customers", row, on, book.customer)
    return book.entry("customers", {fact.name: value}, on, book.customer)


def _judged(book: Book, table: str, said: Mapping[str, Any], known: Mapping[str, Any], on: date) -> Statement:
    """Return the statement of a perception or judgement; `known` is how it is known, and belongs to what is said."""
    key = f"{book.customer}/{next(iter(said.values()))}"
    before = book.last(table, key, on)
    if table == "perceptions":
        _require_step(None if before is None else before["level"], said, known["evidence"])
    if before is not None and all(before[name] == value for name, value in said.items()):
        known = {name: value for name, value in known.items() if value is not None}  # what is not said stays
    is_guess = before is not None and before["sure"] == "estimate" and known.get("sure") in ("told", "seen")
    may_change = (*said, *known) if is_guess else ()  # a guess gives way to what is heard on the same day
    return book.entry(table, {**said, **known}, on, key, may_change=may_change)


def _require_step(before: str | None, row: Mapping[str, Any], evidence: str | None) -> None:
    """A perception is answered with evidence, and rises one step at a time; more than that is for effects to show."""
    kind, level = row["value_kind"], row["level"]
    what = said("The perception of {kind} is not recorded", kind=kind)
    if not evidence:
        raise StoreError(
            what, said("nothing says how we know it"), said("Give what the customer said or did by --evidence.")
        )
    if before is not None and PERCEPTION_LEVELS.index(level) - PERCEPTION_LEVELS.index(before) > 1:
        why = said("from {before!r} to {after!r} is more than one step", before=before, after=level)
        raise StoreError(what, why, said("Record what was conveyed and its effect: `valuelift record effect`."))


def _not_answered(fact: Fact) -> StoreError:
    what = said("{fact} is not recorded", fact=fact.name)
    if fact.origin in (Origin.DERIVED, Origin.PORTFOLIO):
        return StoreError(what, said("it follows from the rules and from other facts"), said("Record those."))
    source = source_of(fact)
    hint = _BY_COMMAND.get(source, said("Import them: `valuelift import --help`."))
    return StoreError(what, said("it is counted from the records of {table}", table=source), hint)


def source_of(fact: Fact) -> str:
    """Return from the records of which table a customer's fact comes, `facts` if none tells."""
    if is_said(fact):
        return "own_facts"
    name = re.sub(r"_(prev_)?\d+d$", "", fact.family or fact.name)
    found = [
        each.name
        for kind in ("customers", "members", "spans")
        for each in features(kind)
        if re.search(rf"\b({name}|{fact.name})\b", each.sql)
    ]
    return next((each for each in found if each in _BY_COMMAND), found[0] if found else "facts")
