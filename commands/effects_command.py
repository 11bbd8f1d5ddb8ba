"""`valuelift effects`: what became of what was advised, done and conveyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from commands.options import Query, Word, query_options

if TYPE_CHECKING:
    from common.effects import Effects

DIMENSIONS = ("stage", "medium", "segment")


@click.command("effects")
@click.option("--manager", metavar="NAME", help="Only customers of this account manager.")
@click.option(
    "--by",
    type=Word(DIMENSIONS),
    multiple=True,
    metavar="DIMENSION",
    help=f"Divide the kinds of value by this ({', '.join(DIMENSIONS)}); repeated, by several in this order. "
    "By default by all.",
)
@click.option("--all", "show_all", is_flag=True, help="Show every group and rule, also those with little evidence.")
@query_options
def command(manager: str | None, by: tuple[str, ...], show_all: bool, query: Query) -> None:
    """Show what became of what we advised, did and conveyed.

    Three results are kept apart: the account manager did it, the customer accepted it, the relationship moved. How
    often each kind of value is accepted stands with its evidence and interval; where little was heard, the wider group
    speaks and is named. docs/effects.md defines every figure.

    \b
    Example:
      valuelift effects --as-of 2026-06-30 --by stage
      valuelift effects --manager "Marta Holm" --by medium --json
    """
    from commands.customers_command import looked_after
    from commands.desk import desk_for
    from common.effects import find_effects

    with desk_for(query) as desk:
        if manager is not None:
            looked_after(desk, manager)
        found = find_effects(desk, by or DIMENSIONS, manager)
    if query.as_json:
        from commands.output import print_json

        print_json(as_json(found))
        return
    from commands.effects_layout import EffectsLayout
    from commands.output import print_page
    from common.texts import Texts

    print_page(EffectsLayout(Texts(query.language), desk.rules.pack, show_all).page(found))


def as_json(found: Effects) -> dict[str, Any]:
    """Return everything found: the groups with their evidence and estimates, the rules with the reasons of refusals."""
    return {
        "as_of": found.as_of,
        **found.days,
        "results": found.results,
        "acceptance": [_group(found, group) for group in found.groups],
        "rules": [
            {
                **row,
                "reasons": {each["because"] or "unknown": each["customers"] for each in _reasons(found, row["rule"])},
            }
            for row in found.rules
        ],
    }


def _group(found: Effects, group: tuple[str | None, ...]) -> dict[str, Any]:
    counts, estimate = found.groups[group], found.shares.get(group)
    named = dict(zip(found.by, group, strict=False))
    said = {
        "share": None if estimate is None else round(float(estimate.share), 4),
        "low": None if estimate is None else round(estimate.low, 4),
        "high": None if estimate is None else round(estimate.high, 4),
        "rests_on": None if estimate is None else dict(zip(found.by, estimate.rests_on, strict=False)),
    }
    return {"group": named, **counts, **said}


def _reasons(found: Effects, rule: str | None) -> list[Any]:
    return [each for each in found.reasons if each["rule"] == rule]
