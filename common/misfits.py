"""What is wrong with a value that does not fit the rules, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from common.texts import Texts
from engine.vocabulary import Fact, Value
from engine.wording import Wording


def misfit_told(texts: Texts, wording: Wording, fact: Fact | None, value: Value) -> str:
    """Return what is wrong with a fact's value; of a member that no enum has there is no fact."""
    if fact is None or fact.enum is not None:
        return texts("unfit_word", word=value)
    least, most = (wording.measure(fact, limit) for limit in fact.limits)
    return texts(
        "unfit_number", fact=wording.text(fact.title), value=wording.measure(fact, value), least=least, most=most
    )


def kept_misfit_told(texts: Texts, wording: Wording, kept: Mapping[str, str]) -> str:
    """Return what is wrong with a value as a run keeps it (`facts.batch.run_folder.WHY_UNDECIDED`).

    Of a fact that the rules at hand do not have it is what the run said.
    """
    fact = next((fact for key, fact in wording.vocabulary.facts.items() if str(key) == kept["fact"]), None)
    if fact is None and kept["fact"] is not None:
        return kept["why"]
    is_number = fact is not None and fact.enum is None
    return misfit_told(texts, wording, fact, Decimal(kept["value"]) if is_number else kept["value"])
