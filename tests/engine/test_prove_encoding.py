"""What the prover computes with is what session and plan decide: compared on generated packs and customers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import z3

from engine.compile import compile_pack
from engine.decision import Decision
from engine.plan import Plan
from engine.program import EPOCH, Program, Selection, Single, encode
from engine.prove.conflicts import fact_conflict, table_conflict
from engine.prove.customer import FIRST_DAY, LAST_DAY, AnyCustomer
from engine.prove.encode import Encoding
from engine.prove.terms import Term, Whole
from engine.session import Session
from engine.snapshot import CustomerFacts
from engine.vocabulary import Fact, FactKey, Type, Value
from tests.engine.test_differential import generated
from tests.generators.readable import customer_text, pack_text
from tests.profiles import count

BATCHES = 8
CUSTOMERS = 20


@pytest.mark.parametrize("batch", range(BATCHES))
def test_encoding_agrees_with_both_executors(batch: int) -> None:
    """For every customer the encoding concludes what session and plan decide: 50,000 pairs with the full counts."""
    for seed in range(batch, count(quick=8, ci=16, long=2_500), BATCHES):
        pack, customers = generated(Random(seed), customers=CUSTOMERS)
        if not FIRST_DAY <= (customers[0].as_of - EPOCH).days <= LAST_DAY:
            continue  # of no such decision does the prover say anything
        program = compile_pack(pack)
        session = Session(program)
        sizes = {name: max(len(one.rows.get(name, ())) for one in customers) for name in pack.vocabulary.collections}
        solved = Solved(program, AnyCustomer(program, sizes))
        for customer, decision in zip(customers, Plan(program).decide_all(customers), strict=True):
            assert session.decide(customer) == decision
            expected, found = said(decision), solved.concludes(customer)
            concluded = {part: (expected[part], found[part]) for part in expected if expected[part] != found[part]}
            if concluded:
                pytest.fail(
                    f"seed {seed}\n\n{pack_text(pack)}\n\n{customer_text(customer)}\n\n{concluded}", pytrace=False
                )


def said(decision: Decision) -> dict[str, Any]:
    """Return what a decision says, in the form of `Solved.concludes`."""
    rows = {
        (FactKey(scope, fact), key): value
        for scope, found in decision.rows.items()
        for key, values in found.items()
        for fact, value in values.items()
    }
    return {
        "fired": {(one.rule, one.row) for one in decision.fired},
        "values": {(FactKey(None, fact), ""): value for fact, value in decision.values.items()} | rows,
        "provisional": {(one.fact, one.row) for one in decision.provisional},
        "conflicts": {(one.about, one.row) for one in decision.conflicts},
        "violated": set(decision.violated),
        "points": {
            (choice.scorecard, one.candidate): int(one.points.scaleb(4))
            for choice in decision.choices
            for one in choice.ranked
        },
    }


class Solved:
    """Reads from a solution what an encoding concludes about one customer."""

    def __init__(self, program: Program, customer: AnyCustomer) -> None:
        self._program = program
        self._customer = customer
        self._encoding = Encoding(program, customer)
        self._model: Any = None

    def concludes(self, customer: CustomerFacts) -> dict[str, Any]:
        """Return what is concluded about a customer."""
        solver = z3.SimpleSolver()
        solver.add(*self._equations(customer))
        assert solver.check() == z3.sat
        self._model = solver.model()
        encoding, resolutions = self._encoding, self._program.resolutions
        singles = [one for one in resolutions if isinstance(one, Single)]
        return {
            "fired": {
                (rule.id, key)
                for rule in self._program.rules
                for row, key in self._places(customer, rule.scope)
                if self._holds(encoding.fired(rule.index, row))
            },
            "values": {
                (one.fact, key): value
                for one in resolutions
                for row, key in self._places(customer, one.fact.scope)
                if (value := self._value(one.fact, row)) is not None
            },
            "provisional": {
                (one.fact.name, key)
                for one in resolutions
                for row, key in self._places(customer, one.fact.scope)
                if self._holds(encoding.provisional(one.fact, row))
            },
            "conflicts": {
                (one.fact.name, key)
                for one in singles
                for row, key in self._places(customer, one.fact.scope)
                if self._holds(fact_conflict(encoding, one, row))
            }
            | {
                (table.id, key)
                for table in self._program.tables
                for row, key in self._places(customer, table.scope)
                if self._holds(table_conflict(encoding, table, row))
            },
            "violated": {form.id for form in self._program.invariants if self._holds(encoding.violated(form))},
            "points": {
                (one.scorecard, scored.form.name): self._number(scored.points)
                for one in resolutions
                if isinstance(one, Selection)
                for scored in encoding.scores(one)
            },
        }

    def _places(self, customer: CustomerFacts, scope: str | None) -> list[tuple[int | None, str]]:
        if scope is None:
            return [(None, "")]
        return [(place, row.key) for place, row in enumerate(customer.rows.get(scope, ()))]

    def _value(self, key: FactKey, row: int | None) -> Value | None:
        fact = self._program.fact(key)
        if fact.type is Type.SET:
            members = self._program.vocabulary.enum_of(fact).members
            return frozenset(members[code] for code, holds in self._encoding.members(key).items() if self._holds(holds))
        code = self._customer.code_of(self._model, self._encoding.value(key, row))
        return None if code is None else self._customer.plain(key, code)

    def _holds(self, term: Term) -> bool:
        return term if isinstance(term, bool) else z3.is_true(self._model.eval(term, model_completion=True))

    def _number(self, term: Any) -> int:
        return term if isinstance(term, int) else self._model.eval(term, model_completion=True).as_long()

    # --- one customer as equations ---

    def _equations(self, customer: CustomerFacts) -> Iterator[Term]:
        yield self._customer.today == (customer.as_of - EPOCH).days
        for name in self._program.vocabulary.collections:
            yield from self._coverage(name, customer)
            for row in range(self._customer.size(name)):
                yield self._customer.present(name, row) == (row < len(customer.rows.get(name, ())))
        for fact in self._program.vocabulary.facts.values():
            if fact.is_derived or fact.type is Type.SET:
                continue
            if fact.scope is None:
                yield from self._fact(fact, None, customer.facts.get(fact.name))
            for row, own in enumerate(customer.rows.get(fact.scope or "", ())):
                yield from self._fact(fact, row, own.facts.get(fact.name))

    def _coverage(self, name: str, customer: CustomerFacts) -> Iterator[Term]:
        coverage, dates = self._customer.coverage(name), customer.recorded.get(name)
        yield coverage.known == (dates is not None)
        if dates is not None:
            yield coverage.start == (dates[0] - EPOCH).days
            yield coverage.open_end == (dates[1] is None)
            if dates[1] is not None:
                yield coverage.end == (dates[1] - EPOCH).days

    def _fact(self, fact: Fact, row: int | None, value: Value | None) -> Iterator[Term]:
        term = self._customer.value(fact.key, row)
        code = None if value is None else encode(self._program.vocabulary, fact, value)
        if isinstance(code, str):
            code = self._customer.word(code)
        if isinstance(term, Whole):
            yield term.known == (code is not None)
            if code is not None:
                yield term.code == code
        else:
            yield from (holds == (one == code) for one, holds in term.codes.items())
