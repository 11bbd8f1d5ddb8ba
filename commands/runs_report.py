"""`valuelift runs report`: what changed between two runs, for whom and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.desk import ledger_for
from commands.options import OutFile, db_option, json_option, language_option, pack_option, runs_option

if TYPE_CHECKING:
    from common.run_report import RunReport
    from wiring import Rules

TOP = 10
PAGE_TOP = 100
EVERYBODY = 2**31 - 1


@click.command("report")
@click.argument("run", required=False)
@click.option("--against", metavar="RUN", help="The run to compare with. By default the one before, by as-of date.")
@click.option("--manager", metavar="NAME", help="Only customers of this account manager.")
@click.option(
    "--facts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take names and account managers from this folder of facts. By default from the store.",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    metavar="N",
    help=f"Customers named in each list. By default {TOP}; {PAGE_TOP} with --html.",
)
@click.option("--all", "show_all", is_flag=True, help="Name all customers.")
@click.option(
    "--html",
    type=OutFile(),
    metavar="FILE",
    help="Write a page with pictures to this file instead.",
)
@db_option
@runs_option
@pack_option
@language_option
@json_option
def command(
    *,
    run: str | None,
    against: str | None,
    manager: str | None,
    facts: Path | None,
    top: int | None,
    show_all: bool,
    html: Path | None,
    db: str | None,
    out: Path | None,
    pack: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Report what changed between two runs: who moves, what is advised otherwise, and why.

    RUN is its number in the store, the name of its folder, or `latest`; by default the newest. Lists who moved up, down
    and aside, new proposals, new problem customers and those whose progress stalls, the problem share against its
    limit, changed values and actions, and all of it by account manager. Reasons come from the facts that the run kept.

    \b
    Example:
      valuelift runs report
      valuelift runs report 12 --against 11 --html changes.html --lang zh
      valuelift runs report --manager "Marta Holm" --json
    """
    from common.texts import Texts

    most = EVERYBODY if show_all else top if top is not None else PAGE_TOP if html else TOP
    found, rules = _reported(run, against, manager, facts, most, db, out, pack, language)
    texts = Texts(language)
    if html is not None:
        from commands.documents import deliver, rendered
        from commands.run_report_words import RunReportWords

        deliver(rendered("run_report.html", texts, words=RunReportWords(texts, rules.pack, found)), html)
    if as_json:
        from commands.output import print_json

        print_json(plain(found))
    elif html is None:
        from commands.output import print_page
        from commands.run_report_layout import RunReportLayout

        print_page(RunReportLayout(texts, rules.pack, found).report())


def _reported(
    run: str | None,
    against: str | None,
    manager: str | None,
    facts: Path | None,
    most: int,
    db: str | None,
    out: Path | None,
    pack: Path | None,
    language: str,
) -> tuple[RunReport, Rules]:
    from common.run_report import Asked, require_rules, rules_that_decided
    from facts.batch.register import entries, find
    from facts.batch.sides import newest, one_before, require_published
    from wiring import load_rules, rules_in_use

    with ledger_for(db, out) as (ledger, store):
        known = entries(ledger, store)
        asked = find(ledger, store, run) if run is not None else newest(known)
        other = find(ledger, store, against) if against is not None else one_before(known, asked)
        for entry in (asked, other):
            require_published(entry)
        at_hand = [load_rules(pack)] if pack else [rules_in_use(store)] if store else []
        rules = require_rules(asked, at_hand, store)
        before = rules_that_decided(other, [rules, *at_hand], store)
        return Asked(asked, other, rules, before, store, facts, language, most, manager).report(), rules


def plain(found: RunReport) -> dict[str, Any]:
    """Return a report in JSON form, with the figures side by side."""
    (n, of), (n_before, of_before) = found.problem_share
    customers, before = found.customers
    return {
        "run": found.run,
        "against": found.against,
        "manager": found.manager,
        "customers": customers,
        "customers_before": before,
        "problem_share": {"n": n, "of": of, "n_before": n_before, "of_before": of_before, "limit": found.limit}
        | {"is_above": found.is_above_limit},
        "compares_actions": found.rules_known,
        "gives_reasons": found.run.folder is not None,
        "totals": found.totals,
        "listed": found.listed,
        **found.figures,
    }
