"""`valuelift user`: who may log in to the pages, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import Word, db_option, json_option, language_option
from engine.said import said

if TYPE_CHECKING:
    from common.texts import Texts
    from facts.store import Store

ROLES = ("manager", "author", "operator", "auditor", "admin")

generate_option = click.option(
    "--generate", is_flag=True, help="Make a password and print it once, instead of asking for one."
)


@click.group("user")
def command() -> None:
    """Keep the accounts of those who use the pages (see `valuelift serve`).

    A manager sees and records own customers only. An operator records for all customers, an admin also decides on
    stages. Authors and auditors see all customers and record nothing.

    \b
    Example:
      valuelift user add ana --role manager --manager "Ana Lind"
      valuelift user list
    """


@command.command("add")
@click.argument("name")
@click.option("--role", required=True, type=Word(ROLES), metavar="ROLE", help=f"One of {', '.join(ROLES)}.")
@click.option(
    "--manager",
    metavar="TEXT",
    help="For a manager: the name under which customers have this account manager. By default NAME.",
)
@generate_option
@language_option
@db_option
def add(name: str, role: str, manager: str | None, generate: bool, language: str, db: str | None) -> None:
    """Add the account NAME and ask for its password.

    \b
    Example:
      valuelift user add ana --role manager --manager "Ana Lind"
      valuelift user add vera --role auditor --generate
    """
    from datetime import UTC, datetime

    from commands.desk import open_store
    from common.texts import Texts
    from facts.accounts import Account, Role, add_account

    if not name.isprintable() or not 1 <= len(name) <= 64 or name != name.strip():
        raise click.BadParameter(said("Give 1 to 64 characters."), param_hint="NAME")
    if manager is not None and role != "manager":
        raise click.UsageError(said("--manager belongs to --role manager."))
    account = Account(name, Role(role), (manager or name) if role == "manager" else None)
    texts = Texts(language)
    with open_store(db) as store:
        _warn_of_none(store, account.account_manager, texts)
        password = _password(generate, texts)
        add_account(store, account, password, datetime.now(UTC))
    told = texts("user_given", password=password) if generate else ""
    click.echo(texts("user_added", name=name, role=texts(f"role_{role}")) + told)


def _warn_of_none(store: Store, manager: str | None, texts: Texts) -> None:
    """Say so if nobody is looked after under a manager's name: most likely it is misspelt."""
    from engine.errors import did_you_mean

    if manager is None:
        return
    cards = store.base_tables(store.today(), only={"customers": ("key", "account_manager")})["customers"]
    known = {each for each in cards["account_manager"].to_pylist() if each}
    if manager not in known:
        hint = did_you_mean(manager, known)
        click.echo(texts("user_unknown_manager", manager=manager, hint=hint).rstrip(), err=True)


@command.command("password")
@click.argument("name")
@generate_option
@language_option
@db_option
def password(name: str, generate: bool, language: str, db: str | None) -> None:
    """Give the account NAME another password; it is unlocked, and logged out everywhere.

    \b
    Example:
      valuelift user password ana --generate
    """
    from commands.desk import open_store
    from common.texts import Texts
    from facts.accounts import change_password

    texts = Texts(language)
    with open_store(db) as store:
        given = _password(generate, texts)
        change_password(store, name, given)
    click.echo(texts("user_changed", name=name) + (texts("user_given", password=given) if generate else ""))


@command.command("list")
@language_option
@json_option
@db_option
def show(language: str, as_json: bool, db: str | None) -> None:
    """List the accounts with their roles.

    \b
    Example:
      valuelift user list --json
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.accounts import accounts

    with open_store(db) as store:
        found = accounts(store)
    if as_json:
        print_json(found)
        return
    texts = Texts(language)
    for each in found:
        manager = "" if each.account_manager in (None, each.name) else texts("beside", said=each.account_manager)
        click.echo(f"{each.name}{texts('colon')}{texts(f'role_{each.role}')}{manager}")
    if not found:
        click.echo(texts("user_none"))


@command.command("remove")
@click.argument("name")
@language_option
@db_option
def remove(name: str, language: str, db: str | None) -> None:
    """Remove the account NAME and log it out; what it recorded stays on record under its name.

    \b
    Example:
      valuelift user remove ana
    """
    from commands.desk import open_store
    from common.texts import Texts
    from facts.accounts import remove_account

    with open_store(db) as store:
        remove_account(store, name)
    click.echo(Texts(language)("user_removed", name=name))


def _password(generate: bool, texts: Texts) -> str:
    """Return a password that is made, or asked for until it is given twice alike."""
    from facts.accounts import new_password

    if generate:
        return new_password()
    suffix = texts("colon")
    while True:
        given: str = click.prompt(texts("user_password"), hide_input=True, prompt_suffix=suffix)
        if given == click.prompt(texts("user_password_again"), hide_input=True, prompt_suffix=suffix):
            return given
        click.echo(texts("user_password_differs"))
