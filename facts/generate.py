"""Base facts of as many customers as are wanted, as Parquet files: each customer lives one of the demo's stories.

A customer takes a story that is common for its stage, moves it some days back, does more or less business than the
story tells, and some of it is never recorded. Everything that hangs together stays so: an invoice is the sum of its
order's lines, a payment settles its invoice. Customers are made block by block, each with random numbers of its own, so
that memory is bounded and the same seed gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Column, Date

from facts import arrow_rows, reading
from facts.columns import Scaled
from facts.demo import AS_OF
from facts.demo.build import whole_story
from facts.demo.story import read_characters, read_world
from facts.tables import FACT_TABLES, own_columns

BLOCK = 10_000
"""Customers that are made at once, a row group of each file."""

SHARES = {
    "potential": 22, "target": 26, "new": 16, "established": 24, "core": 4, "strategic": 1, "problem": 3, "exited": 4,
}  # fmt: skip
"""Of 100 customers, so many live a story that ends at this stage: about 20 order lines a customer."""

_LONGEST_SHIFT = 28  # days
_LARGEST_SIZE = 40  # times the business of the story
_OFTEN_FORGOTTEN = ("complaints", "communications", "interactions", "opportunities", "referrals", "assessments")
_REMEMBERED = 0.9
_TEAM = 2_000  # customers of which an account manager of each name looks after some
_NAMES = ("account_manager", "salesperson")
_KEYS = ("key", "customer", "about", "order_key", "invoice_key")

Numbers = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]
"""Called with how many customers are made, and of how many."""


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows that the stories have in one table, sorted by story.

    Story `n` has those from `starts[n]` to `starts[n + 1]`. `around` gives for each column of keys what stands before
    and after the customer's key.
    """

    rows: pa.Table
    starts: Numbers
    around: Mapping[str, tuple[pa.Array, pa.Array]]


@dataclass(frozen=True, slots=True)
class _Block:
    """Some customers: their numbers, keys, stories, how many days earlier and how much larger they are."""

    numbers: Numbers
    keys: pa.Array
    stories: Numbers
    shifts: Numbers
    sizes: Numbers
    chance: np.random.Generator


def generate(
    folder: Path, customers: int, seed: int, as_of: date = AS_OF, progress: Progress | None = None
) -> dict[str, int]:
    """Write a file for each table into a folder, and return how many rows each has.

    Args:
        folder: made if it is not there; files of the same names are replaced.
        customers: how many.
        seed: the same seed and number give the same bytes.
        as_of: the day on which the stories stand.
        progress: told how far the work is.
    """
    told, common, shares = _stories(as_of)
    folder.mkdir(parents=True, exist_ok=True)
    counts = dict.fromkeys([*common, *told], 0)
    with ExitStack() as files:
        writers = {
            name: files.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", _schema(name))) for name in counts
        }
        for name, rows in common.items():
            writers[name].write_table(rows)
            counts[name] += rows.num_rows
        for start in range(0, customers, BLOCK):
            block = _block(seed, np.arange(start, min(start + BLOCK, customers)), shares)
            for name, story in told.items():
                rows = _rows(name, story, block)
                writers[name].write_table(rows, row_group_size=max(1, rows.num_rows))
                counts[name] += rows.num_rows
            if progress is not None:
                progress(min(start + BLOCK, customers), customers)
    return counts


# --- what is told ---


@cache
def _stories(as_of: date) -> tuple[dict[str, _Told], dict[str, pa.Table], npt.NDArray[np.float64]]:
    """Return the stories' rows by table, the rows that are about no customer, and how likely each story is."""
    world = read_world()
    # Only stories in which everything is recorded: then that is said once for all customers.
    characters = tuple(one for one in read_characters(world) if "unrecorded" not in one.story)
    places = {character.key: place for place, character in enumerate(characters)}
    told, common = {}, {}
    for name, rows in whole_story(characters, world, as_of).items():
        owner = reading.owner(FACT_TABLES[name])
        if owner is None or rows[0].get(owner.name) is None:
            common[name] = _table(name, rows)
        else:
            ordered = sorted(rows, key=lambda row: places[row[owner.name]])
            of_story = [places[row[owner.name]] for row in ordered]
            starts = np.searchsorted(of_story, np.arange(len(characters) + 1))
            around = {column: _around(ordered, column, owner.name) for column in _KEYS if column in ordered[0]}
            told[name] = _Told(_table(name, ordered), starts, around)
    stages = [_last_stage(told["stage_history"], place) for place in range(len(characters))]
    shares = np.array([SHARES[stage] / stages.count(stage) for stage in stages])
    return told, common, shares / shares.sum()


def _last_stage(history: _Told, story: int) -> str:
    """Return the stage at which a story ends."""
    return str(history.rows["stage"][int(history.starts[story + 1]) - 1].as_py())


def _schema(name: str) -> pa.Schema:
    """Return the columns that snapshots may read, and those without which a row cannot be imported."""
    table, readable = FACT_TABLES[name], reading.readable_columns(FACT_TABLES[name])
    wanted = (
        column.name
        for column in own_columns(table)
        if column.name in readable or not (column.nullable or column.server_default)
    )
    schema = arrow_rows.arrow_schema(table, tuple(wanted))
    return schema.remove(schema.get_field_index("is_current")) if "is_current" in schema.names else schema


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    columns = FACT_TABLES[name].columns
    schema = _schema(name)
    values = {field.name: [row.get(field.name, _default(columns[field.name])) for row in rows] for field in schema}
    return pa.table(values, schema=schema)


def _default(column: Column[Any]) -> str | bool | None:
    """Return what the database fills in where nothing is said."""
    if column.server_default is None:
        return None
    said = str(getattr(column.server_default, "arg", ""))
    return {"true": True, "false": False}.get(said, said)


def _around(rows: list[dict[str, Any]], column: str, owner: str) -> tuple[pa.Array, pa.Array]:
    parts = [str(row[column]).partition(row[owner]) for row in rows]
    none = [row.get(column) in (None, "") for row in rows]
    before = pa.array([before for before, _, _ in parts], pa.string(), mask=np.array(none))
    return before, pa.array([after for _, _, after in parts], pa.string(), mask=np.array(none))


# --- making customers ---


def _block(seed: int, numbers: Numbers, shares: npt.NDArray[np.float64]) -> _Block:
    chance = np.random.Generator(np.random.PCG64([seed, int(numbers[0])]))
    size = len(numbers)
    return _Block(
        numbers=numbers,
        keys=pa.array([f"C{number:08}" for number in numbers.tolist()]),
        stories=chance.choice(len(shares), size, p=shares),
        shifts=chance.integers(0, _LONGEST_SHIFT, size),
        sizes=np.minimum(_LARGEST_SIZE, 1 + chance.pareto(1.2, size)).astype(np.int64),
        chance=chance,
    )


def _rows(name: str, told: _Told, block: _Block) -> pa.Table:
    """Return a table's rows of some customers, in the customers' order."""
    counts = told.starts[block.stories + 1] - told.starts[block.stories]
    customer = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(told.starts[block.stories] - (np.cumsum(counts) - counts), counts)
    places = first + np.arange(len(customer))
    if name in _OFTEN_FORGOTTEN:
        kept = block.chance.random(len(places)) < _REMEMBERED
        customer, places = customer[kept], places[kept]
    return pa.table(list(_columns(name, told, block, customer, places)), schema=_schema(name))


def _columns(name: str, told: _Told, block: _Block, customer: Numbers, places: Numbers) -> Iterator[pa.Array]:
    for field in told.rows.schema:
        kind = FACT_TABLES[name].columns[field.name].type
        values = told.rows[field.name].combine_chunks().take(pa.array(places))
        if field.name in told.around:
            before, after = (part.take(pa.array(places)) for part in told.around[field.name])
            whole = pc.binary_join_element_wise(before, block.keys.take(pa.array(customer)), after, "")
            yield pc.coalesce(whole, values)
        elif field.name == "parent":
            earlier = block.keys.take(pa.array(np.maximum(customer - 1, 0)))
            yield pc.if_else(pc.and_(values.is_valid(), pa.array(customer > 0)), earlier, None)
        elif field.name == "name":
            yield _numbered(values, block.numbers[customer])
        elif field.name in _NAMES:
            yield _numbered(values, 1 + block.numbers[customer] // _TEAM)
        elif isinstance(kind, Date):
            yield _shifted(values, block.shifts[customer])
        elif isinstance(kind, Scaled) and field.name != "unit_price":
            yield pc.multiply(values, pa.array(block.sizes[customer]).cast(pa.decimal128(19, 0))).cast(field.type)
        else:
            yield values


def _numbered(values: pa.Array, numbers: Numbers) -> pa.Array:
    return pc.binary_join_element_wise(values, pa.array(numbers).cast(pa.string()), " ")


def _shifted(days: pa.Array, back: Numbers) -> pa.Array:
    return pc.subtract(days.cast(pa.int32()), pa.array(back, pa.int32())).cast(pa.date32())
