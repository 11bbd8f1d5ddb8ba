"""`valuelift confirm`: the account manager decides on the stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from commands.options import STAGES, Day, Query, Said, Word, query_options, user_option
from engine.said import said

if TYPE_CHECKING:
    from engine.model import Pack


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A stage that an account manager decided on; `changed` is False if it was recorded already."""

    customer: str
    stage: str
    proposed: str | None
    holds_from: date
    confirmed_by: str
    reason: str | None
    until: date | None
    changed: bool


@click.command("confirm")
@click.argument("customer")
@click.option(
    "--stage",
    required=True,
    type=Word(STAGES),
    metavar="STAGE",
    help=f"The stage decided on: {', '.join(STAGES)}.",
)
@click.option("--override", is_flag=True, help="Decide against what is proposed; needs --reason.")
@click.option("--reason", type=Said(), metavar="TEXT", help="Why, when deciding against the proposal.")
@click.option(
    "--until",
    type=Day(),
    metavar="DATE",
    help="When to look at a decision against the proposal again; by default after 90 days.",
)
@user_option
@query_options
def command(
    customer: str, stage: str, override: bool, reason: str | None, until: date | None, user: str, query: Query
) -> None:
    """Record the stage that the account manager decided on.

    It holds for CUSTOMER from the as-of date on. The system proposes (see `valuelift recommend`) and the account
    manager decides. Another stage than the proposed one needs --override with a --reason; it stands until the given
    date, without one for 90 days, and can be extended before that in the same way.

    \b
    Example:
      valuelift confirm 13085 --stage established --as-of 2010-12-09
      valuelift confirm 13085 --stage new --override --reason "still on trial"
    """
    from commands.desk import desk_for
    from common.recording import OVERRIDE_DAYS, decided_with, is_kept
    from facts.recording import confirm_stage

    _check_override(override, reason, until)
    if override and until is None:
        until = query.as_of + timedelta(days=OVERRIDE_DAYS)
    if until is not None and until <= query.as_of:
        raise click.BadParameter(
            said("{until} is not after {as_of}, from when it holds.", until=until, as_of=query.as_of),
            param_hint="--until",
        )
    with desk_for(query, customer) as desk:
        found = desk.decide(customer)
        key, pack = found.facts.customer, desk.rules.pack
        proposed = _text(found.decision.values.get(pack.ladder.proposed.name))
        extends = stage == proposed and is_kept(pack, found.facts)
        _check_proposal(key, stage, proposed, override, extends)
        recorded = confirm_stage(
            desk.store,
            key,
            stage,
            query.as_of,
            user=user,
            proposed=proposed,
            reason=reason,
            until=until,
            also=decided_with(desk, key),
        )
    confirmed = Confirmed(key, stage, proposed, query.as_of, user, reason, until, recorded.unchanged == 0)
    if query.as_json:
        from commands.output import print_json

        print_json(confirmed)
    else:
        click.echo("\n".join(_said(confirmed, pack, query.language)))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _check_override(override: bool, reason: str | None, until: date | None) -> None:
    if override and not reason:
        raise click.UsageError(said("--override needs a --reason: say why you decide against the proposal."))
    if not override and (reason or until):
        raise click.UsageError(said("--reason and --until belong to --override."))


def _check_proposal(customer: str, stage: str, proposed: str | None, override: bool, extends: bool) -> None:
    if proposed is not None and stage != proposed and not override:
        raise click.UsageError(
            said(
                "The proposal for {customer} is {proposed!r}, not {stage!r}. "
                "To decide against it, add --override and give the --reason.",
                customer=customer,
                proposed=proposed,
                stage=stage,
            )
        )
    if stage == proposed and override and not extends:
        raise click.UsageError(
            said("{stage!r} is what is proposed: leave out --override, --reason and --until.", stage=stage)
        )


def _said(confirmed: Confirmed, pack: Pack, language: str) -> Iterator[str]:
    from common.texts import Texts
    from engine.wording import Wording

    texts, wording = Texts(language), Wording(pack.vocabulary, language)
    fact = pack.vocabulary.facts[pack.ladder.stage]
    stage, proposed = wording.member(fact, confirmed.stage), wording.member(fact, confirmed.proposed or "")
    day = texts.date(confirmed.holds_from)
    yield texts("confirmed", customer=confirmed.customer, stage=stage, date=day, user=confirmed.confirmed_by)
    if confirmed.until is not None:
        said = "extended" if confirmed.stage == confirmed.proposed else "overridden"
        yield texts(said, proposed=proposed, until=texts.date(confirmed.until))
    if not confirmed.changed:
        yield texts("confirmed_already")
