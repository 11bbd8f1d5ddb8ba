"""What an incremental run says of its facts: how many customers' were taken over, and why others' were computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from common.texts import Texts


def facts_told(texts: Texts, facts: Mapping[str, int]) -> str:
    """Return it as a sentence.

    Args:
        texts: in which language.
        facts: how many customers, by reason (see `facts.batch.changes`), and `taken_over`.
    """
    computed = {name: number for name, number in facts.items() if name != "taken_over"}
    why = texts("comma").join(
        texts("run_facts_why", why=texts(f"facts_{name}"), number=texts.number(number))
        for name, number in sorted(computed.items(), key=lambda item: (-item[1], item[0]))
    )
    return texts(
        "run_facts",
        taken_over=texts.number(facts.get("taken_over", 0)),
        computed=texts.number(sum(computed.values())),
        why=texts("run_facts_reasons", why=why) if why else "",
    )
