"""`valuelift pack`: which rules a store decides by."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import db_option, json_option, user_option


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
@db_option
def use(path: Path, force: bool, user: str, db: str | None) -> None:
    """Check the pack in the folder PATH, keep a copy of it and decide by it from now on.

    Another pack than the store keeps under its name and version is refused: give it a new `version` in pack.yaml. If
    the very same pack is in use already, nothing is recorded.

    \b
    Example:
      valuelift pack use rulesets/value_marketing --as ana
    """
    from commands.desk import open_store
    from wiring import use_rules

    with open_store(db) as store:
        used = use_rules(store, path, user, force=force)
    said = f"{used.pack.name} {used.pack.version} ({used.pack.digest[:12]})"
    click.echo(f"Already in use: {said}. Nothing was recorded." if used.already else f"In use: {said}.")


@command.command("rollback")
@user_option
@db_option
def rollback(user: str, db: str | None) -> None:
    """Decide again by the pack version that was in use before the present one.

    Given once more, it goes back to the one before that, and so on. `valuelift rules log` shows them all.

    \b
    Example:
      valuelift pack rollback --as ana
    """
    from commands.desk import open_store
    from facts.packs import rollback_pack

    with open_store(db) as store:
        stored = rollback_pack(store, user=user)
    click.echo(f"In use again: {stored.name} {stored.version} ({stored.digest[:12]}).")


@command.command("show")
@json_option
@db_option
def show(as_json: bool, db: str | None) -> None:
    """Show the pack in use.

    \b
    Example:
      valuelift pack show --json
    """
    from commands.desk import open_store
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
    origin = f"({stored.digest[:12]}), chosen by `valuelift pack use`" if stored else "(comes with Valuelift)"
    click.echo(f"In use: {shown.name} {shown.version} {origin}.")
