"""Reading the story's files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.yaml12 import Node, YList, YMap, YScalar, read_yaml

BY_SUBJECT = {
    "perceptions": ("perceptions", "value_kind", "level"),
    "judged": ("assessments", "criterion", "verdict"),
    "competitors": ("competitor_signals", "value_kind", "strength"),
}
"""Sections that say one thing of each of several subjects: the table, the column of the subject and of what is said."""

_FOLDER = Path(__file__).parent
_ABOUT_THE_STORY = ("tells", "like", "without")
_WHOLE_NUMBERS = ("employees", "annual_revenue", "founded_on", "credit_score")


@dataclass(frozen=True, slots=True)
class Product:
    """Something that we sell; the price is in euros."""

    code: str
    name: str
    category: str
    price: int


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency that customers pay in."""

    prices: int  # by what the prices in euros are multiplied for our price list
    worth: Mapping[int, Decimal]  # days ago -> euros for one unit from then on; empty for the euro


@dataclass(frozen=True, slots=True)
class World:
    """What all stories share."""

    products: Mapping[str, Product]
    assortments: Mapping[str, tuple[str, ...]]  # industry -> codes of the products that it uses, most wanted first
    currencies: Mapping[str, Currency]
    cities: Mapping[str, Mapping[str, str]]  # city -> region, country, currency and account manager
    rivals: Mapping[str, str]  # region -> the competitor that we meet there
    people: Mapping[str, tuple[str, ...]]  # country -> names of contacts


@dataclass(frozen=True, slots=True)
class Character:
    """A customer and what happens between us."""

    key: str
    base: Mapping[str, Any]  # columns of `customers`
    size: float  # of its orders, against those of the story
    story: Mapping[str, Any]


def read_world() -> World:
    """Read what all stories share."""
    content = _read("world.yaml")
    return World(
        products={product["code"]: Product(**product) for product in content["products"]},
        assortments={industry: tuple(codes) for industry, codes in content["assortments"].items()},
        currencies={code: Currency(**currency) for code, currency in content["currencies"].items()},
        cities=content["cities"],
        rivals=content["rivals"],
        people={country: tuple(names) for country, names in content["people"].items()},
    )


def read_characters(world: World) -> tuple[Character, ...]:
    """Read the customers, each with its place and its story."""
    stories = _read("stories.yaml")
    with (_FOLDER / "customers.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_character(row, world, stories) for row in csv.DictReader(file))


def _character(row: dict[str, str], world: World, stories: Mapping[str, Mapping[str, Any]]) -> Character:
    key, size, story = row.pop("key"), row.pop("size"), row.pop("story")
    base: dict[str, Any] = {name: value for name, value in row.items() if value}
    base |= {name: int(base[name]) for name in _WHOLE_NUMBERS if name in base}
    base |= world.cities[row["city"]]
    return Character(key, base, float(size or 1), _whole_story(stories, story))


def _whole_story(stories: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return a story together with what it takes over from the one it is like."""
    own = stories[name]
    inherited = _whole_story(stories, own["like"]) if "like" in own else {}
    for section in own.get("without", ()):
        del inherited[section]
    told = {section: content for section, content in own.items() if section not in _ABOUT_THE_STORY}
    merged = {
        section: inherited[section] | told[section] for section in BY_SUBJECT if section in inherited.keys() & told
    }
    return inherited | told | merged


def _read(file: str) -> Any:
    return _plain(read_yaml(_FOLDER / file))


def _plain(node: Node) -> Any:
    match node:
        case YMap():
            return {key.value: _plain(value) for key, value in node.entries}
        case YList():
            return [_plain(item) for item in node.items]
        case YScalar():
            return node.value
