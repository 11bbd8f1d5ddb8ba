"""Which action somebody means: by its id, as it is called, or by its number in the plan that `recommend` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.said import said

if TYPE_CHECKING:
    from common.recording import At
    from engine.decision import AdvisedAction


def action_meant(at: At, named: str, about: str | None) -> tuple[str, AdvisedAction | None]:
    """Return the id of the action that is meant, and its advice, None if it is not advised now.

    Raises:
        UsageError: if there is no such action, or it is advised for several and `about` does not say which.
    """
    from common.recording import advised_now

    if named.isdecimal():
        planned = _planned(at, int(named))
        return planned.action, planned
    action = _action(at, named)
    advised = advised_now(at, action, about)
    if len(advised) > 1:
        rows = [each.row for each in advised]
        raise click.UsageError(
            said(
                "{action} is advised for several: say which by --about. It is one of {rows}.", action=action, rows=rows
            )
        )
    return action, advised[0] if advised else None


def _planned(at: At, number: int) -> AdvisedAction:
    plan = at.before.decision.actions
    if not 1 <= number <= len(plan):
        last = said("its last is {number}", number=len(plan)) if plan else said("nothing is advised")
        raise click.BadParameter(
            said("The plan has no number {number}: {why}.", number=number, why=last), param_hint="ACTION"
        )
    return plan[number - 1]


def _action(at: At, named: str) -> str:
    """Return the action of an id or a title, in whatever language."""
    from engine.errors import did_you_mean

    actions = at.desk.rules.pack.actions
    titles = {title.casefold(): id_ for id_, each in actions.items() for title in (each.title.en, each.title.zh)}
    found = titles.get(named.casefold(), named)
    if found not in actions:
        hint = did_you_mean(named, [*actions, *titles]) or said("See the plan: `valuelift recommend CUSTOMER`.")
        raise click.BadParameter(said("{word!r} is not known. {hint}", word=named, hint=hint), param_hint="ACTION")
    return found
