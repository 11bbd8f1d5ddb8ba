"""What is wrong with a value that does not fit the rules, in the reader's words."""

from __future__ import annotations

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
