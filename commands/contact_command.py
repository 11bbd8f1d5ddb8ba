"""`valuelift contact`: what is kept about a person at a customer, given out or erased."""

from __future__ import annotations

import click

from commands.options import db_option, json_option, user_option
from engine.errors import counted

also_option = click.option(
    "--also", multiple=True, metavar="TEXT", help="Another way in which texts may name the person. May be repeated."
)


@click.group("contact")
def command() -> None:
    """Give out or erase the personal data of a person at a customer.

    CONTACT is the contact's key, the key's end, or the name. Texts elsewhere in the customer's records are found by the
    person's name, telephone number and e-mail address; name other spellings by --also.

    \b
    Example:
      valuelift contact list moonbridge
      valuelift contact export moonbridge "Li Na" > li-na.json
      valuelift contact erase moonbridge "Li Na" --also "Ms Li"
    """


@command.command("list")
@click.argument("customer")
@json_option
@db_option
def list_(customer: str, as_json: bool, db: str | None) -> None:
    """List the contacts of CUSTOMER, also those that stand no longer.

    \b
    Example:
      valuelift contact list moonbridge
    """
    from commands.desk import open_store
    from commands.output import print_json
    from facts.contacts import people

    with open_store(db) as store:
        found = people(store, customer)
    if as_json:
        print_json([{"contact": each.key, "name": each.name, "role": each.role} for each in found])
        return
    for each in found:
        click.echo("  ".join(word for word in (each.key, each.name, each.role) if word))


@command.command("export")
@click.argument("customer")
@click.argument("contact")
@also_option
@db_option
def export_(customer: str, contact: str, also: tuple[str, ...], db: str | None) -> None:
    """Print as JSON all that is kept about CONTACT of CUSTOMER, also what stands no longer, and texts that name it.

    \b
    Example:
      valuelift contact export moonbridge "Li Na" > li-na.json
    """
    from commands.desk import open_store
    from commands.output import print_json
    from facts.contacts import export

    with open_store(db) as store:
        print_json(export(store, customer, contact, also))


@command.command("erase")
@click.argument("customer")
@click.argument("contact")
@also_option
@click.option("--yes", is_flag=True, help="Do not ask whether to erase.")
@user_option
@json_option
@db_option
def erase_(
    customer: str, contact: str, also: tuple[str, ...], yes: bool, user: str, as_json: bool, db: str | None
) -> None:
    """Erase what is kept about CONTACT of CUSTOMER. This cannot be taken back.

    Role and dates stay, so decisions and replays of stored runs stay what they were. The audit log tells that something
    was erased, and not what. Backups and files that were imported keep it: see docs/security.md.

    \b
    Example:
      valuelift contact erase moonbridge "Li Na" --also "Ms Li" --yes
    """
    from commands.desk import open_store
    from commands.output import print_json
    from facts.audit import COMMAND_LINE
    from facts.contacts import erase, export

    with open_store(db) as store:
        found = export(store, customer, contact, also)
        if not yes:
            rows = counted(len(found["rows"]), "row")
            texts = counted(len(found["mentions"]), "text that names", "texts that name")
            click.confirm(f"Erase {found['contact']}: {rows}, and {texts} the person?", abort=True, err=True)
        erased = erase(store, customer, contact, also, user=user, source=COMMAND_LINE)
    if as_json:
        print_json(erased)
        return
    rows = ", ".join(f"{table} {count}" for table, count in erased.rows.items())
    click.echo(f"Erased {erased.contact} ({rows}). Entry {erased.number} of the audit log.")
