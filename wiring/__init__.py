"""Facts and engine wired together: the only place that knows both. The command line and the web stand on it."""

from wiring.desk import AMOUNT, FEW, Decided, Desk
from wiring.portfolio import Portfolio
from wiring.rules import (
    CATALOGUE,
    LIMITS,
    MADE_BY,
    ROOT,
    Progress,
    Rules,
    catalogue,
    catalogue_digest,
    checked,
    examples,
    load_rules,
    pack_in_use,
    rules_in_use,
    shipped_pack,
    shipped_rules,
    stored_form,
    use_rules,
)

__all__ = [
    "AMOUNT",
    "CATALOGUE",
    "FEW",
    "LIMITS",
    "MADE_BY",
    "ROOT",
    "Decided",
    "Desk",
    "Portfolio",
    "Progress",
    "Rules",
    "catalogue",
    "catalogue_digest",
    "checked",
    "examples",
    "load_rules",
    "pack_in_use",
    "rules_in_use",
    "shipped_pack",
    "shipped_rules",
    "stored_form",
    "use_rules",
]
