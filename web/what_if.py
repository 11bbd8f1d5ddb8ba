"""What can be asked by `What if?`: the customer's facts by what they are about, and how the value of one is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from common.texts import Texts
from engine.changed import SettingError, read_value, settable
from engine.snapshot import CustomerFacts
from engine.vocabulary import Fact, Origin
from engine.wording import Wording
from facts.answers import source_of
from web.asking import choices_for, input_for


@dataclass(frozen=True, slots=True)
class Made:
    """A change, as `fact=value` and in words, and the others, which remain if it is left out."""

    change: str
    said: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settable:
    """The facts that can be set, by group, and how a value of the `chosen` one is given: `kind` and `choices`.

    `before` is the value that it has, in words, and `value` the one that stands in the form: the one that it is set to,
    else the one that it has. `made` are the changes that are made already.
    """

    groups: Mapping[str, Mapping[str, str]]
    chosen: str
    kind: str
    choices: Mapping[str, str]
    before: str
    value: str
    made: tuple[Made, ...]


def settable_facts(
    wording: Wording, facts: CustomerFacts, asked: Iterable[str], chosen: str, changes: Sequence[str], texts: Texts
) -> Settable:
    """Return what can be set.

    Args:
        wording: in the reader's language.
        facts: the customer's.
        asked: facts whose values would settle results; they come first.
        chosen: the fact for which a value is to be given; if there is none such, the first.
        changes: what is set already, as `fact=value`; what cannot be read is left out.
        texts: in the reader's language.
    """
    known = [fact for fact in wording.vocabulary.in_scope(None) if not fact.is_derived]
    names = [fact.name for fact in known]
    first = [name for name in asked if name in names]
    groups: dict[str, dict[str, str]] = {}
    for fact in sorted(known, key=lambda fact: first.index(fact.name) if fact.name in first else len(first)):
        group = "asked" if fact.name in first else _about(fact)
        groups.setdefault(texts(f"about_{group}"), {})[fact.name] = wording.text(fact.title)
    fact = next((fact for fact in known if fact.name == chosen), None) or _first(groups, known)
    return Settable(
        groups,
        fact.name,
        input_for(fact),
        choices_for(texts, wording, fact),
        wording.measure(fact, facts.facts.get(fact.name)),
        _written(fact, facts, changes),
        tuple(_made(wording, texts, changes)),
    )


def _first(groups: Mapping[str, Mapping[str, str]], known: Collection[Fact]) -> Fact:
    name = next(iter(next(iter(groups.values()))))
    return next(fact for fact in known if fact.name == name)


def _about(fact: Fact) -> str:
    return "portfolio" if fact.origin is Origin.PORTFOLIO else source_of(fact)


def _written(fact: Fact, facts: CustomerFacts, changes: Sequence[str]) -> str:
    """Return the value that a fact is set to, else the one that it has, as forms write it."""
    given = [value for name, _, value in (change.partition("=") for change in changes) if name == fact.name]
    if given:
        return given[-1]
    value = facts.facts.get(fact.name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _made(wording: Wording, texts: Texts, changes: Sequence[str]) -> Iterator[Made]:
    """Yield the changes that can be read."""
    said = {}
    for change in changes:
        name, _, value = change.partition("=")
        with suppress(SettingError):
            fact = settable(wording.vocabulary, name)
            read = read_value(wording.vocabulary, fact, value) if value else None
            said[change] = f"{wording.text(fact.title)}{texts('colon')}{wording.measure(fact, read)}"
    for change, words in said.items():
        yield Made(change, words, tuple(other for other in said if other != change))
