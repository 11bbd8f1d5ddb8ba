"""Gates: checklists between two stages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from engine.errors import Location
from engine.load.form import KEBAB, SOURCE, Form
from engine.load.reading import MAX_PRIORITY, Reading, item_name
from engine.model import Criterion, Gate, Ladder, Move, Status
from engine.said import Said, of_type, quoted, said
from engine.vocabulary import Fact, FactKey, Type
from engine.yaml12 import Node, YList, YMap, YScalar

UPGRADE_CONDITION = re.compile(r"U1\.[1-6]\Z")
_STAGE_TYPES = (Type.CATEGORY, Type.LEVEL)


_IN_DOUBT = Ladder(FactKey(None, ""), FactKey(None, ""), FactKey(None, ""))
"""The ladder that stands in for one with a problem: no gate is judged by it."""


def read_ladder(node: Node | None, reading: Reading, gates: Sequence[Node]) -> Ladder:
    """Read `ladder` of `pack.yaml`; the facts must be there if the pack has gates or names them."""
    before = len(reading.problems.found)
    ladder = _ladder(node, reading, is_used=bool(gates))
    if node is not None and len(reading.problems.found) == before:
        _check_inherited(node, ladder, reading, gates)
    return ladder if len(reading.problems.found) == before else _IN_DOUBT


def _check_inherited(node: Node, ladder: Ladder, reading: Reading, gates: Sequence[Node]) -> None:
    """Check that the stages of inherited gates are those of a ladder that a later pack names."""
    layers = reading.names.layers
    members = reading.vocabulary.enum_of(reading.vocabulary.facts[ladder.stage]).members
    inherited = [gate for gate in gates if isinstance(gate, YMap) and layers.is_below(gate.at, node.at)]
    named = [stage for gate in inherited for key in ("from", "to") for stage in _words(gate.get(key))]
    unknown = list(dict.fromkeys(stage for stage in named if stage not in members))
    if unknown:
        message = said(
            "inherited gates lead between stages that `{fact}` does not have: {stages}.",
            fact=ladder.stage,
            stages=unknown,
        )
        hint = said("Name a fact that has them, or disable or replace these gates.")
        reading.problems.add(node.at, "wrong-ladder", message, hint)


def _words(node: Node | None) -> list[str]:
    items = node.items if isinstance(node, YList) else (node,)
    return [item.text for item in items if isinstance(item, YScalar)]


def _ladder(node: Node | None, reading: Reading, *, is_used: bool) -> Ladder:
    usual = (Ladder().stage, Ladder().proposed, Ladder().move)
    if node is not None:
        form = Form(node, quoted("ladder"), reading.problems)
        stage, proposed, move = (
            _role(form, key, default, reading)
            for key, default in zip(("stage", "proposed", "move"), usual, strict=True)
        )
        days, since, before = (_remembered(form, key, reading) for key in ("days", "since", "before"))
        form.close()
        return _checked(Ladder(stage, proposed, move, days, since, before), reading, node.at)
    missing = [quoted(key) for key in usual if key not in reading.vocabulary.facts]
    if is_used and missing:
        hint = said("Name the facts under `ladder` in pack.yaml.")
        reading.problems.add(reading.origin, "unknown-fact", said("the gates need {facts}.", facts=missing), hint)
    return _checked(Ladder(), reading, reading.origin) if is_used else Ladder()


def _remembered(form: Form, key: str, reading: Reading) -> FactKey | None:
    """Read the name of a fact that is remembered when a stage is confirmed; it may be left out."""
    return _role(form, key, FactKey(None, ""), reading) if form.has(key) else None


def _role(form: Form, key: str, default: FactKey, reading: Reading) -> FactKey:
    node = form.node(key)
    if node is None:
        node = YScalar(default.name, default.name, form.at)
    if not isinstance(node, YScalar):
        form.word_of(node, quoted(key))
        return default
    fact = reading.names.fact(node, None)
    return fact.key if fact is not None else default


def _checked(ladder: Ladder, reading: Reading, at: Location) -> Ladder:
    """Check that gates can read and conclude the ladder's facts."""
    facts = reading.vocabulary.facts
    stage, proposed, move = facts.get(ladder.stage), facts.get(ladder.proposed), facts.get(ladder.move)
    if stage is None or proposed is None or move is None:
        return ladder
    wrong: list[Said] = []
    if stage.type not in _STAGE_TYPES or (stage.type, stage.enum) != (proposed.type, proposed.enum):
        both = {"stage": stage.name, "proposed": proposed.name}
        wrong.append(said("`{stage}` and `{proposed}` must be categories of one enum.", **both))
    if move.type is not Type.CATEGORY:
        wrong.append(said("`{fact}` must be a category.", fact=move.name))
    wrong += _wrong_memory(ladder, facts, stage)
    if move.key == proposed.key:
        wrong.append(said("`proposed` and `move` are both `{fact}`, which cannot be two things.", fact=move.name))
    wrong += [
        said("gates conclude `{fact}`, so it must be derived.", fact=fact.name)
        for fact in (proposed, move)
        if not fact.is_derived
    ]
    for message in wrong:
        reading.problems.add(at, "wrong-ladder", message, said("Correct the catalogue or `ladder` in pack.yaml."))
    return ladder


def _wrong_memory(ladder: Ladder, facts: Mapping[FactKey, Fact], stage: Fact) -> Iterator[Said]:
    """Yield what is wrong with the facts that are remembered when a stage is confirmed."""
    for key, kind, wanted in (
        (ladder.days, (Type.INTEGER, None), of_type(Type.INTEGER)),
        (ladder.since, (Type.DATE, None), of_type(Type.DATE)),
        (ladder.before, (stage.type, stage.enum), said("a {type} of {enum}", type=stage.type, enum=stage.enum)),
    ):
        fact = facts.get(key) if key is not None else None
        if fact is not None and ((fact.type, fact.enum) != kind or fact.is_derived):
            yield said(
                "`{fact}` is remembered when a stage is confirmed, so it must be {wanted}, and not derived.",
                fact=fact.name,
                wanted=wanted,
            )


def read_gate(node: Node, ladder: Ladder, reading: Reading) -> Gate:
    """Read one item of `gates`."""
    form = Form(node, item_name(said("gate"), node), reading.problems)
    gate_id = form.word("gate", KEBAB)
    stage = reading.vocabulary.facts.get(ladder.stage)
    start, end = reading.validity(form)
    to = form.required("to")
    gate = Gate(
        id=gate_id,
        title=form.text("title"),
        because=reading.because(form, None),
        from_stages=_from_stages(form, stage, reading),
        to=_stage(to, stage, reading) if to is not None else "",
        move=_move(form, ladder, reading),
        precedence=form.required_integer("precedence", -MAX_PRIORITY, MAX_PRIORITY),
        criteria=tuple(_criterion(item, reading) for item in form.required_items("criteria")),
        at=form.at,
        sources=form.words("sources", SOURCE),
        valid_from=start,
        valid_until=end,
        status=form.choice("status", Status, Status.ACTIVE),
    )
    if to is not None and gate.to and gate.to in gate.from_stages:
        message = said("{what} leads from `{stage}` to itself.", what=form.what, stage=gate.to)
        form.problem(to.at, "wrong-gate", message, said("Name another stage."))
    _check_criteria(gate, form)
    form.close()
    return gate


def _from_stages(form: Form, stage: Fact | None, reading: Reading) -> tuple[str, ...]:
    node = form.required("from")
    if node is None:
        return ()
    items = node.items if isinstance(node, YList) else (node,)
    if not items:
        message = said("{what} leads from no stage.", what=form.what)
        form.problem(node.at, "empty-list", message, said("Name at least one."))
    return tuple(_stage(item, stage, reading) for item in items)


def _stage(node: Node, stage: Fact | None, reading: Reading) -> str:
    value = reading.value(node, stage) if stage is not None and stage.type in _STAGE_TYPES else None
    return str(value) if value is not None else ""


def _move(form: Form, ladder: Ladder, reading: Reading) -> Move:
    move = form.choice("move", Move)
    fact = reading.vocabulary.facts.get(ladder.move)
    if fact is not None and fact.type is Type.CATEGORY:
        enum = reading.vocabulary.enum_of(fact)
        if form.has("move") and move not in enum.members:
            message = said("`{word}` is no member of `{enum}`.", word=move, enum=enum.name)
            form.problem(form.place("move"), "unknown-member", message, said("Add it to the enum."))
    return move


def _criterion(node: Node, reading: Reading) -> Criterion:
    form = Form(node, item_name(said("criterion"), node, "id"), reading.problems)
    condition = form.optional_word("condition") or ""
    if condition and not UPGRADE_CONDITION.match(condition):
        message = said("`{condition}` is no upgrade condition.", condition=condition)
        form.problem(form.place("condition"), "unknown-word", message, said("They are U1.1 to U1.6."))
    criterion = Criterion(
        id=form.word("id", KEBAB),
        title=form.text("title"),
        when=reading.conditions.required(form, "when", None),
        at=form.at,
        condition=condition,
        required=form.flag("required", True),
    )
    form.close()
    return criterion


def _check_criteria(gate: Gate, form: Form) -> None:
    seen: set[str] = set()
    for criterion in gate.criteria:
        if criterion.id in seen:
            message = said("{what} has two criteria `{criterion}`.", what=form.what, criterion=criterion.id)
            form.problem(criterion.at, "duplicate-id", message, said("Rename one."))
        seen.add(criterion.id)
