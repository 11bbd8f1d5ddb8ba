"""`valuelift pack`: which rules a store decides by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import db_option, json_option, language_option, user_option

if TYPE_CHECKING:
    from facts.packs import StoredPack


@click.group("pack")
def command() -> None:
    """Choose the rules that a store decides by.

    A store keeps every pack that was ever in use; without one it decides by the pack that comes with Valuelift.

    \b
    Example:
      valuelift pack use rulesets/value_marketing
    """


@command.command("use")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Also if the store keeps another pack under this name and version.")
@user_option
@language_option
@db_option
def use(path: Path, force: bool, user: str, language: str, db: str | None) -> None:
    """Check the pack in the folder PATH, keep a copy of it and decide by it from now on.

    Another pack than the store keeps under its name and version is refused: give it a new `version` in pack.yaml. If
    the very same pack is in use already, nothing is recorded.

    \b
    Example:
      valuelift pack use rulesets/value_marketing --as ana
    """
    from commands.desk import open_store
    from common.texts import Texts
    from wiring import use_rules

    with open_store(db) as store:
        used = use_rules(store, path, user, force=force)
    click.echo(Texts(language)("pack_already" if used.already else "promote_done", **_named(used.pack)))


def _named(pack: StoredPack) -> dict[str, str]:
    return {"pack": f"{pack.name} {pack.version}", "digest": pack.digest[:12]}


@command.command("rollback")
@user_option
@language_option
@db_option
def rollback(user: str, language: str, db: str | None) -> None:
    """Decide again by the pack version that was in use before the present one.

    Given once more, it goes back to the one before that, and so on. `valuelift rules log` shows them all.

    \b
    Example:
      valuelift pack rollback --as ana
    """
    from commands.desk import open_store
    from common.texts import Texts
    from facts.packs import rollback_pack

    with open_store(db) as store:
        stored = rollback_pack(store, user=user)
    click.echo(Texts(language)("pack_again", **_named(stored)))


@command.command("show")
@language_option
@json_option
@db_option
def show(language: str, as_json: bool, db: str | None) -> None:
    """Show the pack in use.

    \b
    Example:
      valuelift pack show --json
    """
    from commands.desk import open_store
    from common.texts import Texts
    from facts.packs import active_pack
    from wiring import load_rules, shipped_pack

    with open_store(db) as store:
        stored = active_pack(store)
    shown = stored or load_rules(shipped_pack()).pack
    if as_json:
        from commands.output import print_json

        digest = stored.digest if stored else None
        print_json({"name": shown.name, "version": shown.version, "digest": digest, "is_shipped": stored is None})
        return
    texts = Texts(language)
    if stored is None:
        click.echo(texts("pack_shipped", pack=f"{shown.name} {shown.version}"))
    else:
        click.echo(texts("pack_chosen", **_named(stored)))
