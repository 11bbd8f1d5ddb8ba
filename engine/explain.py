"""Say why: the reasons of fired rules, where a criterion stands, and which questions would settle what is open."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from engine.decision import Decision, Fired, State
from engine.frozen import dataclass
from engine.model import All, AnyOf, Condition, Constant, Not, Op, Pack, SetFact, Test, facts_of, tests_of
from engine.rulebook import rulebook
from engine.snapshot import CustomerFacts
from engine.vocabulary import BEGINNING, Fact, FactKey, Text, Type, Value
from engine.wording import Wording, agreeing, sentence

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_CUSTOMER = "customer."
_PARAMETER = "param:"

_NOT_RECORDED = Text("not recorded", "没有记录")
_ON_RECORD = Text("{number} on record", "已记录{number}条")
_SOME_ON_RECORD = Text("{number} on record, not known since when all are", "已记录{number}条，何时起记全不详")
_ASK_COLLECTION = Text(
    "{title}: nobody keeps a record of these yet. What do we know?", "还没有登记过{title}，目前了解多少？"
)
_ASK_SINCE = Text("{title}: since when is every one of them recorded?", "{title}：从什么时候起全部登记在案？")
_ASK_EARLIER = Text(
    "{title}: what happened before {date}, since when they are recorded?", "{title}：{date}之前没有记录，请补充。"
)
_ASK_MORE = Text("{title}: the records leave something open. What do we know?", "{title}：已有记录不足以判断，请补充。")
_ASK_ROW_FACT = Text(
    "{title}: {facts} not entered in {number} of {all}. What do we know?",
    "{title}：{all}条中有{number}条未登记{facts}，请补充。",
)
_ASK_FACT = Text("What is known of this: {title}?", "{title}是多少？")
_COLON = Text("{title}: {value}", "{title}：{value}")
_SEMICOLON = Text("; ", "；")

_ROWS_TOLD = 3
"""So many rows at most are told one by one where a criterion is not met; of more it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer would settle results: in words, whom to ask (a role in words), the fact asked for."""

    fact: str
    text: str
    role: str
    settles: tuple[str, ...]


class Explainer:
    """A decision, the facts it rests on and the pack that made it: enough to explain it in one language."""

    def __init__(self, pack: Pack, customer: CustomerFacts, decision: Decision, wording: Wording) -> None:
        self.pack = pack
        self.customer = customer
        self.decision = decision
        self.wording = wording

    # --- reasons ----------------------------------------------------------------------------------------------------

    def reason(self, fired: Fired) -> str:
        """Return a fired rule's reason, its placeholders filled in."""
        rule = rulebook(self.pack)[fired.rule]
        known = dict(fired.because)

        def fill(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith(_PARAMETER):
                return self._parameter(name.removeprefix(_PARAMETER))
            about_customer = rule.scope is None or name.startswith(_CUSTOMER)
            key = FactKey(None if about_customer else rule.scope, name.removeprefix(_CUSTOMER))
            value = known[name] if name in known else self.value(key, fired.row)
            return self.wording.value(self.pack.vocabulary.facts[key], value)

        said = _PLACEHOLDER.sub(fill, self.wording.text(rule.because))
        return sentence(agreeing(said))

    def reasons(self, rules: Iterable[str], row: str = "") -> tuple[str, ...]:
        """Return the different reasons of these rules, of one row if it is given, in the order of the rules."""
        found = (
            self.reason(fired)
            for rule in rules
            for fired in self._fired[rule]
            if not (row and fired.row) or fired.row == row
        )
        return tuple(dict.fromkeys(found))

    def reasons_for(self, fact: FactKey, value: str) -> tuple[str, ...]:
        """Return the reasons of the fired rules, table rows and gates that give a fact this value."""
        setting = (
            rule.id for rule in self.pack.rules if SetFact(fact, value) in rule.conclusions and rule.id in self._fired
        )
        tables = (
            f"{table.id}#{row.id}"
            for table in self.pack.tables
            if fact in table.outputs
            for row in table.rows
            if row.values and row.values[table.outputs.index(fact)] == value
        )
        gates = (gate.id for gate in self.pack.gates if fact == self.pack.ladder.proposed and gate.to == value)
        return self.reasons([*setting, *tables, *gates])

    def value(self, key: FactKey, row: str = "") -> Value | None:
        """Return what a fact of the customer, or of one row, came to in the end."""
        return value_of(self.customer, self.decision, key, row)

    def row_facts(self, collection: str, row: str) -> dict[str, Value]:
        """Return the recorded facts of one row, by name."""
        return row_facts(self.customer, collection, row)

    @cached_property
    def _fired(self) -> dict[str, list[Fired]]:
        found: dict[str, list[Fired]] = defaultdict(list)
        for fired in self.decision.fired:
            found[fired.rule].append(fired)
        return found

    def _parameter(self, name: str) -> str:
        values = self.pack.parameters[name].values
        return self.wording.listed(
            self.wording.number(value) if isinstance(value, int | Decimal) else str(value) for value in values
        )

    # --- criteria -----------------------------------------------------------------------------------------------------

    def standing(self, condition: Condition, state: State) -> tuple[str, ...]:
        """Return the facts that keep a condition from being met: for an unknown one, those that are not known."""
        if state is State.MET:
            return ()
        found = dict.fromkeys(self._undecided(condition) if state is State.UNKNOWN else _looked_at(condition))
        return tuple(
            self.wording.text(_COLON).format(title=self.wording.title(str(name)), value=said)
            for name in found
            for said, known in [self._stands(name, condition)]
            if not known or state is State.NOT_MET
        )

    def _undecided(self, condition: Condition) -> Iterator[FactKey | str]:
        """Yield what a condition looks at, without parts that want a fact to be known that is not: they are false."""
        match condition:
            case All() if any(map(self._wants_in_vain, condition.items)):
                return
            case All() | AnyOf():
                for item in condition.items:
                    yield from self._undecided(item)
            case Not():
                yield from self._undecided(condition.item)
            case _:
                yield from _looked_at(condition)

    def _wants_in_vain(self, condition: Condition) -> bool:
        if not isinstance(condition, Test) or condition.op is not Op.KNOWN:
            return False
        return condition.operand == Constant((True,)) and self.value(condition.fact) is None

    def _stands(self, name: FactKey | str, condition: Condition) -> tuple[str, bool]:
        """Return what a fact comes to, or what is on record in a collection, and whether that is all known."""
        if isinstance(name, FactKey):
            value = self.value(name)
            return self.wording.measure(self.pack.vocabulary.facts[name], value), value is not None
        rows, is_recorded = self.customer.rows.get(name, ()), name in self.customer.recorded
        if is_recorded and 0 < len(rows) <= _ROWS_TOLD:
            looked_at = [*_of_rows(condition, name)]
            told = (self._row_stands(name, row.key, looked_at) for row in rows)
            return self.wording.text(_SEMICOLON).join(told), True
        text = self._by_record(name, _ON_RECORD, _SOME_ON_RECORD, _NOT_RECORDED)
        return self.wording.text(text).format(number=self.wording.number(len(rows))), is_recorded

    def _row_stands(self, collection: str, row: str, looked_at: Iterable[FactKey]) -> str:
        """Return of what kind, or else of what day, a row is, and what the facts come to that a condition looks at."""
        declared = self.pack.vocabulary.in_scope(collection)
        known = [fact for fact in declared if self.value(fact.key, row) is not None]
        names = [fact.key for kind in (Type.CATEGORY, Type.DATE) for fact in known if fact.type is kind][:1]
        return self.wording.listed(self._row_fact(key, row) for key in dict.fromkeys([*names, *looked_at]))

    def _row_fact(self, key: FactKey, row: str) -> str:
        fact, value = self.pack.vocabulary.facts[key], self.value(key, row)
        is_word = fact.type in (Type.CATEGORY, Type.LEVEL) and value is not None
        return self.wording.measure(fact, value) if is_word else self.wording.titled(fact, value)

    def _by_record(self, collection: str, recorded: Text, some: Text, none: Text) -> Text:
        """Return a text by whether it is known since when all of a collection is recorded, else whether anything is."""
        if collection in self.customer.recorded:
            return recorded
        return some if self.customer.rows.get(collection) else none

    # --- what is open -----------------------------------------------------------------------------------------------

    def questions(self, facts: Iterable[str]) -> tuple[Question, ...]:
        """Return the questions whose answers could change any of these facts; those that settle most come first."""
        settles: dict[str, list[str]] = defaultdict(list)
        for fact in facts:
            for name in self.unknown(fact):
                settles[name].append(fact)
        ranked = sorted(settles.items(), key=lambda item: -len(item[1]))
        return tuple(self._question(name, tuple(settled)) for name, settled in ranked)

    def unknown(self, fact: str) -> tuple[str, ...]:
        """Return the recordable facts and collections that a provisional fact hangs on, derived ones followed."""
        found: dict[str, None] = {}
        waiting, seen = [fact], {fact}
        while waiting:
            for name in self._hangs_on[waiting.pop(0)]:
                if name in self._hangs_on:
                    waiting += [name] if name not in seen else []
                    seen.add(name)
                elif not self._is_derived(name):
                    found[name] = None
        return tuple(found)

    def _is_derived(self, name: str) -> bool:
        """Whether only rules could give a value: one that is settled to be missing cannot be asked for."""
        fact = self._declared(name)
        return fact is not None and fact.is_derived

    def _declared(self, name: str) -> Fact | None:
        """Return a fact by name, a row's named `collection.fact`; None for a collection."""
        inner = FactKey(*name.split(".", 1)) if "." in name else FactKey(None, name)
        return self.pack.vocabulary.fact(name) or self.pack.vocabulary.facts.get(inner)

    @cached_property
    def _hangs_on(self) -> dict[str, list[str]]:
        """Provisional facts, a row's named `collection.fact`, with the unknown names they hang on."""
        found: dict[str, list[str]] = defaultdict(list)
        for one in self.decision.provisional:
            keys = [
                key for key in self.pack.vocabulary.facts if key.name == one.fact and bool(key.scope) == bool(one.row)
            ]
            for key in keys:
                found[str(key)] += one.unknown
        return found

    def _question(self, name: str, settles: tuple[str, ...]) -> Question:
        text, role = self._asked(name)
        titles = tuple(self.wording.title(fact) for fact in settles)
        return Question(name, text, self.wording.member_of("contact_role", role) if role else "", titles)

    def _asked(self, name: str) -> tuple[str, str | None]:
        title = self.wording.title(name)
        if name in self.pack.vocabulary.collections:
            return self._asked_of(name, self._looked_at_in(name)), None
        asked = self._declared(name)
        if asked is not None and asked.ask is not None:
            return self.wording.text(asked.ask), asked.ask_role
        if asked is not None and asked.scope is not None:
            return self._asked_of(asked.scope, [asked]), None
        return self.wording.text(_ASK_FACT).format(title=title), None

    def _asked_of(self, collection: str, facts: Iterable[Fact]) -> str:
        """Return the question about a collection of which these facts of its rows matter."""
        rows = self.customer.rows.get(collection, ())
        missing = [fact for fact in facts if any(fact.name not in row.facts for row in rows)]
        names = {fact.name for fact in missing}
        since = self.customer.recorded.get(collection, (BEGINNING, None))[0]
        open_text = _ASK_ROW_FACT if missing else _ASK_MORE if since == BEGINNING else _ASK_EARLIER
        text = self._by_record(collection, open_text, _ASK_SINCE, _ASK_COLLECTION)
        return self.wording.text(text).format(
            title=self.wording.title(collection),
            all=self.wording.number(len(rows)),
            number=self.wording.number(sum(not names <= row.facts.keys() for row in rows)),
            facts=self.wording.listed(self.wording.text(fact.title) for fact in missing),
            date=self.wording.date(since),
        )

    def _looked_at_in(self, collection: str) -> list[Fact]:
        """Return the recorded facts of a collection's rows that rules ask for which could still change results."""
        rules = {rule for one in self.decision.provisional if collection in one.unknown for rule in one.rules}
        book = rulebook(self.pack)
        asked = [book[rule] for rule in rules if rule in book]
        conditions = [when for each in asked for when in (each.when, *(one.when for one in each.criteria))]
        looked_at = {key for condition in conditions for key in _of_rows(condition, collection)}
        return [fact for fact in self.pack.vocabulary.in_scope(collection) if fact.key in looked_at]


def value_of(customer: CustomerFacts, decision: Decision, key: FactKey, row: str = "") -> Value | None:
    """Return what a fact of the customer, or of one row, came to in the end."""
    if key.scope is None:
        return decision.values.get(key.name, customer.facts.get(key.name))
    derived = decision.rows.get(key.scope, {}).get(row, {})
    return derived.get(key.name, row_facts(customer, key.scope, row).get(key.name))


def row_facts(customer: CustomerFacts, collection: str, row: str) -> dict[str, Value]:
    """Return the recorded facts of one row, by name."""
    rows = customer.rows.get(collection, ())
    return next((dict(found.facts) for found in rows if found.key == row), {})


def _of_rows(condition: Condition, collection: str) -> Iterator[FactKey]:
    """Yield the facts of a collection's rows that a condition looks at."""
    for test in tests_of(condition):
        if isinstance(test, Test):
            yield from (key for key in facts_of(test) if key.scope == collection)
        elif test.collection == collection:
            yield from _of_rows(test.where, collection)
            if test.of is not None:
                yield test.of


def _looked_at(condition: Condition) -> Iterator[FactKey | str]:
    """Yield the customer's facts, and the collections, that a condition looks at."""
    for test in tests_of(condition):
        if isinstance(test, Test):
            yield from facts_of(test)
        else:
            yield test.collection
