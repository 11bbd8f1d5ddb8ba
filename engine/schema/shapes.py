"""The few shapes that JSON Schemas of rule files are put together from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from engine.vocabulary import Text
from engine.yaml12 import YMap, YScalar, read_yaml

Schema = dict[str, Any]

KEYS = Path(__file__).with_name("keys.yaml")
ANY: Schema = {}
DATE: Schema = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
WORD: Schema = {"type": ["string", "number", "boolean"], "minLength": 1}
"""A scalar of which the loader takes the text as written."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of a schema. Each is made once, when it is first referred to."""

    made: dict[str, Schema] = field(default_factory=dict)

    def ref(self, name: str, make: Callable[[], Schema]) -> Schema:
        """Return a reference to the definition of this name."""
        if name not in self.made:
            self.made[name] = {}  # what is being made may refer to itself
            self.made[name] = make()
        return {"$ref": f"#/definitions/{name}"}


# --- scalars --------------------------------------------------------------------------------------------------------


def word(shape: re.Pattern[str]) -> Schema:
    """Return what accepts a word of a shape of the loader's."""
    return {"type": ["string", "number"], "pattern": f"^(?:{shape.pattern.removesuffix(chr(92) + 'Z')})$"}


def integer(least: int, most: int) -> Schema:
    """Return what accepts a whole number within bounds, both inclusive."""
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(words: Iterable[str], titles: Mapping[str, Text] | None = None) -> Schema:
    """Return what accepts one of these words; an editor offers them with their titles."""
    listed = list(dict.fromkeys(words))
    if not listed:
        return {"not": {}}
    schema: Schema = {"enum": listed}
    if titles:
        schema["enumDescriptions"] = [both(titles[name]) if name in titles else name for name in listed]
    return schema


def choice(words: type[StrEnum]) -> Schema:
    """Return what accepts one of an enumeration's words."""
    return one_of([member.value for member in words])


def offered(words: Iterable[str], otherwise: Schema) -> Schema:
    """Return what an editor offers these words for, while others are accepted as well."""
    listed = list(words)
    return {"anyOf": [one_of(listed), otherwise]} if listed else otherwise


# --- lists and mappings ----------------------------------------------------------------------------------------------


def listed(items: Schema, least: int = 0) -> Schema:
    """Return what accepts a list of such items."""
    return {"type": "array", "items": items, **({"minItems": least} if least else {})}


def one_or_listed(item: Schema) -> Schema:
    """Return what accepts one such item, or a list of at least one."""
    return {"anyOf": [item, listed(item, 1)]}


def mapping(properties: Mapping[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """Return what accepts a mapping with these keys and no others."""
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if needed := list(required):
        schema["required"] = needed
    return schema | more


def item(properties: Mapping[str, Schema], required: Iterable[str] = (), **more: Any) -> Schema:
    """Return what accepts a mapping whose keys are the language's own: an editor explains each of them."""
    return mapping({key: explained(key, schema) for key, schema in properties.items()}, required, **more)


def text() -> Schema:
    """Return what accepts a text in both languages."""
    filled: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
    return mapping({"en": filled, "zh": filled}, ("en", "zh"))


# --- what an editor shows --------------------------------------------------------------------------------------------


def explained(key: str, schema: Schema) -> Schema:
    """Add to a schema what its key means."""
    says = _meanings().get(key)
    if says is None:
        return schema
    inner: Schema = {"allOf": [schema]} if "$ref" in schema else schema
    return {"description": says, **inner}


def both(text: Text) -> str:
    """Return a text in both languages within a line."""
    return text.en if text.en == text.zh else f"{text.en} · {text.zh}"


@cache
def _meanings() -> Mapping[str, str]:
    node = read_yaml(KEYS)
    entries = node.entries if isinstance(node, YMap) else ()
    return {key.text: _meaning(value) for key, value in entries if isinstance(value, YMap)}


def _meaning(node: YMap) -> str:
    texts = (node.get(language) for language in ("en", "zh"))
    return "\n\n".join(text.text for text in texts if isinstance(text, YScalar))
