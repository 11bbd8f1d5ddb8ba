"""`valuelift backup`: the store as one file."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import db_option, json_option, language_option

overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what is there.")


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@overwrite_option
@db_option
@language_option
@json_option
def command(file: Path, overwrite: bool, db: str | None, language: str, as_json: bool) -> None:
    """Write the store into FILE, while it is in use.

    The copy is of one moment. It is looked through before it takes its place. A PostgreSQL store is written by pg_dump.
    Runs beside the store are ordinary files that do not change any more; copy their folder as well.

    \b
    Example:
      valuelift backup valuelift-2026-06-30.db
    """
    from commands.desk import store_as_it_is
    from commands.output import print_json
    from common.texts import Texts
    from facts.backup import back_up
    from facts.batch.ledger import runs_folder
    from facts.database import shown

    with store_as_it_is(db) as store:
        made = back_up(store, file, overwrite=overwrite)
    if as_json:
        print_json(made)
        return
    texts, runs = Texts(language), runs_folder(store.url)
    size = texts.number(-(-made.size // 1024))
    click.echo(texts("backup_done", store=shown(store.url), file=file, size=size))
    if runs.exists():
        click.echo(texts("backup_runs", runs=runs))
