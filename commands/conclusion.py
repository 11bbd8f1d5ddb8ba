"""The conclusion that a question is about: a stage, a value to convey, an action, or any fact that rules conclude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        raise click.UsageError(f"Ask about one thing: {', '.join(others)} or {last}.")
    return given[0]


def conclusion(deriver: Deriver, option: str, text: str) -> tuple[FactKey, Value]:
    """Return the fact that is asked about by --stage or --to, --value, --action or --fact, and its value or member.

    Raises:
        BadParameter: if the pack has no such fact, value or action, or no rule concludes the fact.
    """
    from engine.changed import SettingError, read_value
    from engine.vocabulary import FactKey

    pack = deriver.pack
    if option in ("--stage", "--to"):
        return pack.ladder.proposed, text
    if option == "--action":
        if text not in pack.actions:
            raise _unknown(f"{text!r} is no action of this pack.", text, pack.actions, option)
        return FactKey(None, "advised"), text
    if option == "--value":
        name, value = pack.shows.get("value", ""), text
    else:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise click.BadParameter(f"{text!r} says no value. Write it as NAME=VALUE.", param_hint=option)
    key = FactKey(None, name)
    if key not in deriver.resolutions:
        known = [found.name for found in deriver.resolutions if found.scope is None]
        raise _unknown(f"{name!r} is no fact that the rules of this pack conclude.", name, known, option)
    try:
        return key, read_value(pack.vocabulary, pack.vocabulary.facts[key], value)
    except SettingError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _unknown(what: str, word: str, known: Iterable[str], option: str) -> click.BadParameter:
    from engine.errors import did_you_mean

    return click.BadParameter(f"{what} {did_you_mean(word, known)}".rstrip(), param_hint=option)
