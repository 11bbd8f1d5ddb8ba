"""The action catalogue, and a pack's parameters."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from engine.errors import Problems
from engine.load.form import DOTTED, KEBAB, SOURCE, Form, kind_of
from engine.load.hints import number_hint
from engine.load.reading import item_name
from engine.load.values import WrongValueError, number_of
from engine.model import Action, Parameter
from engine.said import quoted, said
from engine.vocabulary import Text, Value, Vocabulary, lies_within
from engine.yaml12 import Node, YList, YMap, YScalar

MAX_DAYS = 3650


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


def read_action(node: Node, vocabulary: Vocabulary, problems: Problems) -> Action:
    """Read one item of `actions`."""
    form = Form(node, item_name(said("action"), node), problems)
    per = form.node("per")
    action = Action(
        id=form.word("action", KEBAB),
        title=form.text("title"),
        family=form.required_member("family", vocabulary.enums.get("action_family")),
        phase=form.choice("phase", Phase).value,
        owner=form.required_member("owner", vocabulary.enums.get("speaker_role")),
        days=form.required_integer("days", 0, MAX_DAYS),
        at=form.at,
        medium=form.member("medium", vocabulary.enums.get("medium")),
        steps=tuple(form.text_of(item, said("a step")) for item in form.items("steps")),
        cost=form.choice("cost", Cost, Cost.LOW).value,
        urgency=form.integer("urgency", 50, 0, 100),
        per=form.one_of(per, quoted("per"), vocabulary.collections, "unknown-collection") if per is not None else None,
        effect=form.optional_text("effect"),
        heard_by=form.optional_text("heard_by"),
        sources=form.words("sources", SOURCE),
    )
    form.close()
    return action


def read_parameter(node: Node, problems: Problems) -> Parameter:
    """Read one item of `parameters`."""
    if (change := _as_change(node)) is not None:
        hint = said("Write `{{param: {name}, value: {value}}}`.", name=change[0].text, value=change[1].text)
        problems.add(node.at, "wrong-shape", said("a parameter is given by the keys `param` and `value`."), hint)
        return Parameter(change[0].text, (), False, Text("", ""), node.at, node.at)
    form = Form(node, item_name(said("parameter"), node, "param"), problems)
    least, most = form.range("range")
    value = form.required("value")
    unit, unit_zh = form.unit("unit")
    items = value.items if isinstance(value, YList) else (value,) if value is not None else ()
    parameter = Parameter(
        name=form.word("param", DOTTED),
        values=tuple(found for item in items if (found := _parameter_value(item, form, least, most)) is not None),
        is_list=isinstance(value, YList),
        title=form.text("title"),
        at=form.at,
        value_at=form.value_place("value"),
        unit=unit,
        source=form.optional_word("source", SOURCE) or "",
        least=least,
        most=most,
        unit_zh=unit_zh,
    )
    if isinstance(value, YList) and not value.items:
        message = said("{what} is an empty list.", what=form.what)
        form.problem(value.at, "empty-list", message, said("Name at least one value."))
    form.close()
    return parameter


def _as_change(node: Node) -> tuple[YScalar, YScalar] | None:
    """Return the name and the value of a parameter that is written as `name: value`."""
    if not isinstance(node, YMap) or len(node.entries) != 1:
        return None
    ((name, value),) = node.entries
    return (name, value) if name.text != "param" and isinstance(value, YScalar) else None


def _parameter_value(node: Node, form: Form, least: Decimal | None, most: Decimal | None) -> Value | None:
    if not isinstance(node, YScalar) or node.value is None:
        message = said("{what} is a single value or a list of them, not {kind}.", what=form.what, kind=kind_of(node))
        form.problem(node.at, "wrong-shape", message)
        return None
    if isinstance(node.value, int | Decimal) and not isinstance(node.value, bool):
        try:
            number = number_of(node, form.what)
        except WrongValueError as wrong:
            form.problem(node.at, wrong.code, wrong.message, wrong.hint)
            return None
        if (least is not None and number < least) or (most is not None and number > most):
            message = said("{what} {lies}, not {value}.", what=form.what, lies=lies_within(least, most), value=number)
            form.problem(node.at, "out-of-range", message)
    elif least is not None or most is not None:
        message = said("{what} has a range, so it is a number, not `{word}`.", what=form.what, word=node.text)
        form.problem(node.at, "wrong-type", message, number_hint(node.text))
        return None
    return node.value
