"""`valuelift contact`: what is kept about a person at a customer, given out or erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from commands.failures import PROBLEMS
from commands.options import db_option, json_option, language_option, user_option

if TYPE_CHECKING:
    from common.texts import Texts
    from facts.contacts import Erased, Person

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
@language_option
@json_option
@db_option
def list_(customer: str, language: str, as_json: bool, db: str | None) -> None:
    """List the contacts of CUSTOMER, also those that stand no longer.

    \b
    Example:
      valuelift contact list moonbridge
    """
    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.contacts import people

    with open_store(db) as store:
        found = people(store, customer)
    if as_json:
        print_json([{"contact": each.key, "name": each.name, "role": each.role} for each in found])
        return
    for line in _listed(found, Texts(language)):
        click.echo(line)


def _listed(found: Sequence[Person], texts: Texts) -> Iterator[str]:
    """Yield a line for each contact."""
    roles = _roles(texts.language)
    for each in found:
        name = texts("contact_nameless") if each.is_erased else each.name
        role = roles.get(each.role or "", each.role)
        yield "  ".join(word for word in (each.key, name, role) if word)


def _roles(language: str) -> Mapping[str, str]:
    """Return what roles are called; in English they stay the words by which they are recorded."""
    if language == "en":
        return {}
    from wiring import catalogue

    return {role: title[language] for role, title in catalogue().enums["contact_role"].titles.items()}


@command.command("export")
@click.argument("customer")
@click.argument("contact")
@also_option
@language_option
@db_option
def export_(customer: str, contact: str, also: tuple[str, ...], language: str, db: str | None) -> None:  # noqa: ARG001 - in it is told what is wrong
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
@language_option
@json_option
@db_option
def erase_(
    customer: str,
    contact: str,
    also: tuple[str, ...],
    yes: bool,
    user: str,
    language: str,
    as_json: bool,
    db: str | None,
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
    from common.texts import Texts
    from facts.audit import COMMAND_LINE
    from facts.contacts import erase, export

    texts = Texts(language)
    with open_store(db) as store:
        found = export(store, customer, contact, also)
        if not yes and not click.confirm(_question(found, texts), err=True):
            click.echo(texts("contact_kept"), err=True)
            raise click.exceptions.Exit(PROBLEMS)
        erased = erase(store, customer, contact, also, user=user, source=COMMAND_LINE)
    if as_json:
        print_json(erased)
        return
    click.echo(_said(erased, texts))


def _question(found: dict[str, Any], texts: Texts) -> str:
    counts = {name: texts.number(len(found[name])) for name in ("rows", "mentions")}
    return texts("contact_erase", contact=found["contact"], **counts)


def _said(erased: Erased, texts: Texts) -> str:
    rows = texts("comma").join(
        texts("contact_rows", table=texts(f"erased_{table}"), number=count) for table, count in erased.rows.items()
    )
    return texts("contact_erased", contact=erased.contact, rows=rows, number=erased.number)
