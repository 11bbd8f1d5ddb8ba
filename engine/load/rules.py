"""Rules with their conclusions."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import did_you_mean
from engine.load.actions import MAX_DAYS
from engine.load.form import KEBAB, SOURCE, Form, kind_of
from engine.load.reading import MAX_PRIORITY, Reading, item_name
from engine.model import AddTo, Advise, Conclusion, Rule, SetFact, Status
from engine.said import said
from engine.vocabulary import id_of
from engine.yaml12 import Node, YList, YMap, YScalar


def read_rule(node: Node, reading: Reading) -> Rule:
    """Read one item of `rules`."""
    form = Form(node, item_name(said("rule"), node), reading.problems)
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
    if not any(form.seems_given(key) for key in ("set", "add", "advise")):
        message = said("{what} concludes nothing.", what=form.what)
        form.problem(form.at, "no-conclusion", message, said("Add `set`, `add` or `advise`."))
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
                message = said("nothing is added to `{fact}`.", fact=fact.name)
                form.problem(node.at, "empty-list", message, said("Name at least one member."))
            yield AddTo(fact.key, members)
    advice = form.node("advise")
    if advice is not None:
        yield from _several_advice(advice, reading, form)


def _pairs(form: Form, key: str) -> tuple[tuple[YScalar, Node], ...]:
    node = form.node(key)
    if node is None or isinstance(node, YMap):
        if node is not None and not node.entries:
            form.problem(node.at, "empty-list", said("`{key}` names no fact.", key=key), said("Write `fact: value`."))
        return node.entries if node is not None else ()
    message = said("`{key}` maps facts to values, not {kind}.", key=key, kind=kind_of(node))
    form.problem(node.at, "wrong-shape", message, said("Write `fact: value`."))
    return ()


def _several_advice(node: Node, reading: Reading, form: Form) -> Iterator[Advise]:
    items = node.items if isinstance(node, YList) else (node,)
    if not items:
        message = said("{what} advises nothing.", what=form.what)
        form.problem(node.at, "empty-list", message, said("Name at least one action."))
    advised: set[str] = set()
    for item in items:
        advise = _advise(item, reading, form)
        if advise.action in advised:
            message = said("{what} advises `{action}` twice.", what=form.what, action=advise.action)
            form.problem(item.at, "duplicate-id", message, said("Make it one."))
        advised.add(advise.action)
        yield advise


def _advise(node: Node, reading: Reading, outer: Form) -> Advise:
    if isinstance(node, YScalar):
        return Advise(_known_action(node, reading, outer))
    form = Form(node, said("an advice"), reading.problems)
    action = form.required("action")
    advise = Advise(
        action=_known_action(action, reading, form) if action is not None else "",
        in_days=form.optional_integer("in_days", 0, MAX_DAYS),
        owner=form.member("owner", reading.vocabulary.enums.get("speaker_role")),
        medium=form.member("medium", reading.vocabulary.enums.get("medium")),
        urgency=form.optional_integer("urgency", 0, 100),
    )
    form.close()
    return advise


def _known_action(node: Node, reading: Reading, form: Form) -> str:
    word = form.word_of(node, said("an action"))
    if word and word not in reading.actions:
        titles = ((action.id, action.title) for action in reading.actions.values())
        hint = id_of(word, titles) or did_you_mean(word, reading.actions) or said("Declare it in actions.yaml.")
        form.problem(node.at, "unknown-action", said("there is no action `{word}`.", word=word), hint)
    return word
