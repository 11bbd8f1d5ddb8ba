"""What a name means: a fact in a scope, or a parameter of the pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Location, Problems, did_you_mean
from engine.load.hints import slip_hint
from engine.load.layers import Layers
from engine.model import Parameter
from engine.said import Said, said
from engine.vocabulary import Fact, FactKey, Vocabulary, id_of
from engine.yaml12 import YScalar

_CUSTOMER = "customer."
_CONNECTIVES = {
    "or": "any",
    "and": "all",
    "或": "any",
    "且": "all",
    "并且": "all",
    "或者": "any",
    "和": "all",
    "非": "not",
    "unless": "not",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Look up names against a vocabulary and a pack's parameters."""

    vocabulary: Vocabulary
    parameters: Mapping[str, Parameter]
    problems: Problems
    layers: Layers

    def fact(self, name: YScalar, scope: str | None) -> Fact | None:
        """Return the fact that a name means in a scope, or None after noting the problem.

        What is in doubt has a problem already, at its declaration.
        """
        bare = name.text
        if scope is not None and bare.startswith(_CUSTOMER):
            bare, scope = bare.removeprefix(_CUSTOMER), None
        if bare.partition(".")[0] in self.problems.in_doubt:
            return None
        fact = self.vocabulary.fact(bare, scope)
        if fact is None:
            where = said("a row of `{scope}`", scope=scope) if scope else said("the customer")
            message = said("{where} has no fact `{name}`.", where=where, name=bare)
            self.problems.add(name.at, "unknown-fact", message, self._meant(bare, scope))
        return fact

    def parameter(self, name: str, at: Location) -> Parameter | None:
        """Return a parameter by name, or None after noting the problem."""
        found = self.parameters.get(name)
        if found is None:
            hint = did_you_mean(name, self.parameters) or said("Declare it under `parameters`.")
            self.problems.add(at, "unknown-parameter", said("there is no parameter `{name}`.", name=name), hint)
        return found

    def _meant(self, name: str, scope: str | None) -> Said:
        vocabulary = self.vocabulary
        for owner, prefix in ((scope, ""), (None, _CUSTOMER)):
            family = vocabulary.families.get(FactKey(owner, name))
            if family is not None:
                member = vocabulary.enums[family].members[0]
                return said(
                    "There is one for each {enum}, such as `{name}`.", enum=family, name=f"{prefix}{name}.{member}"
                )
        if scope is not None and vocabulary.fact(name) is not None:
            return said("Write `{name}` for the customer's fact.", name=_CUSTOMER + name)
        known_keys = (*vocabulary.facts, *vocabulary.families)
        owner = next((key.scope for key in known_keys if key.name == name and key.scope), None)
        if owner is not None and scope is None:
            return said("A row of `{owner}` has it: test it under `{owner}: {{any: ...}}`.", owner=owner)
        if name in vocabulary.collections:
            return said("It is a collection: only conditions on the customer look at its rows.")
        if name.lower() in _CONNECTIVES:
            return said("Write `{word}`.", word=_CONNECTIVES[name.lower()])
        known = [fact.name for fact in vocabulary.in_scope(scope)]
        hint = slip_hint(name, [*known, *vocabulary.collections]) or self.near(name, scope)
        if not hint and did_you_mean(name, ["candidate"]):
            hint = said("In the points of a scorecard write `{candidate}`.")
        return hint or said("Look for its name by `valuelift rules show WORD`, or declare it in facts.yaml.")

    def near(self, name: str, scope: str | None) -> Said:
        """Return a hint that names the fact or collection which is nearest to a word, by its name or its title."""
        vocabulary = self.vocabulary
        if by_title := id_of(name, ((fact.name, fact.title) for fact in vocabulary.in_scope(scope))):
            return by_title
        known = [fact.name for fact in vocabulary.in_scope(scope)]
        if scope is None:
            return did_you_mean(name, [*known, *vocabulary.collections])
        return did_you_mean(name, [*known, *(_CUSTOMER + fact.name for fact in vocabulary.in_scope(None))])
