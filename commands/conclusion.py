"""The conclusion that a question is about: a stage, a value to convey, an action, or any fact that rules conclude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from engine.said import said

if TYPE_CHECKING:
    from engine.derivation import Deriver
    from engine.vocabulary import FactKey, Value


def the_one(asked: Mapping[str, str | None]) -> tuple[str, str]:
    """Return the only option that is given, with its text.

    Raises:
        UsageError: if there is none, or more than one.
    """
    given = [(option, text) for option, text in asked.items() if text is not None]
    if len(given) != 1:
        *others, last = asked
        raise click.UsageError(said("Ask about one thing: {others} or {last}.", others=others, last=last))
    return given[0]


def conclusion(deriver: Deriver, option: str, text: str) -> tuple[FactKey, Value]:
    """Return the fact that is asked about by --stage or --to, --value, --action or --fact, and its value or member.

    Raises:
        BadParameter: if the pack has no such fact, value or action, or no rule concludes the fact.
    """
    from common.asked import target

    try:
        return target(deriver, "stage" if option == "--to" else option.removeprefix("--"), text)
    except ValueError as error:
        raise click.BadParameter(error.args[0], param_hint=option) from None
