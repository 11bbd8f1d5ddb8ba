"""What is wrong with the rows of a file that is imported: a mapping's columns to DuckDB SQL that finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, Integer, String

from engine.said import Said, packed, said
from facts.columns import Scaled, Words, days_are_counted, happens, words_of
from facts.days import EARLIEST
from facts.import_files import FAULT, MAX_CELL, ROW
from facts.import_sql import Sql, checked_table, first_case, joined, name, raw_table, sql, typed
from facts.import_values import WIDE, all_hold, in_type, text_of
from facts.mapping import Cell, ColumnMapping, FileMapping, TableMapping
from facts.tables import COLLECTIONS, FACT_TABLES

OWN_FAULT = "own_fault"
"""The function of a fact's name and its value as a text that gives what is wrong with them, packed, or nothing."""


def check_file(file: FileMapping, tables: Sequence[TableMapping], today: date, words: Words) -> Sql:
    """Return the statement that makes a file's checked table.

    Its columns: the row's number, the reason to set it aside, its first problem (column, reason as `packed` makes it
    a text, value), and the typed values for every table that is filled from it.
    """
    columns = [
        (FACT_TABLES[filled.table], column, typed(filled.table, column.target))
        for filled in tables
        for column in filled.columns
    ]
    aside = [Sql(f"WHEN {name(FAULT).text} IS NOT NULL THEN NULL")]  # its cells say nothing
    aside += [sql("WHEN {} THEN {}", all_hold(each.when), each.reason) for each in file.set_aside]
    row = sql("{} AS number, {} AS fault, {} AS aside", name(ROW), name(FAULT), first_case(aside))
    texts = [sql("{} AS {}", text_of(table, column), text) for table, column, text in columns]
    values = [sql("{} AS {}", in_type(text, table.c[column.target]), text) for table, column, text in columns]
    return sql(
        "CREATE TABLE {} AS SELECT number, aside, {} AS problem, {} FROM (SELECT {} FROM {} AS cells)",
        checked_table(file.name),
        first_case([*_cases(tables, today, words)]),
        joined(", ", values),
        joined(", ", [row, *texts]),
        raw_table(file.name),
    )


def _cases(tables: Sequence[TableMapping], today: date, words: Words) -> Iterator[Sql]:
    """Give the cases in which a row is faulty; it is told of the first."""
    yield Sql("WHEN fault IS NOT NULL THEN ['', fault, '']")
    for filled in tables:
        for column in filled.columns:
            target, text = FACT_TABLES[filled.table].c[column.target], typed(filled.table, column.target)
            for wrong, reason in _problems(text, target, today, words):
                yield _problem(wrong, column, reason, text)
    for filled in tables:
        yield from (*_disordered(filled), *_alone(filled), *_unfit(filled))


def _problem(wrong: Sql, column: ColumnMapping, reason: Said, text: Sql) -> Sql:
    return sql("WHEN {} THEN [{}, {}, left({}, 200)]", wrong, _shown(column), packed(reason), text)


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
                yield _problem(wrong, column, said("lies before {column}", column=_shown(mapped[before])), text)


def _alone(table: TableMapping) -> Iterator[Sql]:
    """Give the cases in which a value stands without the one that it needs."""
    mapped = {column.target for column in table.columns}
    for column in table.columns:
        if needed := FACT_TABLES[table.table].c[column.target].info.get("only_with"):
            text = typed(table.table, column.target)
            lacking = sql("{} IS NULL", typed(table.table, needed)) if needed in mapped else Sql("true")
            yield _problem(
                sql("{} IS NOT NULL AND {}", text, lacking),
                column,
                said("stands without {column}", column=needed),
                text,
            )


def _unfit(table: TableMapping) -> Iterator[Sql]:
    """Give the cases in which a value is none of the fact that its row names; `OWN_FAULT` knows them."""
    for column in table.columns:
        if named := FACT_TABLES[table.table].c[column.target].info.get("is_of"):
            text = typed(table.table, column.target)
            fault = sql(f"{OWN_FAULT}({{}}, {{}})", typed(table.table, named), text)
            yield sql("WHEN {} IS NOT NULL THEN [{}, {}, left({}, 200)]", fault, _shown(column), fault, text)


# --- a value of a type ---


def _problems(text: Sql, target: Column[Any], today: date, words: Words) -> Iterator[tuple[Sql, Said]]:
    """Give the conditions under which a value is wrong, each with what to say."""
    if not target.nullable and target.server_default is None:
        yield sql("{} IS NULL", text), said("is missing")
    if isinstance(target.type, (Scaled, Integer)):
        yield from _number_problems(text, target)
    elif isinstance(target.type, Date):
        yield from _date_problems(text, target, today)
    elif isinstance(target.type, Boolean):
        yield sql("{} IS NOT NULL AND TRY_CAST({} AS BOOLEAN) IS NULL", text, text), said("is neither true nor false")
    elif members := _members(target, words):
        listed = joined(", ", [sql("{}", member) for member in members])
        yield sql("{} NOT IN ({})", text, listed), said("is none of {members}", members=list(members))
    elif target.name == "currency":
        yield sql("{} NOT IN ({})", text, _currencies()), said("is no ISO 4217 code")
    elif isinstance(target.type, String):
        limit = target.type.length or MAX_CELL
        if target.name == "key":
            limit -= 10  # room for the number that tells rows with equal keys apart
        yield sql(f"length({{}}) > {limit}", text), said("has more than {number} characters", number=limit)


def _number_problems(text: Sql, target: Column[Any]) -> Iterator[tuple[Sql, Said]]:
    digits = target.type.scale if isinstance(target.type, Scaled) else 0
    limit = 10 ** (18 - digits) if isinstance(target.type, Scaled) else 2**31
    number = sql(f"TRY_CAST({{}} AS {WIDE})", text)
    yield sql("{} IS NOT NULL AND {} IS NULL", text, number), said("is not a number")
    yield sql(f"{{}} <> round({{}}, {digits})", number, number), _digits(digits)
    yield sql(f"abs({{}}) >= {limit}", number), said("is too large")
    if (most := target.info.get("most")) is not None:
        yield sql(f"{{}} NOT BETWEEN 0 AND {most}", number), said("is not between 0 and {most}", most=most)
    if (above := target.info.get("above")) is not None:
        yield sql(f"{{}} <= {above}", number), said("is not above {number}", number=above)


def _date_problems(text: Sql, target: Column[Any], today: date) -> Iterator[tuple[Sql, Said]]:
    day = sql("TRY_CAST({} AS DATE)", text)
    yield sql("{} IS NOT NULL AND {} IS NULL", text, day), said("is not a date")
    yield sql("NOT isfinite({}) OR year({}) NOT BETWEEN 1 AND 9999", day, day), said("is not a date")
    if happens(target):
        yield sql("{} > CAST({} AS DATE)", day, today.isoformat()), said("lies in the future")
    if days_are_counted(target):
        yield sql(f"year({{}}) < {EARLIEST.year}", day), said("lies before {year}", year=str(EARLIEST.year))


def _members(target: Column[Any], words: Words) -> Sequence[str] | None:
    """Return the words that a column may hold, or None if it may hold any."""
    if target.info.get("names") == "collection":
        return COLLECTIONS
    return words_of(target, words)


@cache
def _currencies() -> Sql:
    from babel.numbers import list_currencies

    return joined(", ", [sql("{}", code) for code in sorted(list_currencies())])


def _digits(digits: int) -> Said:
    if not digits:
        return said("is not a whole number")
    return said("has more than {number} digits after the point", number=digits)
