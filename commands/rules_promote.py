"""`valuelift rules promote` and `rules log`: a new version into use, and the versions that were."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from textwrap import indent

import click

from commands.failures import PROBLEMS
from commands.options import as_of_option, db_option, json_option, language_option, user_option


@click.command("promote")
@click.argument("pack", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="PACK")
@click.option("--dry-run", is_flag=True, help="Go through all steps, but leave the version in use as it is.")
@user_option
@db_option
@as_of_option
@language_option
@json_option
def command(
    pack: Path, dry_run: bool, user: str, db: str | None, as_of: date | None, language: str, as_json: bool
) -> None:
    """Put the pack in the folder PACK to use, if nothing speaks against it.

    It is checked without errors and warnings, its version is new, all cases pass, all invariants are proved for every
    possible customer, and its impact on the customers of the store keeps the limits (`promotion` in pack.yaml) of the
    version in use and of the new one. Otherwise the reasons are told and nothing changes. Exit code 1: refused.

    \b
    Example:
      valuelift rules promote our-rules --as ana
      valuelift rules promote our-rules --dry-run --json
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.promotion import Promotion
    from common.texts import Texts
    from wiring import use_rules

    texts = Texts(language)
    steps = []
    with open_store(db) as store:
        for step in Promotion(store, pack, as_of or store.today()).steps():
            said = step.said(texts)
            steps.append(said)
            if not as_json:
                mark = "✗" if step.against else "✓"
                click.echo(f"{mark} {texts(f'promote_step_{step.name}')}{texts('colon')}{said['said']}")
                for reason in said["reasons"]:
                    click.echo(indent(reason, "    "))
        refused = any(said["reasons"] for said in steps)
        stored = None if refused or dry_run else use_rules(store, pack, user).pack
    if as_json:
        used = None if stored is None else {"name": stored.name, "version": stored.version, "digest": stored.digest}
        print_json({"steps": steps, "refused": refused, "in_use": used})
    elif refused:
        click.echo(texts("promote_refused"))
    elif stored is None:
        click.echo(texts("promote_dry"))
    else:
        click.echo(texts("promote_done", pack=f"{stored.name} {stored.version}", digest=stored.digest[:12]))
    if refused:
        raise click.exceptions.Exit(PROBLEMS)


@click.command("log")
@db_option
@language_option
@json_option
def log(db: str | None, language: str, as_json: bool) -> None:
    """Show which pack versions a store decided by, the latest first: since when, and who put them to use.

    \b
    Example:
      valuelift rules log --db customers.db
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.packs import uses

    with open_store(db) as store:
        found = uses(store)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    texts = Texts(language)
    for one in found:
        moment = _local(one.used_at)
        click.echo(f"{moment}  {one.name} {one.version}  {one.digest[:12]}  {one.used_by}")
    if not found:
        click.echo(texts("log_empty"))


def _local(moment: datetime) -> str:
    return moment.astimezone().isoformat(sep=" ", timespec="minutes")[:16]
