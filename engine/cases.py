"""Cases: facts in, expected conclusions out. They are the rule book's own tests, and run through any executor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.decision import Decision, State
from engine.errors import Location, Problems, did_you_mean
from engine.load.files import read_nodes
from engine.load.form import Form, kind_of
from engine.load.hints import slip_hint
from engine.load.values import WrongValueError, check_range, date_of, value_of
from engine.model import Pack
from engine.rulebook import rulebook
from engine.said import NOTHING, Said, a_, quoted, said
from engine.snapshot import CustomerFacts, Recorded, Row
from engine.vocabulary import BEGINNING, LATEST, Fact, Type, Value, id_of
from engine.yaml12 import Node, YList, YMap, YScalar, parse_yaml

Rows = Mapping[str, Mapping[str, Mapping[str, Value | None]]]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a decision must say. None and empty parts are not looked at; a value None means that the fact is missing."""

    values: Mapping[str, Value | None]
    rows: Rows
    gates: Mapping[str, State]
    fired: tuple[str, ...] = ()
    not_fired: tuple[str, ...] = ()
    actions: tuple[str, ...] | None = None
    advised: tuple[str, ...] = ()
    not_advised: tuple[str, ...] = ()
    provisional: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case, named by a sentence."""

    name: str
    facts: CustomerFacts
    expect: Expectation
    at: Location


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came out otherwise than expected, and why it came out so."""

    what: str
    expected: Said
    actual: Said
    why: Said = NOTHING

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Said:
        """The difference as a sentence that can be said in any language."""
        values = {"what": self.what, "expected": self.expected, "actual": self.actual}
        if not self.why:
            return said("{what}: expected {expected}, but got {actual}", **values)
        return said("{what}: expected {expected}, but got {actual} ({why})", **values, why=self.why)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case that was run: passed if there is no difference."""

    case: Case
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.differences


def load_cases(folder: Path, pack: Pack) -> tuple[Case, ...]:
    """Load the cases of a pack from `cases/` in the pack's folder, in the order of file names.

    Raises:
        ProblemsError: with every problem in all case files.
    """
    problems = Problems()
    paths = sorted((folder / "cases").glob("*.yaml"))
    nodes = read_nodes(paths, problems)
    problems.raise_any()
    return _cases(nodes.values(), pack)


def cases_from_text(text: str, pack: Pack, file: str = "cases.yaml") -> tuple[Case, ...]:
    """Load cases from a text.

    Raises:
        ProblemsError: with every problem in it.
    """
    return _cases([parse_yaml(text, file)], pack)


def _cases(nodes: Iterable[Node], pack: Pack) -> tuple[Case, ...]:
    problems = Problems()
    reader = _CaseReader(pack, problems)
    cases: dict[str, Case] = {}
    for node in nodes:
        form = Form(node, said("a file of cases"), problems)
        for item in form.required_items("cases"):
            case = reader.case(item)
            if case.name in cases:
                first = cases[case.name].at
                message = said("the case `{case}` is already at {first}.", case=case.name, first=first)
                problems.add(case.at, "duplicate-id", message, said("Rename one."))
            cases[case.name] = case
        form.has("equivalent")  # about mistakes in rules; see engine.mutation.equivalent
        form.close()
    problems.raise_any()
    return tuple(cases.values())


class _CaseReader:
    """Read cases against a pack."""

    def __init__(self, pack: Pack, problems: Problems) -> None:
        self._pack = pack
        self._vocabulary = pack.vocabulary
        self._gates = sorted(gate.id for gate in pack.gates)
        self._rules = rulebook(pack)
        self._problems = problems

    def case(self, node: Node) -> Case:
        form = Form(node, said("a case"), self._problems)
        name = form.word("case")
        form.required("as_of")
        as_of = form.date("as_of") or BEGINNING
        if as_of > LATEST:
            message = said("{date} is too far ahead.", date=as_of)
            form.problem(
                form.value_place("as_of"), "out-of-range", message, said("Give a date up to {date}.", date=LATEST)
            )
        rows = {
            collection: tuple(self._rows(collection, items)) for collection, items in self._by_collection(form, "rows")
        }
        recorded: dict[str, Recorded] = dict.fromkeys(rows, (BEGINNING, None))
        for collection, dates in self._by_collection(form, "recorded"):
            if isinstance(dates, YScalar) and dates.text == "never":
                recorded.pop(collection, None)
            else:
                recorded[collection] = self._recorded(dates)
        facts = CustomerFacts(name, as_of, self._facts(form.node("facts"), None), rows, recorded)
        expected = form.required("expect")
        expect = self._expectation(expected) if expected is not None else Expectation({}, {}, {})
        form.close()
        return Case(name, facts, expect, form.at)

    def _by_collection(self, outer: Form, key: str) -> Iterator[tuple[str, Node]]:
        node = outer.node(key)
        if node is not None:
            for name, content in Form(node, quoted(key), self._problems).rest():
                if outer.one_of(
                    name, said("a key of `{key}`", key=key), self._vocabulary.collections, "unknown-collection"
                ):
                    yield name.text, content

    def _rows(self, collection: str, node: Node) -> Iterator[Row]:
        keys: set[str] = set()
        for number, item in enumerate(node.items if isinstance(node, YList) else (), 1):
            form = Form(item, said("a row"), self._problems)
            key = form.optional_word("row") or str(number)
            if key in keys:
                message = said("there are two rows `{row}`.", row=key)
                form.problem(item.at, "duplicate-id", message, said("Give them different names by `row:`."))
            keys.add(key)
            yield Row(key, dict(self._values(form, collection)))
        if not isinstance(node, YList):
            message = said("rows are a list, not {kind}.", kind=kind_of(node))
            self._problems.add(node.at, "wrong-shape", message, said("Write `- {...}` for each."))

    def _recorded(self, node: Node) -> Recorded:
        if isinstance(node, YMap):
            form = Form(node, said("a record's time"), self._problems)
            start = form.required("from")
            recorded = (self._begin(start) if start is not None else BEGINNING, form.date("to"))
            form.close()
            return recorded
        return self._begin(node), None

    def _begin(self, node: Node) -> date:
        hint = said("Write `beginning`, `never` or YYYY-MM-DD.")
        if not isinstance(node, YScalar):
            self._problems.add(node.at, "wrong-type", said("{kind} is no day.", kind=kind_of(node)), hint)
        elif node.text != "beginning":
            try:
                return date_of(node, said("the day"))
            except WrongValueError as wrong:
                self._problems.add(node.at, wrong.code, wrong.message, hint)
        return BEGINNING

    def _facts(self, node: Node | None, scope: str | None) -> dict[str, Value]:
        return dict(self._values(Form(node, quoted("facts"), self._problems), scope)) if node is not None else {}

    def _values(self, form: Form, scope: str | None) -> Iterator[tuple[str, Value]]:
        for name, node in form.rest():
            fact = self._fact(name, scope)
            if fact is not None and fact.is_derived:
                message = said("`{name}` is concluded by rules.", name=name.text)
                self._problems.add(name.at, "derived-fact", message, said("Give what it follows from."))
            elif fact is not None and (value := self._value(node, fact)) is not None:
                yield name.text, value

    def _fact(self, name: YScalar, scope: str | None) -> Fact | None:
        fact = self._vocabulary.fact(name.text, scope)
        if fact is None:
            where = said("a row of `{scope}`", scope=scope) if scope else said("the customer")
            known = [known.name for known in self._vocabulary.in_scope(scope)]
            titles = ((fact.name, fact.title) for fact in self._vocabulary.in_scope(scope))
            hint = id_of(name.text, titles) or slip_hint(name.text, known) or did_you_mean(name.text, known)
            message = said("{where} has no fact `{name}`.", where=where, name=name.text)
            self._problems.add(name.at, "unknown-fact", message, hint)
        return fact

    def _value(self, node: Node, fact: Fact) -> Value | None:
        if not isinstance(node, YScalar):
            message = said("`{fact}` has one value, not {kind}.", fact=fact.name, kind=kind_of(node))
            self._problems.add(node.at, "wrong-shape", message)
            return None
        try:
            value = value_of(node, fact, self._vocabulary.enums)
            check_range(value, fact)
        except WrongValueError as wrong:
            self._problems.add(node.at, wrong.code, wrong.message, wrong.hint)
            return None
        return value

    # --- expectations -----------------------------------------------------------------------------------------------

    def _expectation(self, node: Node) -> Expectation:
        form = Form(node, quoted("expect"), self._problems)
        fired, not_fired = (self._named(form, key, self._rules, said("rule")) for key in ("fired", "not_fired"))
        actions = self._named(form, "actions", self._pack.actions, said("action")) if form.has("actions") else None
        facts = {key.name for key in self._pack.vocabulary.facts}
        provisional = self._named(form, "provisional", facts, said("fact")) if form.has("provisional") else None
        has, has_not = self._advised(form.node("advised"))
        gates = dict(self._gate_states(form))
        rows = {name: dict(self._expected_rows(content, name)) for name, content in self._by_collection(form, "rows")}
        return Expectation(
            dict(self._expected(form, None)), rows, gates, fired, not_fired, actions, has, has_not, provisional
        )

    def _named(self, form: Form, key: str, known: Collection[str], what: Said) -> tuple[str, ...]:
        """Return the words under a key, each of which must be known."""
        words = []
        for node in form.items(key):
            word = form.word_of(node, a_(what))
            if word and word not in known:
                message = said("there is no {what} `{word}`.", what=what, word=word)
                form.problem(node.at, f"unknown-{what}", message, did_you_mean(word, known))
            words.append(word)
        return tuple(words)

    def _advised(self, node: Node | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if node is None:
            return (), ()
        form = Form(node, quoted("advised"), self._problems, said("Write `{has: [...]}` or `{has_not: [...]}`."))
        has, has_not = (self._named(form, key, self._pack.actions, said("action")) for key in ("has", "has_not"))
        form.close()
        return has, has_not

    def _gate_states(self, form: Form) -> Iterator[tuple[str, State]]:
        node = form.node("gates")
        if node is not None:
            for name, state in Form(node, quoted("gates"), self._problems).rest():
                form.one_of(name, said("a key of `gates`"), self._gates, "unknown-gate")
                word = form.one_of(state, said("a gate's state"), [state.value for state in State])
                yield name.text, State(word or "unknown")

    def _expected_rows(self, node: Node, collection: str) -> Iterator[tuple[str, Mapping[str, Value | None]]]:
        for key, facts in Form(node, said("rows by name"), self._problems).rest():
            yield key.text, dict(self._expected(Form(facts, said("a row"), self._problems), collection))

    def _expected(self, form: Form, scope: str | None) -> Iterator[tuple[str, Value | None]]:
        for name, node in form.rest():
            fact = self._fact(name, scope)
            if fact is None:
                continue
            if not fact.is_derived and fact.falls_back_to is None:
                message = said("no rule concludes `{name}`.", name=name.text)
                self._problems.add(name.at, "not-derived", message, said("Expect a derived fact."))
            elif isinstance(node, YScalar) and node.text == "missing":
                yield name.text, None
            elif fact.type is Type.SET:
                members = (self._value(item, fact) for item in form.items_of(node, quoted(name.text)))
                yield name.text, frozenset(str(member) for member in members if member is not None)
            else:
                yield name.text, self._value(node, fact)
