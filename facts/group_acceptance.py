"""How often customers like this one accepted each kind of value: a fact that only a look at the whole base shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from facts.acceptance import Estimate, Path, Weights, estimates, outwards, paths
from facts.feature_database import declare
from facts.features import group
from facts.groups import make_groups

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

LOOKED_AT = ("customers", "communications", "stage_history")
"""The base tables that it rests on."""

_BY = ("value_kind", "stage", "segment")
_SHARES = pa.schema([("stage", pa.string()), ("segment", pa.string()), ("acceptance", pa.string())])


@dataclass(frozen=True, slots=True)
class Judged:
    """By which effects acceptance is judged, and how evidence is weighed."""

    look_back_days: int  # communications older than that are left out
    weights: Weights


def acceptance_in(database: DuckDBPyConnection, judged: Judged) -> DuckDBPyRelation:
    """Return `acceptance` for each `customer`, not computed yet, from a database that holds the base, prepared.

    It is the share of acceptance in per cent by kind of value, such as `brand:40,people:62`, in the narrowest group of
    the customer (kind of value, stage, segment) of which enough was heard; kinds of which too little was heard are left
    out. Null: all are.
    """
    declare(database, {"look_back_days": judged.look_back_days}, "INTEGER")
    make_groups(database)
    database.execute(f"CREATE TABLE talks AS {group('talks')}")
    cells = paths(database.sql(group("cells")).to_arrow_table().to_pylist(), _BY)
    found = estimates(cells, judged.weights)
    groups = database.sql("SELECT DISTINCT stage, segment FROM members ORDER BY ALL").to_arrow_table().to_pylist()
    kinds = sorted({path[0] for path, _ in cells if path[0] is not None})
    said = [{**each, "acceptance": _said(found, kinds, (each["stage"], each["segment"]))} for each in groups]
    database.register("said", pa.Table.from_pylist(said, _SHARES))
    return database.sql(
        """
        SELECT customer, acceptance
        FROM members m
        JOIN said s ON m.stage IS NOT DISTINCT FROM s.stage AND m.segment IS NOT DISTINCT FROM s.segment
        WHERE acceptance IS NOT NULL
        ORDER BY customer
        """
    )


def _said(found: Mapping[Path, Estimate], kinds: list[str], members: Path) -> str | None:
    shares = []
    for kind in kinds:
        nearest = next((found[path] for path in outwards((kind, *members)) if path in found), None)
        if nearest is not None and nearest.rests_on:  # not of other kinds of value
            shares.append(f"{kind}:{round(100 * nearest.share)}")
    return ",".join(shares) or None
