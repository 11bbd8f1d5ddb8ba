"""`valuelift token`: the tokens by which other programs ask in somebody's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commands.options import Word, db_option, json_option, language_option

if TYPE_CHECKING:
    from datetime import datetime

    from common.texts import Texts
    from facts.tokens import Token

SCOPES = ("read", "record", "confirm", "rules", "ops", "privacy")


@click.group("token")
def command() -> None:
    """Keep the tokens by which other programs use `valuelift serve`.

    A token asks in the name of an account and sees no more than that: a manager's token own customers only. It is good
    for what its scopes say: `read` decisions and explanations, `record` facts and effects, `confirm` stages, check
    `rules`, follow batches (`ops`), give out and erase personal data (`privacy`). The store keeps no token, only a
    digest of it. See docs/api.md.

    \b
    Example:
      valuelift token create ana --scope read --scope record --days 90
      valuelift token list
      valuelift token revoke 4f0c2a9b77d1
    """


@command.command("create")
@click.argument("account")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=Word(SCOPES),
    metavar="SCOPE",
    help=f"What it is good for: {', '.join(SCOPES)}. May be repeated.",
)
@click.option("--label", default="", metavar="TEXT", help="What it is for, to know it again.")
@click.option(
    "--days", default=90, show_default=True, type=click.IntRange(1, 366), metavar="N", help="How long it is good."
)
@language_option
@json_option
@db_option
def create(
    account: str, scopes: tuple[str, ...], label: str, days: int, language: str, as_json: bool, db: str | None
) -> None:
    """Make a token for ACCOUNT and print it, this once.

    \b
    Example:
      valuelift token create ana --scope read --label "the ERP system"
    """
    from datetime import UTC, datetime, timedelta

    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.tokens import Scope, create_token

    with open_store(db) as store:
        wanted = {Scope(each) for each in scopes}
        token, secret = create_token(store, account, wanted, label, datetime.now(UTC), timedelta(days=days))
    if as_json:
        print_json({"id": token.id, "token": secret, "expires_at": token.expires_at})
        return
    click.echo(secret)
    click.echo(Texts(language)("token_made", until=f"{token.expires_at:%Y-%m-%d %H:%M}"), err=True)


@command.command("list")
@language_option
@json_option
@db_option
def show(language: str, as_json: bool, db: str | None) -> None:
    """List the tokens: in whose name they ask, what for and until when.

    \b
    Example:
      valuelift token list --json
    """
    from datetime import UTC, datetime

    from commands.desk import open_store
    from commands.output import print_json
    from common.texts import Texts
    from facts.tokens import tokens

    with open_store(db) as store:
        found = tokens(store)
    if as_json:
        print_json(found)
        return
    texts = Texts(language)
    for each in found:
        scopes = texts("comma").join(texts(f"scope_{scope}") for scope in each.scopes)
        until = _until(each, datetime.now(UTC), texts)
        click.echo("  ".join(word for word in (each.id, each.account, scopes, until, each.label) if word))
    if not found:
        click.echo(texts("token_none"))


def _until(token: Token, now: datetime, texts: Texts) -> str:
    """Return until when a token is good, or since when it is not."""
    if token.revoked_at is not None:
        return texts("token_revoked_on", date=f"{token.revoked_at:%Y-%m-%d}")
    state = "token_expired" if token.expires_at <= now else "token_good"
    return texts(state, date=f"{token.expires_at:%Y-%m-%d}")


@command.command("revoke")
@click.argument("token", metavar="ID")
@language_option
@db_option
def revoke(token: str, language: str, db: str | None) -> None:
    """Let the token ID open nothing from now on.

    \b
    Example:
      valuelift token revoke 4f0c2a9b77d1
    """
    from datetime import UTC, datetime

    from commands.desk import open_store
    from common.texts import Texts
    from facts.tokens import revoke_token

    with open_store(db) as store:
        revoke_token(store, token, datetime.now(UTC))
    click.echo(Texts(language)("token_revoked", token=token))
