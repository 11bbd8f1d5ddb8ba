"""`valuelift user`: who may log in to the pages, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import Word, db_option, json_option

if TYPE_CHECKING:
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
@db_option
def add(name: str, role: str, manager: str | None, generate: bool, db: str | None) -> None:
    """Add the account NAME and ask for its password.

    \b
    Example:
      valuelift user add ana --role manager --manager "Ana Lind"
      valuelift user add vera --role auditor --generate
    """
    from datetime import UTC, datetime

    from commands.desk import open_store
    from facts.accounts import Account, Role, add_account

    if not name.isprintable() or not 1 <= len(name) <= 64 or name != name.strip():
        raise click.BadParameter("Give 1 to 64 characters.", param_hint="NAME")
    if manager is not None and role != "manager":
        raise click.UsageError("--manager belongs to --role manager.")
    account = Account(name, Role(role), (manager or name) if role == "manager" else None)
    with open_store(db) as store:
        _warn_of_none(store, account.account_manager)
        password = _password(generate)
        add_account(store, account, password, datetime.now(UTC))
    click.echo(f"{name} may log in as {role}." + (f" Password: {password}" if generate else ""))


def _warn_of_none(store: Store, manager: str | None) -> None:
    """Say so if nobody is looked after under a manager's name: most likely it is misspelt."""
    from engine.errors import did_you_mean

    if manager is None:
        return
    cards = store.base_tables(store.today(), only={"customers": ("key", "account_manager")})["customers"]
    known = {each for each in cards["account_manager"].to_pylist() if each}
    if manager not in known:
        hint = did_you_mean(manager, known)
        click.echo(f"No customer has the account manager {manager!r} yet. {hint}".rstrip(), err=True)


@command.command("password")
@click.argument("name")
@generate_option
@db_option
def password(name: str, generate: bool, db: str | None) -> None:
    """Give the account NAME another password; it is unlocked, and logged out everywhere.

    \b
    Example:
      valuelift user password ana --generate
    """
    from commands.desk import open_store
    from facts.accounts import change_password

    with open_store(db) as store:
        given = _password(generate)
        change_password(store, name, given)
    click.echo(f"{name} has another password." + (f" Password: {given}" if generate else ""))


@command.command("list")
@json_option
@db_option
def show(as_json: bool, db: str | None) -> None:
    """List the accounts with their roles.

    \b
    Example:
      valuelift user list --json
    """
    from commands.desk import open_store
    from commands.output import print_json
    from facts.accounts import accounts

    with open_store(db) as store:
        found = accounts(store)
    if as_json:
        print_json(found)
        return
    for each in found:
        manager = f" ({each.account_manager})" if each.account_manager not in (None, each.name) else ""
        click.echo(f"{each.name}: {each.role}{manager}")
    if not found:
        click.echo("There are no accounts yet. Add one by `valuelift user add`.")


@command.command("remove")
@click.argument("name")
@db_option
def remove(name: str, db: str | None) -> None:
    """Remove the account NAME and log it out; what it recorded stays on record under its name.

    \b
    Example:
      valuelift user remove ana
    """
    from commands.desk import open_store
    from facts.accounts import remove_account

    with open_store(db) as store:
        remove_account(store, name)
    click.echo(f"{name} may log in no longer.")


def _password(generate: bool) -> str:
    from facts.accounts import new_password

    if generate:
        return new_password()
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given
