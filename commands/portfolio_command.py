"""`valuelift portfolio`: the whole base judged, at a date against an earlier one."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import click

from commands.options import Day, Query, query_options
from engine.said import one_after_other, said

if TYPE_CHECKING:
    from wiring import Desk, Portfolio

DAYS_BACK = 90


@click.command("portfolio")
@click.option("--manager", metavar="NAME", help="Only customers of this account manager.")
@click.option("--region", metavar="REGION", help="Only customers of this region, or country where none is entered.")
@click.option("--since", type=Day(), metavar="DATE", help=f"The earlier date. By default {DAYS_BACK} days before.")
@click.option("--look-alikes", is_flag=True, help="Show the ideal customers by product, and who resembles them.")
@click.option("--product", metavar="PRODUCT", help="Of the ideal customers, show only this product's.")
@click.option("--all", "show_all", is_flag=True, help="Show every line, not only the first ones of each list.")
@query_options
def command(
    manager: str | None,
    region: str | None,
    since: date | None,
    look_alikes: bool,
    product: str | None,
    show_all: bool,
    query: Query,
) -> None:
    """Judge the whole base: stages and flow, upgrades, acceptance, needs, plans.

    Compares the date with an earlier one, by the same rules. Rates are shown with their counts; what nobody records is
    called not recorded. docs/portfolio.md defines every figure.

    \b
    Example:
      valuelift portfolio --as-of 2010-12-09 --since 2010-06-09
      valuelift portfolio --look-alikes --product HM20 --json
    """
    from commands.desk import desk_for
    from commands.progress import progress
    from common.texts import Texts
    from wiring.judging import judge

    texts = Texts(query.language)
    earlier = since or query.as_of - timedelta(days=DAYS_BACK)
    if earlier >= query.as_of:
        raise click.BadParameter(
            said("{earlier} is not before {as_of}.", earlier=earlier, as_of=query.as_of), param_hint="--since"
        )
    with desk_for(query) as desk, progress() as report:
        _check(desk, "account_manager", manager)
        _check(desk, "region", region)
        found = judge(
            desk,
            earlier,
            manager=manager,
            region=region,
            progress=lambda step, done, of: report(texts(step), done, of),
        )
        if product is not None:
            found = found.of_product(product)
    from commands.output import print_json, print_page
    from commands.portfolio_layout import PortfolioLayout
    from commands.undecided import tell_undecided

    if query.as_json:
        print_json(as_json(found))
    else:
        layout = PortfolioLayout(texts, desk.rules.pack, show_all, desk.currency)
        only = [each for each in (manager, region) if each is not None]
        print_page(layout.look_alikes(found) if look_alikes or product else layout.page(found, only))
    tell_undecided(texts, {each["customer"]: each["name"] for each in found.undecided})


def as_json(found: Portfolio) -> dict[str, Any]:
    """Return everything found, with the figures side by side."""
    aside = ("figures", "standing", "talks")
    content = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in aside}
    shares = {name: {"n": n, "of": of} for name, (n, of) in found.shares.items()}
    return {**content, **shares, **found.figures}


def _check(desk: Desk, column: str, wanted: str | None) -> None:
    """Refuse an account manager or a region that no customer has."""
    if wanted is None:
        return
    names = ["region", "country", "account_manager"]
    base = desk.store.base_tables(desk.as_of, desk.known_at, only={"customers": ("key", *names)})
    rows = base["customers"].group_by(names).aggregate([]).to_pylist()
    present = {row["region"] or row["country"] if column == "region" else row[column] for row in rows}
    if wanted not in present:
        from engine.errors import did_you_mean

        problem = said("No customer has the account manager {manager!r}.", manager=wanted)
        if column == "region":
            problem = said("No customer has the region {region!r}.", region=wanted)
        raise click.BadParameter(one_after_other(problem, did_you_mean(wanted, {each for each in present if each})))
