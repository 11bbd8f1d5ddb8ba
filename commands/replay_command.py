"""`valuelift replay`: decide a run's facts once more, and compare."""

from __future__ import annotations

from pathlib import Path

import click

from commands.desk import ledger_for
from commands.options import db_option, json_option, language_option, pack_option, runs_option
from engine.said import said


@click.command("replay")
@click.argument("run")
@click.argument("customer", required=False)
@click.option("--quiet", is_flag=True, help="Do not say how far the work is.")
@db_option
@runs_option
@pack_option
@language_option
@json_option
def command(
    run: str,
    customer: str | None,
    quiet: bool,
    db: str | None,
    out: Path | None,
    pack: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Decide a run's facts once more and compare, all customers or one.

    RUN is its number in the store, the name of its folder, or `latest`; CUSTOMER a customer's key. A run keeps the
    facts that it was decided on, so nothing that was recorded since makes a difference. The exit code is 1 if any
    decision differs.

    \b
    Example:
      valuelift replay latest
      valuelift replay latest C00000017 --out runs
    """
    from commands.progress import progress
    from common.texts import Texts
    from facts.batch.register import find, replay
    from facts.database import StoreError
    from wiring import load_rules, rules_in_use, shipped_rules

    texts = Texts(language)
    with ledger_for(db, out) as (ledger, store), progress(quiet=quiet) as report:
        entry = find(ledger, store, run)
        rules = rules_in_use(store, pack) if store else load_rules(pack) if pack else shipped_rules()
        if rules.program.stamp.digest != entry.pack_digest:
            decided_by = f"{entry.pack} {entry.pack_version} ({entry.pack_digest[:16]})"
            raise StoreError(
                said("Run {run} cannot be replayed by these rules", run=entry.run),
                said("it was decided by {decided_by}", decided_by=decided_by),
                said("Give the folder of those rules by --pack."),
            )
        found = replay(entry, rules.decide, customer, lambda step, done, of: report(texts(step), done, of))
    if as_json:
        from commands.output import print_json

        print_json({"run": entry.run, "customers": found.customers, "different": found.different})
    elif found.different:
        first = ", ".join(found.different[:5])
        click.echo(texts("replay_differs", run=entry.run, number=texts.number(len(found.different)), first=first))
    else:
        click.echo(texts("replay_agrees", run=entry.run, number=texts.number(found.customers)))
    if found.different:
        raise click.exceptions.Exit(1)
