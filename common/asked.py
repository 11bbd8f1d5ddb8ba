"""What somebody asks about: subjects of `why`, and conclusions of `why not`, by their names."""

from __future__ import annotations

from engine.changed import read_value
from engine.derivation import Deriver, Node
from engine.errors import did_you_mean
from engine.said import Said, one_after_other, said
from engine.vocabulary import FactKey, Value


def subjects(deriver: Deriver, subject: str | None) -> list[Node]:
    """Return the derivations of what is asked for.

    Raises:
        ValueError: if the pack has nothing of this name.
    """
    pack = deriver.pack
    if subject is None:
        names = [pack.ladder.proposed.name, pack.shows.get("value", "")]
        return [deriver.fact(FactKey(None, name)) for name in names if pack.vocabulary.fact(name)]
    if pack.vocabulary.fact(subject):
        return [deriver.fact(FactKey(None, subject))]
    scope, _, name = subject.partition(".")
    if FactKey(scope, name) in pack.vocabulary.facts:
        return [deriver.fact(FactKey(scope, name), row.key) for row in deriver.customer.rows.get(scope, ())]
    if subject in pack.actions:
        return _advised(deriver, subject)
    if subject in deriver.book and deriver.is_compiled(subject):
        return [deriver.rule(subject, row) for row in deriver.spots(subject)]
    raise ValueError(_unknown_subject(deriver, subject))


def _advised(deriver: Deriver, action: str) -> list[Node]:
    """Return the derivations of an action, one for each row that it is advised about."""
    rows = [one.row for one in deriver.decision.actions if one.action == action]
    return [deriver.action(action, row) for row in rows] or [deriver.action(action)]


def _unknown_subject(deriver: Deriver, subject: str) -> Said:
    """Return the message for a subject that the pack does not have."""
    facts = [str(key) for key in deriver.pack.vocabulary.facts]
    hint = did_you_mean(subject, [*facts, *deriver.pack.actions, *deriver.book])
    return one_after_other(said("{subject!r} is no fact, action or rule of this pack.", subject=subject), hint)


def target(deriver: Deriver, what: str, text: str) -> tuple[FactKey, Value]:
    """Return the fact that is asked about, and its value or member.

    Raises:
        ValueError: if the pack has no such fact, value or action, or no rule concludes the fact.
    """
    pack = deriver.pack
    if what == "stage":
        return pack.ladder.proposed, text
    if what == "action":
        if text not in pack.actions:
            problem = said("{action!r} is no action of this pack.", action=text)
            raise ValueError(one_after_other(problem, did_you_mean(text, pack.actions)))
        return FactKey(None, "advised"), text
    if what == "value":
        name, value = pack.shows.get("value", ""), text
    else:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign:
            raise ValueError(said("{text!r} says no value. Write it as NAME=VALUE.", text=text))
    key = FactKey(None, name)
    if key not in deriver.resolutions:
        known = [found.name for found in deriver.resolutions if found.scope is None]
        hint = did_you_mean(name, known)
        problem = said("{name!r} is no fact that the rules of this pack conclude.", name=name)
        raise ValueError(one_after_other(problem, hint))
    return key, read_value(pack.vocabulary, pack.vocabulary.facts[key], value)
