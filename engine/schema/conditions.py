"""Schemas of conditions: on the customer, and on the rows of each collection."""

from __future__ import annotations

from functools import partial

from engine.load.conditions import BOUNDS
from engine.load.operands import COUNT, NUMERIC
from engine.model import Op, Quantifier
from engine.schema.shapes import Definitions, Schema, both, explained, listed, mapping, one_of
from engine.schema.values import CUSTOMER, Values
from engine.vocabulary import Collection, Fact, Type, Vocabulary


class Conditions:
    """Schemas of conditions on the customer (scope None) or on a row of a collection."""

    def __init__(self, vocabulary: Vocabulary, values: Values, definitions: Definitions) -> None:
        self._vocabulary = vocabulary
        self._values = values
        self._definitions = definitions

    def on(self, scope: str | None) -> Schema:
        """Return what accepts a condition in a scope."""
        return self._definitions.ref(f"condition.{scope or 'customer'}", partial(self._condition, scope))

    def _condition(self, scope: str | None) -> Schema:
        this = self.on(scope)
        properties = {
            "any": explained("any", listed(this, 1)),
            "all": explained("all", listed(this, 1)),
            "not": explained("not", this),
        }
        properties |= {fact.name: self._fact(fact) for fact in self._vocabulary.in_scope(scope)}
        if scope is None:
            properties |= {one.name: self._collection(one) for one in self._vocabulary.collections.values()}
        else:
            properties |= {CUSTOMER + fact.name: self._fact(fact) for fact in self._vocabulary.in_scope(None)}
        return mapping(properties, patternProperties={r"\{candidate\}": self._any_test()})

    def _any_test(self) -> Schema:
        return self._definitions.ref("test.any", self._values.any_test)

    def _fact(self, fact: Fact) -> Schema:
        return self._definitions.ref(
            f"fact.{fact.key}", lambda: {**described(fact, self._vocabulary), "allOf": [self._values.test(fact)]}
        )

    # --- quantified tests -------------------------------------------------------------------------------------------

    def _collection(self, collection: Collection) -> Schema:
        return self._definitions.ref(f"rows.{collection.name}", lambda: self._quantified(collection))

    def _quantified(self, collection: Collection) -> Schema:
        row = self.on(collection.name)
        tests = {quantifier.value: row for quantifier in Quantifier}
        tests[Quantifier.COUNT] = mapping({"where": explained("where", row), **self._values.bounds(COUNT, BOUNDS)})
        tests[Quantifier.COUNT] |= _NEEDS_A_BOUND
        amounts = [fact for fact in self._vocabulary.in_scope(collection.name) if fact.type in NUMERIC]
        if amounts:
            any_number = next((fact for fact in amounts if fact.type is Type.NUMBER), amounts[0])
            keys = {
                "of": explained("of", one_of(fact.name for fact in amounts)),
                "where": explained("where", row),
                **self._values.bounds(any_number, BOUNDS),
            }
            tests[Quantifier.SUM] = mapping(keys, ("of",)) | _NEEDS_A_BOUND
        else:
            del tests[Quantifier.SUM]
        return {
            "title": both(collection.title),
            "description": f"collection ({collection.kind})",
            **mapping({name: explained(name, test) for name, test in tests.items()}, minProperties=1),
        }


# The first one is what an editor says is missing.
_NEEDS_A_BOUND: Schema = {"anyOf": [{"required": [op.value]} for op in sorted(BOUNDS, key=Op.AT_LEAST.__ne__)]}


def described(fact: Fact, vocabulary: Vocabulary) -> Schema:
    """Return a fact's title, and what an editor says of it."""
    parts = [fact.description.en, fact.description.zh] if fact.description else []
    return {"title": both(fact.title), "description": "\n\n".join([*parts, _kind(fact, vocabulary)])}


def _kind(fact: Fact, vocabulary: Vocabulary) -> str:
    """Return a fact's type, members or range, unit and origin in a line."""
    said = f"{fact.type}, {fact.origin}"
    if fact.spelled_by is not None:
        return f"{said}: {', '.join(vocabulary.enums[fact.spelled_by].members)}"
    if fact.least is not None or fact.most is not None:
        least = "…" if fact.least is None else f"{fact.least:f}"
        most = "…" if fact.most is None else f"{fact.most:f}"
        said += f", {least} to {most}"
    return f"{said}, in {fact.unit}" if fact.unit else said
