"""Rules and their conclusions, invariants, actions and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from engine.errors import Location, Problems, did_you_mean
from engine.load.conditions import Conditions
from engine.load.form import DOTTED, KEBAB, SNAKE, SOURCE, Form, kind_of
from engine.load.values import WrongValueError, check_range, number_of, value_of
from engine.load.vocabulary import ADVISED
from engine.model import (
    Action,
    AddTo,
    Advise,
    Conclusion,
    Invariant,
    Parameter,
    Rule,
    SetFact,
    Status,
)
from engine.vocabulary import Fact, Text, Type, Value, Vocabulary
from engine.yaml12 import Node, YList, YMap, YScalar

MAX_PRIORITY = 100_000
_MAX_DAYS = 3650
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Phase(StrEnum):
    """Whether an action belongs before, in or after the sale."""

    BEFORE = "before"
    IN = "in"
    AFTER = "after"


class Cost(StrEnum):
    """The cost class of an action."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Reading:
    """What every part of a pack is read against."""

    vocabulary: Vocabulary
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
        text = form.text("because")
        for language in (text.en, text.zh):
            self._check_placeholders(language, form, scope)
        return text

    def _check_placeholders(self, text: str, form: Form, scope: str | None) -> None:
        at = form.place("because")
        for name in _PLACEHOLDER.findall(text):
            if name.startswith("param:"):
                self.conditions.parameter(name.removeprefix("param:"), at)
            elif not SNAKE.match(name.partition(".")[0]):
                form.problem(
                    at, "wrong-placeholder", f"`{{{name}}}` is no placeholder.", "Name a fact or `{param:name}`."
                )
            else:
                self.conditions.fact(YScalar(name, name, at), scope)
        if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
            form.problem(at, "wrong-placeholder", "a brace stands alone.", "Write placeholders as `{fact}`.")

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
        if scope is not None and name.text.startswith("customer."):
            self.problems.add(
                name.at,
                "wrong-conclusion",
                f"a rule for each row of `{scope}` sets facts of that row; `{name.text}` is the customer's.",
                "Several rows could disagree: add to a set, or use a second rule that tests the rows.",
            )
            return None
        fact = self.conditions.fact(name, scope)
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
        fact = self.conditions.fact(YScalar(name.value, name.text.removeprefix("customer."), name.at), None)
        if fact is None or not self.is_derived(fact, name.at):
            return None
        if fact.type is not Type.SET:
            self.problems.add(name.at, "wrong-conclusion", f"`{fact.name}` is no set but a {fact.type}.", "Use `set`.")
            return None
        if fact.key == ADVISED:
            self.problems.add(name.at, "wrong-conclusion", "`advised` follows from the advice.", "Use `advise`.")
            return None
        return fact

    def is_derived(self, fact: Fact, at: Location) -> bool:
        """Return whether rules may conclude the fact, after noting the problem if not."""
        if not fact.is_derived:
            self.problems.add(
                at,
                "not-derived",
                f"rules cannot conclude `{fact.name}`: it is {fact.origin}.",
                "Conclude a fact with `origin: derived`, which may fall back to it.",
            )
        return fact.is_derived


# --- rules ----------------------------------------------------------------------------------------------------------


def read_rule(node: Node, reading: Reading) -> Rule:
    """Read one item of `rules`."""
    form = Form(node, item_name("rule", node), reading.problems)
    rule_id, each = form.word("rule", KEBAB), reading.each(form)
    start, end = reading.validity(form)
    rule = Rule(
        id=rule_id,
        title=form.text("title"),
        because=reading.because(form, each),
        when=reading.conditions.required(form, "when", each),
        conclusions=tuple(_conclusions(form, each, reading)),
        at=form.at,
        priority=form.integer("priority", 0, -MAX_PRIORITY, MAX_PRIORITY),
        each=each,
        sources=form.words("sources", SOURCE),
        valid_from=start,
        valid_until=end,
        status=form.choice("status", Status, Status.ACTIVE),
        note=form.optional_word("note") or "",
        owner=form.optional_word("owner") or "",
        tags=form.words("tags"),
    )
    if not any(form.has(key) for key in ("set", "add", "advise")):
        form.problem(form.at, "no-conclusion", f"{form.what} concludes nothing.", "Add `set`, `add` or `advise`.")
    form.close()
    return rule


def _conclusions(form: Form, each: str | None, reading: Reading) -> Iterator[Conclusion]:
    for name, node in _pairs(form, "set"):
        fact = reading.concluded(name, each)
        value = reading.value(node, fact) if fact is not None else None
        if fact is not None and value is not None:
            yield SetFact(fact.key, value)
    for name, node in _pairs(form, "add"):
        fact = reading.added_to(name)
        if fact is not None:
            items = node.items if isinstance(node, YList) else (node,)
            members = tuple(str(value) for item in items if (value := reading.value(item, fact)) is not None)
            if not items:
                form.problem(node.at, "empty-list", f"nothing is added to `{fact.name}`.", "Name at least one member.")
            yield AddTo(fact.key, members)
    advice = form.node("advise")
    if advice is not None:
        items = advice.items if isinstance(advice, YList) else (advice,)
        yield from (_advise(item, reading, form) for item in items)


def _pairs(form: Form, key: str) -> tuple[tuple[YScalar, Node], ...]:
    node = form.node(key)
    if node is None or isinstance(node, YMap):
        return node.entries if node is not None else ()
    form.problem(node.at, "wrong-shape", f"`{key}` maps facts to values, not {kind_of(node)}.", "Write `fact: value`.")
    return ()


def _advise(node: Node, reading: Reading, outer: Form) -> Advise:
    if isinstance(node, YScalar):
        return Advise(_known_action(node, reading, outer))
    form = Form(node, "an advice", reading.problems)
    action = form.required("action")
    advise = Advise(
        action=_known_action(action, reading, form) if action is not None else "",
        in_days=form.optional_integer("in_days", 0, _MAX_DAYS),
        owner=form.optional_word("owner", SNAKE),
        medium=_medium(form, reading.vocabulary),
        urgency=form.optional_integer("urgency", 0, 100),
    )
    form.close()
    return advise


def _known_action(node: Node, reading: Reading, form: Form) -> str:
    word = form.word_of(node, "an action")
    if word and word not in reading.actions:
        hint = did_you_mean(word, reading.actions) or "Declare it in actions.yaml."
        form.problem(node.at, "unknown-action", f"there is no action `{word}`.", hint)
    return word


def _medium(form: Form, vocabulary: Vocabulary) -> str | None:
    node = form.node("medium")
    enum = vocabulary.enums.get("medium")
    if node is None:
        return None
    return form.word_of(node, "`medium`", SNAKE) if enum is None else form.one_of(node, "`medium`", enum.members)


def read_invariant(node: Node, reading: Reading) -> Invariant:
    """Read one item of `invariants`."""
    form = Form(node, item_name("invariant", node), reading.problems)
    invariant_id = form.word("invariant", KEBAB)
    never = form.has("never")
    if never == form.has("always"):
        form.problem(form.at, "wrong-shape", f"{form.what} has either `never` or `always`.")
    invariant = Invariant(
        id=invariant_id,
        title=form.text("title"),
        never=never,
        condition=reading.conditions.optional(form, "never" if never else "always", None),
        at=form.at,
        sources=form.words("sources", SOURCE),
    )
    form.close()
    return invariant


# --- actions and parameters ---------------------------------------------------------------------------------------------


def read_action(node: Node, vocabulary: Vocabulary, problems: Problems) -> Action:
    """Read one item of `actions`."""
    form = Form(node, item_name("action", node), problems)
    per = form.node("per")
    action = Action(
        id=form.word("action", KEBAB),
        title=form.text("title"),
        family=form.word("family", SNAKE),
        phase=form.choice("phase", Phase).value,
        owner=form.word("owner", SNAKE),
        days=form.required_integer("days", 0, _MAX_DAYS),
        at=form.at,
        medium=_medium(form, vocabulary),
        steps=tuple(form.text_of(item, "a step") for item in form.items("steps")),
        cost=form.choice("cost", Cost, Cost.LOW).value,
        urgency=form.integer("urgency", 50, 0, 100),
        per=form.one_of(per, "`per`", vocabulary.collections, "unknown-collection") if per is not None else None,
        effect=form.optional_text("effect"),
        heard_by=form.optional_text("heard_by"),
        sources=form.words("sources", SOURCE),
    )
    form.close()
    return action


def read_parameter(node: Node, problems: Problems) -> Parameter:
    """Read one item of `parameters`."""
    form = Form(node, item_name("parameter", node, "param"), problems)
    least, most = form.range("range")
    value = form.required("value")
    items = value.items if isinstance(value, YList) else (value,) if value is not None else ()
    parameter = Parameter(
        name=form.word("param", DOTTED),
        values=tuple(found for item in items if (found := _parameter_value(item, form, least, most)) is not None),
        is_list=isinstance(value, YList),
        title=form.text("title"),
        at=form.at,
        unit=form.optional_word("unit") or "",
        source=form.optional_word("source", SOURCE) or "",
        least=least,
        most=most,
    )
    if isinstance(value, YList) and not value.items:
        form.problem(value.at, "empty-list", f"{form.what} is an empty list.", "Name at least one value.")
    form.close()
    return parameter


def _parameter_value(node: Node, form: Form, least: Decimal | None, most: Decimal | None) -> Value | None:
    if not isinstance(node, YScalar) or node.value is None:
        form.problem(node.at, "wrong-shape", f"{form.what} is a single value or a list of them, not {kind_of(node)}.")
        return None
    if isinstance(node.value, int | Decimal) and not isinstance(node.value, bool):
        try:
            number = number_of(node, form.what)
        except WrongValueError as wrong:
            form.problem(node.at, wrong.code, wrong.message, wrong.hint)
            return None
        if (least is not None and number < least) or (most is not None and number > most):
            form.problem(node.at, "out-of-range", f"{form.what} lies between {least} and {most}; {number} does not.")
    elif least is not None or most is not None:
        form.problem(node.at, "wrong-type", f"{form.what} has a range, so it is a number, not `{node.text}`.")
    return node.value


def item_name(what: str, node: Node, key: str | None = None) -> str:
    """Return the name of an item for messages, such as "rule `new-and-silent`"."""
    name = node.get(key or what) if isinstance(node, YMap) else None
    return f"{what} `{name.text}`" if isinstance(name, YScalar) else f"a {what}"
