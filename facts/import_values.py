"""What becomes of a row's cells: mappings to DuckDB SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from sqlalchemy import Column, DefaultClause, Table

from facts import arrow_rows
from facts.import_files import ROW
from facts.import_sql import Sql, first_case, joined, name, raw_table, sql
from facts.mapping import (
    GENERATED,
    NUMBERS,
    Cell,
    CellTest,
    Choose,
    ColumnMapping,
    Constant,
    Join,
    KeyOf,
    Lookup,
    Product,
    Step,
    Tests,
    Value,
)

# A number as it is written where a comma stands before the decimals, with or without points or spaces between
# thousands (the narrow one is that of Excel in French), and where commas stand between them. A minus may stand behind.
_WITH_COMMA = r"[-+]?([0-9]+|[0-9]{1,3}([. \x{00a0}\x{202f}][0-9]{3})+)(,[0-9]+)?-?"
_WITH_THOUSANDS = r"[-+]?[¥￥$€£]?[-+]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?-?"

# Wide enough to see whether a number has more digits than its column before it is rounded to them.
WIDE = "DECIMAL(38, 12)"

_BLANKS = " \t\r\n\u00a0\u3000"
"""What people take for nothing: spaces, tabs, ends of lines, and the spaces of web pages and of Chinese."""


# --- a value before it has a type ---


def text_of(table: Table, column: ColumnMapping) -> Sql:
    """Return a column's value as text, null if it is missing."""
    text = _value(column.value, table, names=_names(table.c[column.target]), steps=column.steps)
    for step in column.steps:
        text = _stepped(text, step)
    return sql("nullif({}, '')", text)


def _names(column: Column[Any]) -> bool:
    """Return whether a column names something, or is part of a name: a blank beside that would name something else."""
    in_key = column.name in ("key", *column.table.info["identity"])
    return in_key or bool(column.foreign_keys) or "refers_to" in column.info


def _value(value: Value, table: Table, *, names: bool, steps: Sequence[Step] = ()) -> Sql:
    """Return a value as text; of one that names something without the blanks around its cells.

    `steps` are taken with the whole afterwards; those that read numbers are needed before numbers are multiplied.
    """
    cell = _bare if names else name
    match value:
        case Cell(column):
            return cell(column)
        case Constant(text):
            return sql("{}::VARCHAR", text)
        case Join(parts, separator):
            # `||` is null if a part is missing: half a key would name the wrong row.
            whole = [_value(part, table, names=names) for part in parts]
            return sql("({})", _joined_by(sql(" || {} || ", separator), whole))
        case KeyOf(identity, content):
            return _key(table, identity, content)
        case Choose(cases, otherwise):
            whens = [sql("WHEN {} THEN {}", all_hold(tests), text) for tests, text in cases]
            return first_case(whens, Sql("NULL") if otherwise is None else sql("{}", otherwise))
        case Product(factors, discounts):
            return _product(factors, discounts, [step for step in steps if step.name in NUMBERS])
        case Lookup(file, where, is_cell, take):
            found = joined(" || ' ' || ", [sql("there.{}", name(column)) for column in take])
            looked_up = sql(
                "(SELECT arg_min({}, there.{}) FROM {} AS there WHERE {} = {})",
                found, name(ROW), raw_table(file), _bare(where, "there"), _bare(is_cell, "cells"),
            )  # fmt: skip
            return _trimmed(looked_up) if names else looked_up


def _bare(column: str, of: str = "") -> Sql:
    """Return a cell without the blanks around it, null if nothing else is in it."""
    return _trimmed(sql(f"{of}.{{}}", name(column)) if of else name(column))


def _trimmed(text: Sql) -> Sql:
    return sql("nullif(trim({}, {}), '')", text, _BLANKS)


def _joined_by(between: Sql, parts: Sequence[Sql]) -> Sql:
    return reduce(lambda whole, part: whole + between + part, parts)


def _key(table: Table, identity: Sequence[str], content: Sequence[str]) -> Sql:
    """Return the cell `key`, or a key made from what identifies the row or else from all that it says."""
    if identity:
        parts = [sql("coalesce({}, '')", _bare(column)) for column in identity]
        return sql("coalesce({}, {})", _bare("key"), _joined_by(Sql(" || '/' || "), parts))
    cells = [_bare(column) if _names(table.c[column]) else name(column) for column in content]
    parts = [sql("coalesce({}, '')", cell) for cell in cells]
    whole = _joined_by(sql(" || {} || ", "\x1f"), parts)
    return sql("coalesce({}, {} || md5({}))", _bare("key"), GENERATED, whole)


def _product(factors: Sequence[str], discounts: Sequence[str], read_by: Sequence[Step]) -> Sql:
    """Multiply with all digits, then round to the digits of an amount (half away from zero)."""
    numbers = [sql("TRY_CAST({} AS DECIMAL(18, 4))", _read(column, read_by)) for column in factors]
    numbers += [sql("(1 - TRY_CAST({} AS DECIMAL(9, 6)))", _read(column, read_by)) for column in discounts]
    whole = numbers[0]
    for number in numbers[1:]:
        whole = sql("TRY_CAST(TRY_CAST({} AS DECIMAL(28, 8)) * {} AS DECIMAL(38, 12))", whole, number)
    return sql("TRY_CAST({} AS DECIMAL(18, 4))::VARCHAR", whole)


def _read(column: str, steps: Sequence[Step]) -> Sql:
    return reduce(_stepped, steps, name(column))


def _stepped(text: Sql, step: Step) -> Sql:
    """Apply a step; a text that it cannot be applied to stays as it is, for its column's type to reject."""
    match step.name:
        case "trim" | "upper" | "lower":
            return sql(f"{step.name}({{}})", text)
        case "rename":
            whens = [sql("WHEN {} THEN {}", old, new) for old, new in step.pairs]
            return sql("(CASE {} {} ELSE {} END)", text, joined(" ", whens), text)
        case "comma":
            text = _trimmed(text)
            digits = sql("regexp_replace({}, {}, '', 'g')", text, r"[. \x{00a0}\x{202f}]")
            return _number(text, _WITH_COMMA, sql("replace({}, ',', '.')", digits))
        case "thousands":
            text = _trimmed(text)
            return _number(text, _WITH_THOUSANDS, sql("regexp_replace({}, '[¥￥$€£,]', '', 'g')", text))
        case "date":
            return sql("coalesce(strftime(try_strptime({}, {}), '%Y-%m-%d'), {})", text, step.text, text)
        case "times":
            number = sql(f"TRY_CAST({{}} AS {WIDE}) * TRY_CAST({{}} AS DECIMAL(18, 0))", text, step.text)
            return sql(f"coalesce(TRY_CAST({{}} AS {WIDE})::VARCHAR, {{}})", number, text)
        case "year":
            return sql("({} || '-01-01')", text)
        case "prefix":
            return sql("({} || {})", step.text, text)
    raise AssertionError(step.name)


def _number(text: Sql, written: str, plain: Sql) -> Sql:
    """Return a number plainly, a minus in front, if it is written like that."""
    minus = sql("CASE WHEN ends_with({}, '-') THEN '-' || rtrim({}, '-') ELSE {} END", plain, plain, plain)
    return sql("CASE WHEN regexp_full_match({}, {}) THEN {} ELSE {} END", text, written, minus, text)


# --- tests ---


def all_hold(tests: Tests) -> Sql:
    """Return a condition that is true or false: whether all tests hold of a row."""
    return joined(" AND ", map(_holds, tests))


def _holds(test: CellTest) -> Sql:
    """Return a condition that is true or false, also for a missing cell."""
    cell = name(test.column)
    match test.kind:
        case "missing":
            return sql("{} IS NULL", cell)
        case "present":
            return sql("{} IS NOT NULL", cell)
        case "starts_with" | "ends_with":
            listed = joined(" OR ", [sql(f"{test.kind}({{}}, {{}})", cell, text) for text in test.texts])
        case _:
            listed = sql("{} IN ({})", cell, joined(", ", [sql("{}", text) for text in test.texts]))
    return sql("coalesce({}, false)", listed)


# --- types ---


def in_type(text: Sql, target: Column[Any]) -> Sql:
    """Return the value in the target column's type, its default if it is missing."""
    return with_default(sql(f"TRY_CAST({{}} AS {arrow_rows.duckdb_column(target)})", text), target)


def with_default(value: Sql, column: Column[Any]) -> Sql:
    """Return a value, or the column's default where it is missing."""
    if not isinstance(column.server_default, DefaultClause):
        return value
    return sql(
        f"coalesce({{}}, CAST({{}} AS {arrow_rows.duckdb_column(column)}))", value, str(column.server_default.arg)
    )
