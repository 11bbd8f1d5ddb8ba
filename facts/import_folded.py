"""Files of imports that have a column for each fact, taken apart into rows of one fact each."""

from __future__ import annotations

from facts.import_files import FAULT
from facts.import_sql import Sql, joined, name, raw_table, sql
from facts.mapping import FOLDED, FileMapping


def folded(file: FileMapping) -> Sql:
    """Return the statement that makes a row of each cell that tells a fact; a row keeps its number and its fault."""
    raw, whole = raw_table(file.name), sql("{} IS NOT NULL", name(FAULT))
    rows = [
        sql("SELECT *, {}::VARCHAR AS {}, {} AS {} FROM {} WHERE {} IS NOT NULL AND NOT {}",
            fact, name(FOLDED[0]), name(column), name(FOLDED[1]), raw, name(column), whole)
        for column, fact in file.facts
    ]  # fmt: skip
    rows.append(sql("SELECT *, NULL::VARCHAR, NULL::VARCHAR FROM {} WHERE {}", raw, whole))
    return sql("CREATE OR REPLACE TABLE {} AS {}", raw, joined(" UNION ALL ", rows))
