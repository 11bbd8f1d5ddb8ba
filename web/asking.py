"""What a customer's page asks: questions whose answers could matter, and facts that somebody should confirm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from common.confirming import Confirming, to_confirm
from common.texts import Texts
from engine.explain import Question
from engine.model import Pack
from engine.vocabulary import Fact, Type
from engine.wording import Wording
from facts.answers import is_answerable, is_judged, source_of
from facts.store import Store
from facts.to_confirm import Reason
from web.things import form_for
from wiring import Decided

_INPUTS = {Type.INTEGER: "number", Type.NUMBER: "number", Type.DATE: "date"}


def input_for(fact: Fact) -> str:
    """Return the kind of input that a value of a fact is typed into, where nothing is to be chosen."""
    return _INPUTS.get(fact.type, "text")


def choices_for(texts: Texts, wording: Wording, fact: Fact) -> dict[str, str]:
    """Return the values among which one of a fact is chosen, with what they are called; none if it is typed."""
    if fact.type is Type.FLAG:
        return {"yes": texts("yes"), "no": texts("no")}
    if fact.enum is None:
        return {}
    return {member: wording.member(fact, member) for member in wording.vocabulary.enum_of(fact).members}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and how its answer is given: by choice, as a number or date, or not here (`kind` empty).

    Then `place` is the part of the page where records of the kind are made, empty if there is none.
    """

    question: Question
    kind: str
    choices: Mapping[str, str]
    needs_evidence: bool
    is_judged: bool
    place: str = ""


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """A fact that somebody should confirm, what was heard, and what may be answered, the value on record among it.

    Nothing may be answered here of a need.
    """

    fact: str
    title: str
    heard: str
    value: str
    choices: Mapping[str, str]
    is_guess: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks in one language. `places` are the parts of the page where records of a table are made, if not by a form."""

    pack: Pack
    texts: Texts
    wording: Wording
    places: Mapping[str, str]

    def asked(self, question: Question) -> Asked:
        """Return how a question is answered."""
        fact = self.pack.vocabulary.fact(question.fact)
        if fact is None or not is_answerable(fact):
            place = self._place(question.fact.partition(".")[0] if fact is None else source_of(fact))
            return Asked(question, "", {}, needs_evidence=False, is_judged=False, place=place)
        is_perception = fact.family == "perception" or fact.name == "cooperation_acceptance"
        kind, choices = input_for(fact), choices_for(self.texts, self.wording, fact)
        return Asked(question, kind, choices, needs_evidence=is_perception, is_judged=is_judged(fact))

    def _place(self, table: str) -> str:
        """Return the part of the page where something of a table is recorded."""
        form = form_for(table)
        return self.places.get(table, f"record-{form}" if form else "")

    def to_confirm(self, store: Store, decided: Decided) -> Iterator[ToConfirm]:
        """Yield the facts that the advice rests on and that somebody should confirm."""
        say = Confirming(self.texts, self.wording)
        for each in to_confirm(store, self.pack, [decided]):
            if each.decides:
                fact, is_guess = self.pack.vocabulary.fact(each.fact), Reason.ESTIMATE in each.reasons
                choices = {} if fact is None else choices_for(self.texts, self.wording, fact)
                yield ToConfirm(each.fact, say.title(each.fact), say.heard(each), str(each.value), choices, is_guess)
