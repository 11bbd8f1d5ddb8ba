"""Packs that extend a corner case: what they disable, replace, add and change, and what of it is altered at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from engine.load.merge import CAN_BE_DISABLED, CAN_GROW, SECTIONS
from tests.engine.corner_case_files import TEXTS, files_of
from tests.generators.altered import Altering

Files = dict[str, Any]
"""A pack's files by name, as plain data."""

_PARAMETERS = (
    {"param": "least", "value": 3, "title": TEXTS, "range": [0, 60]},
    {"param": "kinds", "value": ["brand", "people"], "title": TEXTS},
)
_VALUES: tuple[Any, ...] = (0, 5, 61, "many", ["product"], ["nothing"], [], True)
_READS_PARAMETERS = {
    "rule": "reads-parameters",
    "title": TEXTS,
    "because": TEXTS,
    "when": {
        "days": {"at_least": {"param": "least"}},
        "needs": {"any": {"kind": {"one_of": {"param": "kinds"}}}},
    },
    "add": {"marks": ["m9"]},
}


class Extending:
    """Makes a corner case the base of a pack of its own, which takes items from other cases."""

    def __init__(self, cases: Sequence[Mapping[str, Any]], altering: Altering) -> None:
        self._cases = cases
        self._altering = altering

    def packs(self, rng: Random, *, altered: bool = True) -> tuple[Files, Files]:
        """Return the files of a base, and those of a pack that extends it from the folder beside.

        Args:
            rng: where chance comes from.
            altered: whether things in the own files may be altered at random.
        """
        base = files_of(rng.choice(self._cases))
        base["rules.yaml"].setdefault("parameters", []).extend(deepcopy(_PARAMETERS))
        base["rules.yaml"]["rules"].append(deepcopy(_READS_PARAMETERS))
        manifest: dict[str, Any] = {"pack": "own", "version": "1.0.0", "title": TEXTS, "extends": "../base"}
        own: Files = {"pack.yaml": manifest, "own.yaml": {}}
        for change in rng.sample(self._changes(), rng.randint(1, 3)):
            change(base, own, rng)
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            if altered and own["own.yaml"]:
                self._altering.alter(own["own.yaml"], rng)
        return base, {name: content for name, content in own.items() if content}

    def _changes(self) -> list[Callable[[Files, Files, Random], None]]:
        return [_disable, _change_parameter, self._replace, self._grow, self._add, self._declare]

    def _replace(self, base: Files, own: Files, rng: Random) -> None:
        """Put another case's item in the place of one of the base, or the base's own with something altered."""
        section = rng.choice(_filled(base))
        old = rng.choice(base["rules.yaml"][section])
        new = deepcopy(rng.choice([old, *self._items(section, rng)]))
        if rng.random() < 0.9:
            new[SECTIONS[section]] = old[SECTIONS[section]]
        own["own.yaml"].setdefault("replace", {}).setdefault(section, []).append(new)

    def _grow(self, base: Files, own: Files, rng: Random) -> None:
        """Add another item's rows, criteria or points to an item of the base."""
        sections = [section for section in _filled(base) if section in CAN_GROW]
        if not sections:
            return
        section = rng.choice(sections)
        key, item = CAN_GROW[section], rng.choice(base["rules.yaml"][section])
        parts = [part for other in (item, *self._items(section, rng)) for part in other[key]]
        added = deepcopy(rng.sample(parts, min(len(parts), rng.randint(1, 2))))
        for place, part in enumerate(added):
            if rng.random() < 0.8:
                part["id" if "id" in part else "rule"] = f"more-{place}"
        grown = {SECTIONS[section]: item[SECTIONS[section]], key: added}
        if item.get("hit") == "first" and item[key] and rng.random() < 0.7:
            grown["above"] = rng.choice(item[key])["id"]
        own["own.yaml"].setdefault("add_to", {}).setdefault(section, []).append(grown)

    def _add(self, base: Files, own: Files, rng: Random) -> None:
        """Add items of another case; some have the id of one that is there."""
        section = rng.choice(_filled(base))
        for item in deepcopy(self._items(section, rng)[:2]):
            if rng.random() < 0.7:
                item[SECTIONS[section]] = f"own-{item[SECTIONS[section]]}"
            own["own.yaml"].setdefault(section, []).append(item)

    def _declare(self, base: Files, own: Files, rng: Random) -> None:
        """Declare a fact of the pack's own, like one that there is; some have its very name."""
        name = rng.choice(sorted(base["catalog.yaml"]["facts"]))
        fact = deepcopy(base["catalog.yaml"]["facts"][name])
        own["facts.yaml"] = {"facts": {name if rng.random() < 0.1 else f"own_{name}": fact}}

    def _items(self, section: str, rng: Random) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = files_of(rng.choice(self._cases))["rules.yaml"].get(section, [])
        return found


def _filled(base: Files) -> list[str]:
    return [section for section, items in base["rules.yaml"].items() if items]


def _disable(base: Files, own: Files, rng: Random) -> None:
    sections = [section for section in _filled(base) if section in CAN_BE_DISABLED or rng.random() < 0.1]
    items = [(section, item) for section in sections for item in base["rules.yaml"][section]]
    chosen = rng.sample(items, min(len(items), rng.randint(1, 2)))
    own["pack.yaml"]["disable"] = [item[SECTIONS[section]] for section, item in chosen]


def _change_parameter(_base: Files, own: Files, rng: Random) -> None:
    changed = {"param": rng.choice(_PARAMETERS)["param"], "value": rng.choice(_VALUES)}
    own["own.yaml"].setdefault("parameters", []).append(changed)


def laid_over(base: Files, own: Files) -> Files:
    """Return one pack in which everything stands that a pack and its base come to, each item in its place.

    Items must be given under ids that there are, as `packs` makes them if the loader takes the pack.
    """
    sections: dict[str, list[dict[str, Any]]] = deepcopy(base["rules.yaml"])
    rules = deepcopy(own.get("own.yaml", {}))
    replaced, grown = rules.pop("replace", {}), rules.pop("add_to", {})
    for section, key in SECTIONS.items():
        items = {item[key]: item for item in sections.get(section, [])}
        for name in own["pack.yaml"].get("disable", []):
            items.pop(name, None)
        items |= {item[key]: item for item in replaced.get(section, [])}
        for more in grown.get(section, []):
            parts = items[more[key]][CAN_GROW[section]]
            place = next((place for place, part in enumerate(parts) if part.get("id") == more.get("above")), len(parts))
            parts[place:place] = more[CAN_GROW[section]]
        for item in rules.get(section, []):
            items[item[key]] = {**items.get(item[key], {}), **item}
        sections[section] = list(items.values())
    files = {"catalog.yaml": base["catalog.yaml"], "pack.yaml": base["pack.yaml"], "rules.yaml": sections}
    return files | {name: content for name, content in own.items() if name == "facts.yaml"}
