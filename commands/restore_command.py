"""`valuelift restore`: a store from a backup."""

from __future__ import annotations

from pathlib import Path

import click

from commands.backup_command import overwrite_option
from commands.options import db_option, json_option, language_option


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@overwrite_option
@db_option
@language_option
@json_option
def command(file: Path, overwrite: bool, db: str | None, language: str, as_json: bool) -> None:
    """Make a store from FILE, which `valuelift backup` wrote.

    FILE is looked through first. A store that is there already is only replaced with --overwrite, all or nothing;
    whoever uses it then sees what FILE holds. A store of an older version is brought up to date.

    \b
    Example:
      valuelift restore backups/valuelift-2026-06-30.db --db valuelift.db
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.backup import restore
    from facts.database import database_url, shown

    url = database_url(db)
    made = restore(file, url, overwrite=overwrite)
    with open_store(db):
        pass  # it opens
    if as_json:
        print_json({"store": shown(url), **{name: getattr(made, name) for name in ("file", "size", "revision")}})
        return
    click.echo(Texts(language)("restore_done", store=shown(url), file=file))
