"""What of a pack has a word in its id or title, so that an author finds what to change, advise or cite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.coverage import cites
from engine.model import Action, Gate, Invariant, Pack, Rule, Scorecard, Table
from engine.relations import relations
from engine.wording import Wording


def having(pack: Pack, word: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield the ids and titles of everything with a word in its id, or in its title in either language.

    Of an item of the method also what carries it out.
    """
    wording = Wording(pack.vocabulary, language)
    facts = {str(key): fact.title for key, fact in pack.vocabulary.facts.items()}
    kinds = (relations(pack).items, pack.actions, pack.parameters, pack.vocabulary.collections)
    titles = {name: one.title for kind in (pack.method, *kinds) for name, one in kind.items()} | facts
    cited = _cited(pack) if word in pack.method else {}
    for name, title in titles.items():
        if cites(cited.get(name, ()), word) or any(
            word.casefold() in text.casefold() for text in (name, title.en, title.zh)
        ):
            yield name, wording.text(title)


def _cited(pack: Pack) -> Mapping[str, tuple[str, ...]]:
    """Return the items of the method that everything cites, by id; a scorecard those of its point rules as well."""
    citing: list[Rule | Table | Gate | Scorecard | Invariant | Action] = [*pack.rules, *pack.tables, *pack.gates]
    citing += [*pack.scorecards, *pack.invariants, *pack.actions.values()]
    cited = {one.id: one.sources for one in citing}
    cited |= {name: (one.source,) for name, one in pack.parameters.items() if one.source}
    for card in pack.scorecards:
        cited[card.id] += tuple(item for rule in card.rules for item in rule.sources)
    return cited
