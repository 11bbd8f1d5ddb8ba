"""Mappings to DuckDB SQL: what becomes of a row's cells, and what is wrong with them.

Texts of a mapping travel as parameters, never inside the SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, DefaultClause, Integer, String, Table

from facts import reading
from facts.columns import Scaled, days_are_counted, happens
from facts.days import EARLIEST
from facts.import_files import FAULT, MAX_CELL, ROW
from facts.mapping import (
    GENERATED,
    Cell,
    CellTest,
    Choose,
    ColumnMapping,
    Constant,
    FileMapping,
    Join,
    KeyOf,
    Lookup,
    Product,
    Step,
    TableMapping,
    Tests,
    Value,
)
from facts.tables import COLLECTIONS, FACT_TABLES

Words = Mapping[str, Sequence[str]]
"""The members of enums that facts are read by: other words are faults."""

OWN_FAULT = "own_fault"
"""The function of a fact's name and its value as a text that gives what is wrong with them, or nothing."""

# A number as it is written where a comma stands before the decimals, with or without points between thousands.
_WITH_COMMA = r"[-+]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?"

# Wide enough to see whether a number has more digits than its column before it is rounded to them.
_WIDE = "DECIMAL(38, 12)"

BLANKS = " \t\r\n\u00a0\u3000"
"""What people take for nothing: spaces, tabs, ends of lines, and the spaces of web pages and of Chinese."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values for its question marks."""

    text: str
    values: tuple[Any, ...] = ()

    def __add__(self, other: Sql) -> Sql:
        return Sql(self.text + other.text, self.values + other.values)


def sql(template: str, *parts: Sql | str) -> Sql:
    """Put pieces in the place of `{}`, their values in order; a text becomes a parameter."""
    pieces = [part if isinstance(part, Sql) else Sql("?", (part,)) for part in parts]
    values = tuple(value for piece in pieces for value in piece.values)
    return Sql(template.format(*(piece.text for piece in pieces)), values)


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """Join pieces with a separator."""
    listed = list(parts)
    return Sql(separator.join(part.text for part in listed), tuple(value for part in listed for value in part.values))


def name(text: str) -> Sql:
    """Return a quoted name."""
    return Sql('"' + text.replace('"', '""') + '"')


def raw_table(file: str) -> Sql:
    """Return the name of the table that holds a file's cells."""
    return name(f"raw {file}")


def checked_table(file: str) -> Sql:
    """Return the name of the table that holds a file's rows with their typed values and problems."""
    return name(f"checked {file}")


def typed(table: str, target: str) -> Sql:
    """Return the name of the column, in a checked file, that holds a target column's value."""
    return name(f"{table}.{target}")


# --- a whole file ---


def check_file(file: FileMapping, tables: Sequence[TableMapping], today: date, words: Words) -> Sql:
    """Return the statement that makes a file's checked table.

    Its columns: the row's number, the reason to set it aside, its first problem (column, reason, value), and the
    typed values for every table that is filled from it.
    """
    columns = [(table.table, column) for table in tables for column in table.columns]
    aside = [Sql(f"WHEN {name(FAULT).text} IS NOT NULL THEN NULL")]  # its cells say nothing
    aside += [sql("WHEN {} THEN {}", _all(each.when), each.reason) for each in file.set_aside]
    texts = joined(
        ", ",
        [
            sql("{} AS number, {} AS fault", name(ROW), name(FAULT)),
            sql("{} AS aside", _case(aside)),
            *(
                sql("{} AS {}", _text(FACT_TABLES[table], column), typed(table, column.target))
                for table, column in columns
            ),
        ],
    )
    problems, values = [Sql("WHEN fault IS NOT NULL THEN ['', fault, '']")], []
    for table, column in columns:
        target, text = FACT_TABLES[table].c[column.target], typed(table, column.target)
        for wrong, reason in _problems(text, target, today, words):
            problems.append(_problem(wrong, column, reason, text))
        values.append(sql("{} AS {}", _typed(text, target), text))
    for filled in tables:
        problems += [*_disordered(filled), *_alone(filled), *_unfit(filled)]
    return sql(
        "CREATE TABLE {} AS SELECT number, aside, {} AS problem, {} FROM (SELECT {} FROM {} AS cells)",
        checked_table(file.name),
        _case(problems),
        joined(", ", values),
        texts,
        raw_table(file.name),
    )


def _problem(wrong: Sql, column: ColumnMapping, reason: str, text: Sql) -> Sql:
    return sql("WHEN {} THEN [{}, {}, left({}, 200)]", wrong, _shown(column), reason, text)


def _shown(column: ColumnMapping) -> str:
    """Return what the file calls a column."""
    return column.value.column if isinstance(column.value, Cell) else column.target


def _disordered(table: TableMapping) -> Iterator[Sql]:
    """Give the cases in which a date lies before one that it cannot lie before."""
    mapped = {column.target: column for column in table.columns}
    for column in table.columns:
        for before in FACT_TABLES[table.table].c[column.target].info.get("not_before", ()):
            if before in mapped:
                text, other = typed(table.table, column.target), typed(table.table, before)
                wrong = sql("TRY_CAST({} AS DATE) < TRY_CAST({} AS DATE)", text, other)
                yield _problem(wrong, column, f"lies before {_shown(mapped[before])}", text)


def _alone(table: TableMapping) -> Iterator[Sql]:
    """Give the cases in which a value stands without the one that it needs."""
    mapped = {column.target for column in table.columns}
    for column in table.columns:
        if needed := FACT_TABLES[table.table].c[column.target].info.get("only_with"):
            text = typed(table.table, column.target)
            lacking = sql("{} IS NULL", typed(table.table, needed)) if needed in mapped else Sql("true")
            yield _problem(sql("{} IS NOT NULL AND {}", text, lacking), column, f"stands without {needed}", text)


def _unfit(table: TableMapping) -> Iterator[Sql]:
    """Give the cases in which a value is none of the fact that its row names; `OWN_FAULT` knows them."""
    for column in table.columns:
        if named := FACT_TABLES[table.table].c[column.target].info.get("is_of"):
            text = typed(table.table, column.target)
            fault = sql(f"{OWN_FAULT}({{}}, {{}})", typed(table.table, named), text)
            yield sql("WHEN {} IS NOT NULL THEN [{}, {}, left({}, 200)]", fault, _shown(column), fault, text)


def _case(whens: Sequence[Sql], otherwise: Sql = Sql("NULL")) -> Sql:
    """Return the first case that holds."""
    if not whens:
        return sql("{}::VARCHAR", otherwise)
    return joined(" ", [Sql("CASE"), *whens, sql("ELSE {} END", otherwise)])


# --- a value before it has a type ---


def _text(table: Table, column: ColumnMapping) -> Sql:
    """Return a column's value as text, null if it is missing."""
    text = _value(column.value, table, names=_names(table.c[column.target]))
    for step in column.steps:
        text = _stepped(text, step)
    return sql("nullif({}, '')", text)


def _names(column: Column[Any]) -> bool:
    """Return whether a column names something, or is part of a name: a blank beside that would name something else."""
    in_key = column.name in ("key", *column.table.info["identity"])
    return in_key or bool(column.foreign_keys) or "refers_to" in column.info


def _value(value: Value, table: Table, *, names: bool) -> Sql:
    """Return a value as text; of one that names something without the blanks around its cells."""
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
            whens = [sql("WHEN {} THEN {}", _all(tests), text) for tests, text in cases]
            return _case(whens, Sql("NULL") if otherwise is None else sql("{}", otherwise))
        case Product(factors, discounts):
            return _product(factors, discounts)
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
    return sql("nullif(trim({}, {}), '')", text, BLANKS)


def _joined_by(between: Sql, parts: Sequence[Sql]) -> Sql:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + between + part
    return whole


def _key(table: Table, identity: Sequence[str], content: Sequence[str]) -> Sql:
    """Return the cell `key`, or a key made from what identifies the row or else from all that it says."""
    if identity:
        parts = [sql("coalesce({}, '')", _bare(column)) for column in identity]
        return sql("coalesce({}, {})", _bare("key"), _joined_by(Sql(" || '/' || "), parts))
    cells = [_bare(column) if _names(table.c[column]) else name(column) for column in content]
    parts = [sql("coalesce({}, '')", cell) for cell in cells]
    whole = _joined_by(sql(" || {} || ", "\x1f"), parts)
    return sql("coalesce({}, {} || md5({}))", _bare("key"), GENERATED, whole)


def _product(factors: Sequence[str], discounts: Sequence[str]) -> Sql:
    """Multiply with all digits, then round to the digits of an amount (half away from zero)."""
    numbers = [sql("TRY_CAST({} AS DECIMAL(18, 4))", name(column)) for column in factors]
    numbers += [sql("(1 - TRY_CAST({} AS DECIMAL(9, 6)))", name(column)) for column in discounts]
    whole = numbers[0]
    for number in numbers[1:]:
        whole = sql("TRY_CAST(TRY_CAST({} AS DECIMAL(28, 8)) * {} AS DECIMAL(38, 12))", whole, number)
    return sql("TRY_CAST({} AS DECIMAL(18, 4))::VARCHAR", whole)


def _stepped(text: Sql, step: Step) -> Sql:
    """Apply a step; a text that it cannot be applied to stays as it is, for its column's type to reject."""
    match step.name:
        case "trim" | "upper" | "lower":
            return sql(f"{step.name}({{}})", text)
        case "rename":
            whens = [sql("WHEN {} THEN {}", old, new) for old, new in step.pairs]
            return sql("(CASE {} {} ELSE {} END)", text, joined(" ", whens), text)
        case "comma":
            plain = sql("replace(replace({}, '.', ''), ',', '.')", text)
            return sql("CASE WHEN regexp_full_match({}, {}) THEN {} ELSE {} END", text, _WITH_COMMA, plain, text)
        case "date":
            return sql("coalesce(strftime(try_strptime({}, {}), '%Y-%m-%d'), {})", text, step.text, text)
        case "times":
            number = sql(f"TRY_CAST({{}} AS {_WIDE}) * TRY_CAST({{}} AS DECIMAL(18, 0))", text, step.text)
            return sql(f"coalesce(TRY_CAST({{}} AS {_WIDE})::VARCHAR, {{}})", number, text)
        case "year":
            return sql("({} || '-01-01')", text)
        case "prefix":
            return sql("({} || {})", step.text, text)
    raise AssertionError(step.name)


# --- tests ---


def _all(tests: Tests) -> Sql:
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


def _typed(text: Sql, target: Column[Any]) -> Sql:
    """Return the value in the target column's type, its default if it is missing."""
    return with_default(sql(f"TRY_CAST({{}} AS {reading.duckdb_column(target)})", text), target)


def with_default(value: Sql, column: Column[Any]) -> Sql:
    """Return a value, or the column's default where it is missing."""
    if not isinstance(column.server_default, DefaultClause):
        return value
    return sql(f"coalesce({{}}, CAST({{}} AS {reading.duckdb_column(column)}))", value, str(column.server_default.arg))


def _problems(text: Sql, target: Column[Any], today: date, words: Words) -> Iterator[tuple[Sql, str]]:
    """Give the conditions under which a value is wrong, each with what to say."""
    if not target.nullable and target.server_default is None:
        yield sql("{} IS NULL", text), "is missing"
    if isinstance(target.type, (Scaled, Integer)):
        yield from _number_problems(text, target)
    elif isinstance(target.type, Date):
        yield from _date_problems(text, target, today)
    elif isinstance(target.type, Boolean):
        yield sql("{} IS NOT NULL AND TRY_CAST({} AS BOOLEAN) IS NULL", text, text), "is neither true nor false"
    elif members := _members(target, words):
        listed = joined(", ", [sql("{}", member) for member in members])
        yield sql("{} NOT IN ({})", text, listed), f"is none of {', '.join(members)}"
    elif target.name == "currency":
        yield sql("{} NOT IN ({})", text, _currencies()), "is no ISO 4217 code"
    elif isinstance(target.type, String):
        limit = target.type.length or MAX_CELL
        if target.name == "key":
            limit -= 10  # room for the number that tells rows with equal keys apart
        yield sql(f"length({{}}) > {limit}", text), f"has more than {limit} characters"


def _number_problems(text: Sql, target: Column[Any]) -> Iterator[tuple[Sql, str]]:
    digits = target.type.scale if isinstance(target.type, Scaled) else 0
    limit = 10 ** (18 - digits) if isinstance(target.type, Scaled) else 2**31
    number = sql(f"TRY_CAST({{}} AS {_WIDE})", text)
    yield sql("{} IS NOT NULL AND {} IS NULL", text, number), "is not a number"
    yield sql(f"{{}} <> round({{}}, {digits})", number, number), _digits(digits)
    yield sql(f"abs({{}}) >= {limit}", number), "is too large"
    if (most := target.info.get("most")) is not None:
        yield sql(f"{{}} NOT BETWEEN 0 AND {most}", number), f"is not between 0 and {most}"
    if (above := target.info.get("above")) is not None:
        yield sql(f"{{}} <= {above}", number), f"is not above {above}"


def _date_problems(text: Sql, target: Column[Any], today: date) -> Iterator[tuple[Sql, str]]:
    day = sql("TRY_CAST({} AS DATE)", text)
    yield sql("{} IS NOT NULL AND {} IS NULL", text, day), "is not a date"
    yield sql("NOT isfinite({}) OR year({}) NOT BETWEEN 1 AND 9999", day, day), "is not a date"
    if happens(target):
        yield sql("{} > CAST({} AS DATE)", day, today.isoformat()), "lies in the future"
    if days_are_counted(target):
        yield sql(f"year({{}}) < {EARLIEST.year}", day), f"lies before {EARLIEST.year}"


def _members(target: Column[Any], words: Words) -> Sequence[str] | None:
    """Return the words that a column may hold, or None if it may hold any."""
    if target.info.get("names") == "collection":
        return COLLECTIONS
    return target.info.get("members") or words.get(target.info.get("enum", ""))


@cache
def _currencies() -> Sql:
    from babel.numbers import list_currencies

    return joined(", ", [sql("{}", code) for code in sorted(list_currencies())])


def _digits(digits: int) -> str:
    return f"has more than {digits} digits after the point" if digits else "is not a whole number"
