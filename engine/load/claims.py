"""What a pack claims to hold for every customer: invariants, and what rises or falls with what."""

from __future__ import annotations

from engine.load.form import KEBAB, SOURCE, Form
from engine.load.reading import Reading, item_name
from engine.model import Invariant, Monotonicity
from engine.said import of_type, said
from engine.vocabulary import Fact, FactKey, Type
from engine.yaml12 import Node, YList, YScalar

ORDERED = (Type.FLAG, Type.INTEGER, Type.NUMBER, Type.LEVEL, Type.DATE)


def read_invariant(node: Node, reading: Reading) -> Invariant:
    """Read one item of `invariants`."""
    form = Form(node, item_name(said("invariant"), node), reading.problems)
    invariant_id = form.word("invariant", KEBAB)
    key = _either(form, "never", "always")
    invariant = Invariant(
        id=invariant_id,
        title=form.text("title"),
        never=key == "never",
        condition=reading.conditions.optional(form, key, None),
        at=form.at,
        sources=form.words("sources", SOURCE),
    )
    form.close()
    return invariant


def read_monotonicity(node: Node, reading: Reading) -> Monotonicity:
    """Read one item of `monotonicity`."""
    form = Form(node, item_name(said("claim"), node), reading.problems)
    claim_id = form.word("claim", KEBAB)
    key = _either(form, "never_raises", "never_lowers")
    outcome = _fact(form.node(key), form, reading)
    claim = Monotonicity(
        id=claim_id,
        title=form.text("title"),
        more=_more(form, reading),
        outcome=FactKey(None, "") if outcome is None else outcome.key,
        raises=key == "never_raises",
        order=_order(form, outcome, key, reading),
        at=form.at,
        sources=form.words("sources", SOURCE),
    )
    form.close()
    return claim


def _either(form: Form, first: str, second: str) -> str:
    """Return which of two keys is given, of which there must be just one."""
    given, other = form.has(first), form.has(second)
    if (given and other) or not (form.seems_given(first) or form.seems_given(second)):
        message = said("{what} has either `{first}` or `{second}`.", what=form.what, first=first, second=second)
        form.problem(form.at, "wrong-shape", message)
    return first if given else second


def _fact(node: Node | None, form: Form, reading: Reading) -> Fact | None:
    if node is None:
        return None
    if isinstance(node, YScalar):
        return reading.names.fact(node, None)
    form.word_of(node, said("a fact"))
    return None


def _more(form: Form, reading: Reading) -> tuple[FactKey, ...]:
    """Read the facts of which there is more: stored ones whose values are ordered."""
    node = form.required("more")
    found = []
    for item in () if node is None else node.items if isinstance(node, YList) else (node,):
        fact = _fact(item, form, reading)
        if fact is None:
            continue
        if fact.is_derived or fact.type not in ORDERED:
            why = (
                said("rules conclude it")
                if fact.is_derived
                else said("{type} has no more and less", type=of_type(fact.type))
            )
            message = said("there cannot be more of `{fact}`: {why}.", fact=fact.name, why=why)
            form.problem(item.at, "wrong-type", message, said("Name another fact."))
        found.append(fact.key)
    return tuple(found)


def _order(form: Form, outcome: Fact | None, key: str, reading: Reading) -> tuple[str, ...]:
    """Read the order of an outcome's members; a category needs one."""
    order = form.words("order")
    if outcome is None:
        return order
    if outcome.type in ORDERED:
        if order:
            message = said("`{fact}` is ordered by itself.", fact=outcome.name)
            form.problem(form.place("order"), "wrong-shape", message, said("Leave out `order`."))
        return order
    place = form.place("order") if form.has("order") else form.place(key)
    if outcome.type is not Type.CATEGORY:
        message = said("{type} cannot rise or fall.", type=of_type(outcome.type))
        form.problem(place, "wrong-type", message, said("Name another fact."))
        return order
    members = reading.vocabulary.enum_of(outcome).members
    if sorted(order) != sorted(members):
        message = said("`order` lists every member of `{enum}` once, the least first.", enum=outcome.enum)
        form.problem(place, "wrong-order", message, said("They are {members}.", members=members))
    return order
