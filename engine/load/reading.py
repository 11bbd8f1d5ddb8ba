"""What every part of a pack is read against, and the checks that several of them share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from engine.errors import Location, Problems, a_
from engine.load.conditions import Conditions
from engine.load.form import SNAKE, Form, kind_of
from engine.load.names import Names
from engine.load.operands import Operands
from engine.load.values import WrongValueError, check_range, value_of
from engine.load.vocabulary import ADVISED, EVIDENCED
from engine.model import Action
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
            form.one_of(node, "`each`", self.vocabulary.collections, "unknown-collection") if node is not None else None
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
                hint = self.names.near(name, scope) or "Name a fact or `{param:name}`."
                self.problems.add(text.at, "wrong-placeholder", f"`{{{name}}}` is no placeholder.", hint)
        if re.search(r"[{}]", _PLACEHOLDER.sub("", text.text)):
            self.problems.add(text.at, "wrong-placeholder", "a brace stands alone.", "Write placeholders as `{fact}`.")

    def validity(self, form: Form) -> tuple[date | None, date | None]:
        """Return the first and last day of an item, both inclusive."""
        start, end = form.date("valid_from"), form.date("valid_until")
        if start is not None and end is not None and start > end:
            form.problem(form.place("valid_until"), "wrong-bounds", f"valid until {end}, before it begins on {start}.")
        return start, end

    def value(self, scalar: Node, fact: Fact) -> Value | None:
        """Return a node as a value that the fact can have, or None after noting the problem."""
        if not isinstance(scalar, YScalar):
            self.problems.add(scalar.at, "wrong-shape", f"`{fact.name}` takes a single value, not {kind_of(scalar)}.")
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
                f"a rule for each row of `{scope}` sets facts of that row; `{name.text}` is the customer's.",
                "Several rows could disagree: add to a set, or use a second rule that tests the rows.",
            )
            return None
        fact = self.names.fact(name, scope)
        if fact is None or not self.is_derived(fact, name.at):
            return None
        if fact.type is Type.SET:
            self.problems.add(
                name.at, "wrong-conclusion", f"`{fact.name}` is a set.", "Use `add` with a list of members."
            )
            return None
        return fact

    def added_to(self, name: YScalar) -> Fact | None:
        """Return the derived set of the customer that a rule may add to, or None after noting the problem."""
        fact = self.names.fact(YScalar(name.value, name.text.removeprefix("customer."), name.at), None)
        if fact is None or not self.is_derived(fact, name.at):
            return None
        if fact.type is not Type.SET:
            self.problems.add(
                name.at, "wrong-conclusion", f"`{fact.name}` is no set but {a_(fact.type)}.", "Use `set`."
            )
            return None
        if fact.key == ADVISED:
            self.problems.add(name.at, "wrong-conclusion", "`advised` follows from the advice.", "Use `advise`.")
            return None
        if fact.key == EVIDENCED:
            self.problems.add(
                name.at, "wrong-conclusion", "`evidenced` follows from the evidence.", "Add evidence in `talk/`."
            )
            return None
        return fact

    def is_derived(self, fact: Fact, at: Location) -> bool:
        """Return whether rules may conclude the fact, after noting the problem if not."""
        if not fact.is_derived:
            hint = "Conclude a fact with `origin: derived`, which may fall back to it."
            if fact.falls_back_to is not None:
                hint = f"Conclude `{fact.falls_back_to}`, to which it falls back."
            elif fact.is_own:
                hint = "If nobody records it, declare it with `origin: derived`."
            self.problems.add(at, "not-derived", f"rules cannot conclude `{fact.name}`: it is {fact.origin}.", hint)
        return fact.is_derived


def item_name(what: str, node: Node, key: str | None = None) -> str:
    """Return the name of an item for messages, such as "rule `new-and-silent`"."""
    name = node.get(key or what) if isinstance(node, YMap) else None
    return f"{what} `{name.text}`" if isinstance(name, YScalar) else a_(what)
