"""Import mappings: which columns of somebody's files become which columns of our tables, stated as data.

A mapping is a YAML file in `facts/mappings/`, read by `mapping_load`; `docs/imports.md` describes it. Nothing in a
mapping is ever run as code: it names steps and tests from the fixed lists below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from facts.import_files import Heading

GENERATED = "~"
"""What a key made from a row's content begins with. Rows with equal content are told apart by their order."""

FOLDED = ("fact", "value")
"""The columns of a file whose columns make rows (`FileMapping.facts`)."""

STEPS = ("trim", "upper", "lower", "rename", "comma", "thousands", "date", "times", "year", "prefix")
"""What can be done to a cell, in the order in which a mapping lists it."""

NUMBERS = ("comma", "thousands")
"""The steps that read a number as a program wrote it; of numbers multiplied, each is read so."""

TESTS = ("is", "one_of", "starts_with", "ends_with")
"""What can be asked of a cell, besides `missing` and `present`."""


# --- the model ---


@dataclass(frozen=True, slots=True)
class CellTest:
    """One question about a cell of the input row."""

    column: str
    kind: str  # one of TESTS, or missing, or present
    texts: tuple[str, ...] = ()


Tests = tuple[CellTest, ...]
"""All of them must hold."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of a column of the input row."""

    column: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The same text for every row."""

    text: str


@dataclass(frozen=True, slots=True)
class Join:
    """Several values with a separator between them."""

    parts: tuple[Value, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Choose:
    """The text of the first case whose tests hold."""

    cases: tuple[tuple[Tests, str], ...]
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """Numbers multiplied; of a discount, what it leaves."""

    factors: tuple[str, ...]
    discounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column of another file, from its first row in which the column `where` holds this row's cell."""

    file: str
    where: str
    is_cell: str
    take: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyOf:
    """The cell `key`; if it is missing, a key made from the identity, or else from the whole content."""

    identity: tuple[str, ...]
    content: tuple[str, ...]


Value = Cell | Constant | Join | Choose | Product | Lookup | KeyOf


@dataclass(frozen=True, slots=True)
class Step:
    """A named change of a text, with what it needs."""

    name: str
    text: str = ""
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where a column's value comes from."""

    target: str
    value: Value
    steps: tuple[Step, ...] = ()
    take: str = "first"  # from the rows that make one: first, min or max


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows that the mapping knows of and leaves out, and why."""

    reason: str
    when: Tests


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A file, and how it is read.

    `facts`: columns that each make a row of their own, with the fact that the column tells in `fact` and its cell in
    `value`; the other columns stand in each of these rows.
    """

    name: str
    match: tuple[str, ...]
    heading: Heading
    missing: tuple[str, ...] = ("",)
    set_aside: tuple[SetAside, ...] = ()
    delimiter: str = ","
    optional: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    encoding: str | None = None  # of CSV files, as Python calls it; UTF-8 if nobody says


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A table that is filled from the rows of a file."""

    table: str
    file: str
    columns: tuple[ColumnMapping, ...]
    one_row_per_key: bool = False  # rows with equal keys make one
    repeats: bool = False  # rows with equal keys are different facts, told apart by their order
    changes_only: bool = False  # a row of a register that says nothing new since an earlier one is left out


class Period(NamedTuple):
    """From which day to which the files hold everything; where nobody says, from the first date in them to the last."""

    since: date | None = None
    until: date | None = None


AS_THE_FILES_TELL = Period()


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """A whole mapping."""

    name: str
    files: tuple[FileMapping, ...]
    tables: tuple[TableMapping, ...]
    covers: tuple[str, ...] = ()  # tables of which the files hold all there was in the period, each table by itself
    period: Period = AS_THE_FILES_TELL
    digest: str = ""

    def file(self, name: str) -> FileMapping:
        """Return the file of this name."""
        return next(file for file in self.files if file.name == name)
