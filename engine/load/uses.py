"""Which items of a pack name a parameter: in a condition, a factor, points or a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.errors import Problems
from engine.load.files import with_bases
from engine.load.merge import SECTIONS, merge
from engine.yaml12 import Node, YList, YScalar

_PLACEHOLDER = re.compile(r"\{param:([^{}]+)\}")


def uses_of_parameters(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Return, by parameter, the ids of the items of a pack (inherited ones too) that name it.

    What is loaded has values in place of names, so this looks at the files.
    """
    problems = Problems()
    items, _ = merge(with_bases(folder, problems), problems)
    found: dict[str, dict[str, None]] = {}
    for section in SECTIONS:
        if section != "parameters":
            for name, node in items.sections[section].items():
                for parameter in _named(node):
                    found.setdefault(parameter, {})[name] = None
    return {parameter: tuple(names) for parameter, names in found.items()}


def _named(node: Node) -> Iterator[str]:
    if isinstance(node, YScalar):
        yield from _PLACEHOLDER.findall(node.text)
    elif isinstance(node, YList):
        for item in node.items:
            yield from _named(item)
    else:
        for key, value in node.entries:
            if key.text == "param" and isinstance(value, YScalar):
                yield value.text
            yield from _named(value)
