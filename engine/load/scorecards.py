"""Scorecards: candidates, who is eligible, and point rules written once for several candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from engine.load.form import KEBAB, SOURCE, Form
from engine.load.operands import INT64_SAFE, NUMERIC, decimals, magnitude
from engine.load.reading import Reading, item_name
from engine.model import All, Condition, PointRule, Points, Scorecard, Status
from engine.said import of_type, quoted, said
from engine.vocabulary import Enum, Fact, FactKey, Text, Type
from engine.yaml12 import Node, YList, YMap, YScalar

_KEYS = (
    "scorecard", "title", "chooses", "candidates", "eligible", "points", "best", "fallback", "sources", "status",
)  # fmt: skip
POINT_SCALE = 4
_CANDIDATE = "{candidate}"
_NESTED = re.compile(r"\{([^{}]*)\{candidate\}([^{}]*)\}")


def read_scorecard(node: Node, reading: Reading) -> Scorecard:
    """Read one item of `scorecards`; each point rule is written out for each of its candidates."""
    form = Form(node, item_name(said("scorecard"), node), reading.problems)
    form.take_as_meant(_KEYS)
    scorecard_id = form.word("scorecard", KEBAB)
    chooses = _chooses(form, reading)
    enum = reading.vocabulary.enum_of(chooses) if chooses is not None else None
    candidates = _candidates(form, enum)
    best = form.integer("best", 1, 1, max(1, len(candidates)))
    if chooses is not None and chooses.type is not Type.SET and best > 1:
        message = said("`{fact}` takes one choice, not {number}.", fact=chooses.name, number=best)
        form.problem(form.place("best"), "wrong-output", message, said("Choose a set instead."))
    rules = tuple(
        rule for item in form.required_items("points") for rule in _point_rules(item, candidates, enum, reading)
    )
    scorecard = Scorecard(
        id=scorecard_id,
        title=form.text("title"),
        candidates=candidates,
        eligible=dict(_eligible(form, candidates, reading)),
        rules=rules,
        chooses=chooses.key if chooses is not None else FactKey(None, ""),
        at=form.at,
        best=best,
        fallback=_fallback(form, candidates),
        sources=form.words("sources", SOURCE),
        status=form.choice("status", Status, Status.ACTIVE),
    )
    form.close()
    _check_rules(scorecard, reading)
    return scorecard


def _chooses(form: Form, reading: Reading) -> Fact | None:
    node = form.required("chooses")
    if not isinstance(node, YScalar):
        if node is not None:
            form.word_of(node, quoted("chooses"))
        return None
    fact = reading.names.fact(node, None)
    if fact is None or not reading.is_derived(fact, node.at):
        return None
    if fact.type in (Type.CATEGORY, Type.SET):
        return fact
    message = said("`{fact}` is {type}; a choice is a category or a set.", fact=fact.name, type=of_type(fact.type))
    form.problem(node.at, "wrong-output", message)
    return None


def _candidates(form: Form, enum: Enum | None) -> tuple[str, ...]:
    found: list[str] = []
    for item in form.required_items("candidates"):
        word = form.word_of(item, said("a candidate"))
        if enum is not None and word and word not in enum.codes:
            form.one_of(item, said("a candidate"), enum.members, "unknown-member")
        elif word in found:
            message = said("candidate `{word}` stands here twice.", word=word)
            form.problem(item.at, "duplicate-id", message, said("Remove one."))
        elif word:
            found.append(word)
    return tuple(found)


def _fallback(form: Form, candidates: tuple[str, ...]) -> str | None:
    node = form.node("fallback")
    return form.one_of(node, quoted("fallback"), candidates, "unknown-candidate") if node is not None else None


def _eligible(form: Form, candidates: tuple[str, ...], reading: Reading) -> Iterator[tuple[str, Condition]]:
    node = form.node("eligible")
    if node is not None and not isinstance(node, YMap):
        form.problem(node.at, "wrong-shape", said("`eligible` maps candidates to conditions."))
    elif node is not None:
        for key, condition in node.entries:
            form.one_of(key, said("a key of `eligible`"), candidates, "unknown-candidate")
            yield key.text, reading.conditions.read(_fill_node(condition, key.text), None)


# --- point rules ---


def _point_rules(node: Node, candidates: tuple[str, ...], enum: Enum | None, reading: Reading) -> Iterator[PointRule]:
    form = Form(node, item_name(said("point rule"), node, "rule"), reading.problems)
    rule_id, sources = form.word("rule", KEBAB), form.words("sources", SOURCE)
    chosen = _for(form, candidates)
    when, points, because = form.node("when"), form.required("points"), form.required("because")
    form.close()
    for candidate in chosen:
        title = enum.titles[candidate] if enum is not None else Text(candidate, candidate)
        filled = (
            Form(_fill_reason(because, candidate, title), form.what, reading.problems) if because is not None else None
        )
        yield PointRule(
            id=rule_id,
            candidate=candidate,
            when=reading.conditions.read(_fill_node(when, candidate), None) if when is not None else All((), form.at),
            points=_points(_fill_node(points, candidate), form, reading) if points is not None else Points(),
            because=reading.because(filled, None) if filled is not None else Text("", ""),
            at=form.at,
            sources=sources,
        )


def _for(form: Form, candidates: tuple[str, ...]) -> tuple[str, ...]:
    node = form.required("for")
    if node is None or (isinstance(node, YScalar) and node.text == "all"):
        return candidates
    items = node.items if isinstance(node, YList) else (node,)
    if not items:
        form.problem(node.at, "empty-list", said("`for` is an empty list."), said("Name candidates, or write `all`."))
    found = (form.one_of(item, said("a candidate in `for`"), candidates, "unknown-candidate") for item in items)
    return tuple(dict.fromkeys(word for word in found if word is not None))


def _points(node: Node, form: Form, reading: Reading) -> Points:
    if isinstance(node, YMap) and node.get("param") is None:
        return _computed_points(node, reading)
    outer = YMap(((YScalar("points", "points", node.at), node),), node.at)
    plus = reading.operands.factor(Form(outer, form.what, reading.problems), "points", Decimal(0))
    if decimals(plus) > POINT_SCALE:
        form.problem(
            node.at,
            "too-many-digits",
            said("points have {digits} digits after the point; {number} has more.", digits=POINT_SCALE, number=plus),
        )
    return Points(plus) if _fits(abs(plus), POINT_SCALE, node, form) else Points()


def _computed_points(node: YMap, reading: Reading) -> Points:
    form = Form(node, quoted("points"), reading.problems)
    name = form.required("fact")
    times = reading.operands.factor(form, "times", Decimal(1))
    plus = reading.operands.factor(form, "plus", Decimal(0))
    form.close()
    fact = reading.names.fact(name, None) if isinstance(name, YScalar) else None
    if name is not None and not isinstance(name, YScalar):
        form.word_of(name, quoted("fact"))
    if fact is None:
        return Points()
    if fact.type not in NUMERIC:
        message = said("points need a number; `{fact}` is {type}.", fact=fact.name, type=of_type(fact.type))
        form.problem(node.at, "wrong-type", message)
        return Points()
    digits = max(fact.scale + decimals(times), decimals(plus), POINT_SCALE)
    most = magnitude(fact) * abs(times) + abs(plus)
    return Points(plus, fact.key, times) if _fits(most, digits, node, form) else Points()


def _fits(most: Decimal, digits: int, node: Node, form: Form) -> bool:
    if most.scaleb(digits) < INT64_SAFE:
        return True
    message = said("up to {most} points with {digits} digits need more than 62 bits.", most=most, digits=digits)
    form.problem(node.at, "points-overflow", message, said("Use smaller factors, or give the fact a `range`."))
    return False


def _check_rules(scorecard: Scorecard, reading: Reading) -> None:
    seen: set[tuple[str, str]] = set()
    totals = dict.fromkeys(scorecard.candidates, Decimal(0))
    for rule in scorecard.rules:
        if (rule.id, rule.candidate) in seen:
            reading.problems.add(
                rule.at,
                "duplicate-id",
                said(
                    "scorecard `{scorecard}` has two rules `{rule}` for a candidate.",
                    scorecard=scorecard.id,
                    rule=rule.id,
                ),
                said("Rename one."),
            )
        seen.add((rule.id, rule.candidate))
        totals[rule.candidate] += _most(rule.points, reading)
        if totals[rule.candidate].scaleb(POINT_SCALE) >= INT64_SAFE:
            message = said("the points for `{candidate}` can exceed 62 bits in sum.", candidate=rule.candidate)
            hint = said("Use smaller factors, or give the facts a `range`.")
            reading.problems.add(rule.at, "points-overflow", message, hint)
            return


def _most(points: Points, reading: Reading) -> Decimal:
    fact = reading.vocabulary.facts.get(points.fact) if points.fact is not None else None
    return abs(points.plus) + (magnitude(fact) * abs(points.times) if fact is not None else 0)


# --- `{candidate}` ---


def _fill_node(node: Node, candidate: str) -> Node:
    """Put the candidate into every text of a node."""
    if isinstance(node, YScalar):
        if _CANDIDATE not in node.text:
            return node
        text = node.text.replace(_CANDIDATE, candidate)
        return YScalar(text, text, node.at)
    if isinstance(node, YList):
        return YList(tuple(_fill_node(item, candidate) for item in node.items), node.at)
    entries = ((_fill_node(key, candidate), _fill_node(value, candidate)) for key, value in node.entries)
    return YMap(tuple((key, value) for key, value in entries if isinstance(key, YScalar)), node.at)


def _fill_reason(node: Node, candidate: str, title: Text) -> YMap:
    """Put the candidate into a reason: its name within a placeholder, its title in the text itself."""
    entries = node.entries if isinstance(node, YMap) else ()
    filled = tuple((key, _fill_text(value, candidate, title[key.text])) for key, value in entries)
    because = YMap(filled, node.at) if isinstance(node, YMap) else node
    return YMap(((YScalar("because", "because", node.at), because),), node.at)


def _fill_text(node: Node, candidate: str, title: str) -> Node:
    if not isinstance(node, YScalar) or _CANDIDATE not in node.text:
        return node
    text = _NESTED.sub(rf"{{\g<1>{candidate}\g<2>}}", node.text).replace(_CANDIDATE, title)
    return YScalar(text, text, node.at)
