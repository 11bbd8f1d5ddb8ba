"""The JSON form of what commands and the interface for other programs answer."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Any


def plain(value: Any) -> Any:
    """Return the JSON form of what JSON does not know: dates in ISO form, exact numbers as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def as_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON text."""
    return json.dumps(value, default=plain, ensure_ascii=False, indent=indent)
