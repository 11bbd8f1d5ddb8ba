"""Why something is refused, as pages and the API tell it."""

from __future__ import annotations

from common.texts import Texts
from facts.database import StoreError


def refusal_told(error: StoreError | ValueError, texts: Texts) -> str:
    """Return what is refused and why in the reader's language, without a hint, which may name commands."""
    return texts.told(error.refused if isinstance(error, StoreError) else error.args[0])
