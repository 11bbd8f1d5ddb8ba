"""What is declared and never used, and what names no source or counts what there is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from engine.check.findings import Finding, lint
from engine.errors import did_you_mean
from engine.load.files import FACTS
from engine.model import Action, Gate, Invariant, Pack, Rule, Scorecard, Table
from engine.relations import relations
from engine.said import Said, said
from engine.vocabulary import FactKey

_PLACEHOLDER = re.compile(r"\{(?:customer\.)?([a-z][^{}:]*)\}")


def unused_facts(pack: Pack) -> Iterator[Finding]:
    """Yield facts of the pack's own that nothing reads, shows or falls back to, or that nothing ever concludes."""
    known = relations(pack)
    used = {str(key) for key in known.readers} | set(pack.shows.values()) | _said(pack)
    used |= {fact.falls_back_to for fact in pack.vocabulary.facts.values() if fact.falls_back_to}
    used |= {str(key) for claim in pack.monotonicity for key in (*claim.more, claim.outcome)}
    ladder = pack.ladder
    used |= {str(key) for key in (ladder.stage, ladder.proposed, ladder.move, ladder.days, ladder.since, ladder.before)}
    families_used = {
        (fact.scope, fact.family) for key, fact in pack.vocabulary.facts.items() if str(key) in used and fact.family
    }
    for key, fact in pack.vocabulary.facts.items():
        if Path(fact.at.file).name != FACTS or (fact.scope, fact.family) in families_used:
            continue
        if str(key) not in used:
            message = said("nothing reads or shows the fact `{fact}`.", fact=key)
            yield lint(fact.at, "unused-fact", message, said("Use it, show it, or remove it."))
        elif fact.is_derived and key not in known.makers and fact.default is None and fact.falls_back_to is None:
            message = said("no rule concludes the fact `{fact}`.", fact=key)
            yield lint(fact.at, "unused-fact", message, said("Add a rule, or remove it."))


def _said(pack: Pack) -> set[str]:
    """Return the facts that reasons mention; a row's fact by its full name."""
    texts = [(rule.each, rule.because) for rule in pack.rules]
    texts += [(table.each, row.because) for table in pack.tables for row in table.rows]
    texts += [(None, gate.because) for gate in pack.gates]
    texts += [(None, rule.because) for card in pack.scorecards for rule in card.rules]
    found = set()
    for scope, text in texts:
        for name in _PLACEHOLDER.findall(text.en):
            found |= {name, str(FactKey(scope, name))}
    return found


def unused_parameters(pack: Pack, uses: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Yield parameters that no rule names and no command reads."""
    for parameter in pack.parameters.values():
        if not uses.get(parameter.name):
            message = said("nothing uses the parameter `{parameter}`.", parameter=parameter.name)
            yield lint(parameter.at, "unused-parameter", message, said("Use it as `{param: ...}`, or remove it."))


def missing_actions(pack: Pack, counted: Mapping[FactKey, str]) -> Iterator[Finding]:
    """Yield what reads a fact that counts an action which the pack does not have, given the ids of such actions."""
    known = relations(pack)
    for key, action in counted.items():
        if action in pack.actions:
            continue
        for id_ in known.readers.get(key, ()):
            item = known.items[id_]
            message = said(
                "`{id}` reads `{fact}`, which counts the action `{action}`, and the pack has none.",
                id=item.id,
                fact=key,
                action=action,
            )
            hint = did_you_mean(action, pack.actions)
            yield lint(item.at, "missing-action", message, hint or said("Call your action so, or leave out the fact."))


def missing_sources(pack: Pack) -> Iterator[Finding]:
    """Yield what carries out no item of the method, in a pack that lists the method's items."""
    if not pack.method:
        return
    items: list[tuple[Said, Rule | Table | Gate | Scorecard | Action | Invariant]] = [
        *((said("rule"), one) for one in pack.rules),
        *((said("table"), one) for one in pack.tables),
        *((said("gate"), one) for one in pack.gates),
        *((said("scorecard"), one) for one in pack.scorecards),
        *((said("action"), one) for one in pack.actions.values()),
        *((said("invariant"), one) for one in pack.invariants),
    ]
    for what, item in items:
        if not item.sources:
            message = said(
                "the {what} `{name}` does not say which item of the method it carries out.", what=what, name=item.id
            )
            yield lint(item.at, "missing-source", message, said("Add `sources: [...]`."))
