"""`valuelift init`: make a store."""

from __future__ import annotations

import click

from commands.options import db_option, language_option
from engine.said import said


@click.command("init")
@click.option(
    "--currency",
    default="EUR",
    show_default=True,
    metavar="CODE",
    help="The currency in which amounts are compared, by its ISO 4217 code.",
)
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Where days begin and end, such as Asia/Shanghai.",
)
@language_option
@db_option
def command(currency: str, time_zone: str, language: str, db: str | None) -> None:
    """Make an empty store.

    One that is there already, with the same settings, stays as it is.

    \b
    Example:
      valuelift init --db acme.db --currency GBP --time-zone Europe/London
    """
    from common.texts import Texts
    from facts.database import shown
    from facts.store import Store

    currency = currency.upper()
    _check(currency, time_zone)
    store = Store.create(db, base_currency=currency, time_zone=time_zone)
    store.close()
    click.echo(Texts(language)("init_ready", store=shown(store.url), currency=currency, zone=time_zone))


def _check(currency: str, time_zone: str) -> None:
    from zoneinfo import available_timezones

    from babel.numbers import list_currencies

    from engine.errors import did_you_mean

    if currency not in list_currencies():
        raise click.BadParameter(
            said("{currency!r} is no currency code. Give three letters, such as EUR or CNY.", currency=currency),
            param_hint="--currency",
        )
    if time_zone not in available_timezones():
        hint = did_you_mean(time_zone, available_timezones()) or said("Give a name such as Europe/London.")
        raise click.BadParameter(
            said("{time_zone!r} is no time zone. {hint}", time_zone=time_zone, hint=hint), param_hint="--time-zone"
        )
