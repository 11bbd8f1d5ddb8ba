"""Decision tables."""

from __future__ import annotations

from decimal import Decimal

from engine.errors import Location
from engine.load.built_in import EVIDENCED
from engine.load.conditions import conjunction
from engine.load.form import KEBAB, SOURCE, Form
from engine.load.layers import Layers
from engine.load.operands import NUMERIC
from engine.load.reading import MAX_PRIORITY, Reading, item_name
from engine.load.values import WrongValueError, check_result
from engine.model import All, Collect, Condition, Hit, Status, Table, TableRow
from engine.said import of_type, quoted, said
from engine.vocabulary import Fact, Type, Value
from engine.yaml12 import Node, YList, YScalar

_ANYTHING = "-"
_KEYS = (
    "table", "title", "each", "inputs", "outputs", "hit", "collect", "order", "rows", "priority", "sources",
    "valid_from", "valid_until", "status",
)  # fmt: skip
_AGGREGATES = (Collect.SUM, Collect.MIN, Collect.MAX, Collect.COUNT)


def read_table(node: Node, reading: Reading) -> Table:
    """Read one item of `tables`."""
    form = Form(node, item_name(said("table"), node), reading.problems)
    form.take_as_meant(_KEYS)
    table_id, each = form.word("table", KEBAB), reading.each(form)
    if table_id == EVIDENCED.name:
        message = said("`{table}#...` are the rules that stand for evidence.", table=table_id)
        form.problem(form.value_place("table"), "reserved-name", message, said("Rename the table."))
    hit = form.choice("hit", Hit, Hit.UNIQUE)
    collect = _collect(form, hit)
    is_in_doubt = form.is_reported("hit") or form.is_reported("collect")
    outputs = _outputs(form, each, collect, reading) if not is_in_doubt else ()
    inputs = tuple(_input(item, each, reading, form) for item in form.items("inputs"))
    order = _order(form, hit, outputs, reading)
    start, end = reading.validity(form)
    takes = () if collect is Collect.COUNT else outputs if len(outputs) == len(form.items("outputs")) else None
    table = Table(
        id=table_id,
        title=form.text("title"),
        hit=hit,
        outputs=tuple(fact.key for fact in outputs),
        rows=tuple(_row(item, each, inputs, takes, reading) for item in form.required_items("rows")),
        at=form.at,
        collect=collect,
        order=order,
        priority=form.integer("priority", 0, -MAX_PRIORITY, MAX_PRIORITY),
        each=each,
        sources=form.words("sources", SOURCE),
        valid_from=start,
        valid_until=end,
        status=form.choice("status", Status, Status.ACTIVE),
    )
    layers = reading.names.layers
    _check_rows(table, form, layers)
    if collect in (Collect.SUM, Collect.COUNT) and outputs:
        _check_together(table, outputs[0], form, layers.latest(*(row.at for row in table.rows), form.place("rows")))
    form.close()
    return table


def _collect(form: Form, hit: Hit) -> Collect | None:
    if hit is Hit.COLLECT:
        return form.choice("collect", Collect)
    if form.has("collect") and not form.is_reported("hit"):
        message = said("`collect` does not go with `hit: {hit}`.", hit=hit)
        form.problem(form.place("collect"), "unsuited-key", message, said("Remove one."))
    return None


def _outputs(form: Form, each: str | None, collect: Collect | None, reading: Reading) -> tuple[Fact, ...]:
    items = form.required_items("outputs")
    names = [item for item in items if isinstance(item, YScalar)]
    for item in items:
        if not isinstance(item, YScalar):
            form.word_of(item, said("an output"))
    for place, name in enumerate(names):
        if name.text in [other.text for other in names[:place]]:
            message = said("`{name}` stands among the outputs twice.", name=name.text)
            form.problem(name.at, "wrong-output", message, said("Remove one."))
    if collect is not None and len(names) > 1:
        message = said("a collecting table has one output.")
        form.problem(names[1].at, "wrong-output", message, said("Make a table for each."))
    if collect is Collect.LIST:
        return tuple(fact for name in names if (fact := reading.added_to(name)) is not None)
    facts = tuple(fact for name in names if (fact := reading.concluded(name, each)) is not None)
    wanted = (Type.INTEGER,) if collect is Collect.COUNT else NUMERIC
    for fact in facts:
        if collect is not None and fact.type not in wanted:
            message = said(
                "`collect: {collect}` needs an output of type {types: or }; `{fact}` is {type}.",
                collect=collect,
                types=wanted,
                fact=fact.name,
                type=of_type(fact.type),
            )
            form.problem(form.place("outputs"), "wrong-output", message)
    return facts


def _input(node: Node, each: str | None, reading: Reading, form: Form) -> YScalar | None:
    if not isinstance(node, YScalar):
        form.word_of(node, said("an input"))
    elif (each is None and node.text in reading.vocabulary.collections) or reading.names.fact(node, each) is not None:
        return node
    return None


def _order(form: Form, hit: Hit, outputs: tuple[Fact, ...], reading: Reading) -> tuple[Value, ...]:
    if hit is not Hit.PRIORITY:
        if form.has("order") and not form.is_reported("hit"):
            message = said("`order` does not go with `hit: {hit}`.", hit=hit)
            form.problem(form.place("order"), "unsuited-key", message, said("Remove one."))
        return ()
    items = form.required_items("order")
    if not outputs:
        return ()
    return tuple(value for item in items if (value := reading.value(item, outputs[0])) is not None)


def _row(
    node: Node, each: str | None, inputs: tuple[YScalar | None, ...], takes: tuple[Fact, ...] | None, reading: Reading
) -> TableRow:
    """Read a row; `takes` are the facts that `then` gives a value, None if they are not known."""
    form = Form(node, item_name(said("row"), node, "id"), reading.problems)
    row_id = form.word("id", KEBAB)
    tests = form.required("if")
    row = TableRow(
        id=row_id,
        when=_row_condition(tests, each, inputs, reading, form) if tests is not None else All((), form.at),
        values=_values(form, takes, reading),
        because=reading.because(form, each),
        at=form.at,
    )
    form.close()
    return row


def _row_condition(
    node: Node, each: str | None, inputs: tuple[YScalar | None, ...], reading: Reading, form: Form
) -> Condition:
    if not isinstance(node, YList):
        return reading.conditions.read(node, each)
    if len(node.items) != len(inputs):
        form.problem(
            node.at,
            "wrong-length",
            said(
                "`if` has {entries} {entries:entry|entries} for {inputs} {inputs:input|inputs}.",
                entries=len(node.items),
                inputs=len(inputs),
            ),
            said("Write `-` for anything."),
        )
        return All((), node.at)
    items = (
        reading.conditions.entry(YScalar(name.value, name.text, test.at), test, each)
        for name, test in zip(inputs, node.items, strict=True)
        if name is not None and not (isinstance(test, YScalar) and test.text == _ANYTHING)
    )
    return conjunction(items, node.at)


def _values(form: Form, takes: tuple[Fact, ...] | None, reading: Reading) -> tuple[Value, ...]:
    if takes is None:
        form.node("then")
        return ()
    if not takes:
        if form.has("then"):
            message = said("rows of a counting table have no `then`.")
            form.problem(form.place("then"), "unsuited-key", message, said("Remove it."))
        return ()
    node = form.required("then")
    if node is None:
        return ()
    items = form.items_of(node, quoted("then"))
    if isinstance(node, YList) and len(items) != len(takes):
        form.problem(
            node.at,
            "wrong-length",
            said(
                "`then` has {values} {values:value|values} for {outputs} {outputs:output|outputs}.",
                values=len(items),
                outputs=len(takes),
            ),
        )
        return ()
    found = (reading.value(item, fact) for item, fact in zip(items, takes, strict=False))
    return tuple(value for value in found if value is not None)


def _check_rows(table: Table, form: Form, layers: Layers) -> None:
    seen: dict[str, Location] = {}
    for row in table.rows:
        if row.id in seen:
            at = layers.latest(seen[row.id], row.at)
            message = said("{what} has two rows `{row}`.", what=form.what, row=row.id)
            form.problem(at, "duplicate-id", message, said("Rename one."))
        seen[row.id] = row.at
        if table.hit is Hit.PRIORITY and table.order and row.values and row.values[0] not in table.order:
            message = said("`{value}` does not stand in `order`.", value=row.values[0])
            form.problem(row.at, "missing-in-order", message, said("Add it there."))


def _check_together(table: Table, output: Fact, form: Form, at: Location) -> None:
    """Check that what rows can come to together is a value that the output can have; `at` is where to mend them."""
    if table.collect is Collect.COUNT:
        values: list[int | Decimal] = [1] * len(table.rows)
    else:
        values = [value for row in table.rows for value in row.values if isinstance(value, int | Decimal)]
    least = sum(value for value in values if value < 0) or min(values, default=0)
    most = sum(value for value in values if value > 0) or max(values, default=0)
    for together in (least, most):
        try:
            check_result(together, output)
        except WrongValueError as wrong:
            hint = said("Give `{output}` a wider `range`, or the rows smaller values.", output=output.name)
            message = said("the rows can come to {number} together, but {wrong}", number=together, wrong=wrong.message)
            form.problem(at, wrong.code, message, hint)


def is_aggregate(table: Table) -> bool:
    """Return whether a table's output is computed from its hits and may be set by nothing else."""
    return table.collect in _AGGREGATES
