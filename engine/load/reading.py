"""What every part of a pack is read against, and the checks that several of them share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.errors import Location, Problems
from engine.load.built_in import ADVISED, EVIDENCED
from engine.load.conditions import Conditions
from engine.load.form import SNAKE, Form, kind_of
from engine.load.names import Names
from engine.load.operands import Operands
from engine.load.values import WrongValueError, check_range, value_of
from engine.model import Action
from engine.said import Said, a_, named, of_type, quoted, said
from engine.vocabulary import Fact, Text, Type, Value, Vocabulary
from engine.yaml12 import Node, YMap, YScalar

MAX_PRIORITY = 100_000
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What every part of a pack is read against."""

    vocabulary: Vocabulary
    names: Names
    operands: Operands
    conditions: Conditions
    actions: Mapping[str, Action]
    origin: Location
    problems: Problems

    def each(self, form: Form) -> str | None:
        """Return the collection of a row-scoped item, or None."""
        node = form.node("each")
        return (
            form.one_of(node, quoted("each"), self.vocabulary.collections, "unknown-collection")
            if node is not None
            else None
        )

    def because(self, form: Form, scope: str | None) -> Text:
        """Return the reason, its placeholders checked."""
        text, node = form.text("because"), form.node("because")
        for _, part in node.entries if isinstance(node, YMap) else ():
            if isinstance(part, YScalar):
                self._check_placeholders(part, scope)
        return text

    def _check_placeholders(self, text: YScalar, scope: str | None) -> None:
        for name in _PLACEHOLDER.findall(text.text):
            if name.startswith("param:"):
                self.names.parameter(name.removeprefix("param:"), text.at)
            elif SNAKE.match(name.partition(".")[0]):
                self.names.fact(YScalar(name, name, text.at), scope)
            else:
                hint = self.names.near(name, scope) or said("Name a fact or `{param:name}`.")
                message = said("`{{{name}}}` is no placeholder.", name=name)
                self.problems.add(text.at, "wrong-placeholder", message, hint)
        if re.search(r"[{}]", _PLACEHOLDER.sub("", text.text)):
            message = said("a brace stands alone.")
            self.problems.add(text.at, "wrong-placeholder", message, said("Write placeholders as `{fact}`."))

    def validity(self, form: Form) -> tuple[date | None, date | None]:
        """Return the first and last day of an item, both inclusive."""
        start, end = form.date("valid_from"), form.date("valid_until")
        if start is not None and end is not None and start > end:
            message = said("valid until {end}, before it begins on {start}.", end=end, start=start)
            form.problem(form.place("valid_until"), "wrong-bounds", message)
        return start, end

    def value(self, scalar: Node, fact: Fact) -> Value | None:
        """Return a node as a value that the fact can have, or None after noting the problem."""
        if not isinstance(scalar, YScalar):
            message = said("`{fact}` takes a single value, not {kind}.", fact=fact.name, kind=kind_of(scalar))
            self.problems.add(scalar.at, "wrong-shape", message)
            return None
        try:
            value = value_of(scalar, fact, self.vocabulary.enums)
            check_range(value, fact)
        except WrongValueError as wrong:
            self.problems.add(scalar.at, wrong.code, wrong.message, wrong.hint)
            return None
        return value

    def concluded(self, name: YScalar, scope: str | None) -> Fact | None:
        """Return the single-valued derived fact that a rule of a scope may set, or None after noting the problem."""
        is_row_fact = scope is None or self.vocabulary.fact(name.text, scope) is not None
        if not is_row_fact and self.vocabulary.fact(name.text.removeprefix("customer.")) is not None:
            self.problems.add(
                name.at,
                "wrong-conclusion",
                said(
                    "a rule for each row of `{scope}` sets facts of that row; `{name}` is the customer's.",
                    scope=scope,
                    name=name.text,
                ),
                said("Several rows could disagree: add to a set, or use a second rule that tests the rows."),
            )
            return None
        fact = self.names.fact(name, scope)
        if fact is None or not self.is_derived(fact, name.at):
            return None
        if fact.type is Type.SET:
            message = said("`{fact}` is a set.", fact=fact.name)
            self.problems.add(name.at, "wrong-conclusion", message, said("Use `add` with a list of members."))
            return None
        return fact

    def added_to(self, name: YScalar) -> Fact | None:
        """Return the derived set of the customer that a rule may add to, or None after noting the problem."""
        fact = self.names.fact(YScalar(name.value, name.text.removeprefix("customer."), name.at), None)
        if fact is None or not self.is_derived(fact, name.at):
            return None
        if fact.type is not Type.SET:
            message = said("`{fact}` is no set but {type}.", fact=fact.name, type=of_type(fact.type))
            self.problems.add(name.at, "wrong-conclusion", message, said("Use `set`."))
            return None
        if fact.key == ADVISED:
            message = said("`advised` follows from the advice.")
            self.problems.add(name.at, "wrong-conclusion", message, said("Use `advise`."))
            return None
        if fact.key == EVIDENCED:
            message = said("`evidenced` follows from the evidence.")
            self.problems.add(name.at, "wrong-conclusion", message, said("Add evidence in `talk/`."))
            return None
        return fact

    def is_derived(self, fact: Fact, at: Location) -> bool:
        """Return whether rules may conclude the fact, after noting the problem if not."""
        if not fact.is_derived:
            hint = said("Conclude a fact with `origin: derived`, which may fall back to it.")
            if fact.falls_back_to is not None:
                hint = said("Conclude `{fact}`, to which it falls back.", fact=fact.falls_back_to)
            elif fact.is_own:
                hint = said("If nobody records it, declare it with `origin: derived`.")
            message = said("rules cannot conclude `{fact}`: it is {origin}.", fact=fact.name, origin=fact.origin)
            self.problems.add(at, "not-derived", message, hint)
        return fact.is_derived


def item_name(what: Said, node: Node, key: str | None = None) -> Said:
    """Return the name of an item for messages, such as "rule `new-and-silent`"."""
    name = node.get(key or what) if isinstance(node, YMap) else None
    return named(what, name.text) if isinstance(name, YScalar) else a_(what)
