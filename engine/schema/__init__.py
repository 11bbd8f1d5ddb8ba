"""JSON Schemas (draft 7) of a pack's files, for editors: made from the loader's tables and what the pack declares.

They know names, types, members and shapes; what needs more than one place to see (a duplicate id, a cycle, an
`if` that is shorter than `inputs`) only the loader finds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.model import Pack
from engine.schema.files import cases_file, catalogue_file, charter_file, manifest, rules_file, talk_file
from engine.schema.shapes import Schema

RULES, PACK, FACTS = "rules.schema.json", "pack.schema.json", "facts.schema.json"
CASES, TALK, CHARTER = "cases.schema.json", "talk.schema.json", "charter.schema.json"

__all__ = ["Schema", "schema_for", "schema_text", "schemas"]


def schemas(pack: Pack) -> dict[str, Schema]:
    """Return the schemas of a pack's files by their file names."""
    return {
        RULES: rules_file(pack),
        PACK: manifest(pack, RULES),
        FACTS: catalogue_file(pack),
        CASES: cases_file(pack),
        TALK: talk_file(pack),
        CHARTER: charter_file(),
    }


def schema_for(path: str) -> str:
    """Return the name of the schema of a file, given by its path within the pack's folder.

    >>> schema_for("talk/people.yaml"), schema_for("rails.yaml")
    ('talk.schema.json', 'rules.schema.json')
    """
    folder, _, name = path.rpartition("/")
    if folder:
        return {"cases": CASES, "talk": TALK, "charter": CHARTER}[folder]
    return {"pack.yaml": PACK, "facts.yaml": FACTS}.get(name, RULES)


def schema_text(schema: Schema) -> str:
    """Return a schema as JSON: a line for each definition and each key, so that a change shows where it is."""
    return "\n".join(_lines(schema, 0)) + "\n"


_BROKEN_UP = ("definitions", "properties")


def _lines(schema: Schema, depth: int) -> Iterator[str]:
    """Yield the lines of an object whose own entries stand on lines of their own."""
    inner = " " * (depth + 1)
    yield "{"
    entries = list(schema.items())
    for number, (key, value) in enumerate(entries, 1):
        comma = "," if number < len(entries) else ""
        if isinstance(value, dict) and (key in _BROKEN_UP or set(value) & set(_BROKEN_UP)) and depth < 4:
            first, *rest = _lines(value, depth + 1)
            yield f"{inner}{json.dumps(key)}: {first}"
            yield from rest[:-1]
            yield rest[-1] + comma
        else:
            yield f"{inner}{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}{comma}"
    yield " " * depth + "}"
