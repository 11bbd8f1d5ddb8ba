"""Values in words: numbers, dates, members and lists as a reader of the language expects them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from engine.frozen import dataclass
from engine.vocabulary import Fact, FactKey, Text, Value, Vocabulary

LANGUAGES = ("en", "zh")

_YES, _NO = Text("yes", "是"), Text("no", "否")
_UNKNOWN = Text("not known", "未知")
_COMMA = Text(", ", "、")
_COLON = Text(": ", "：")
_CLDR_UNITS = frozenset({"day", "week", "month", "year", "hour"})
_ENDS_IN_Y = re.compile(r"[^aeiou]y\Z")
_WORD = re.compile(r"[a-z]{3,}(?<!s)\Z")
_IRREGULAR = {"person": "people", "medium": "media"}


def several(unit: str) -> str:
    """Return an English unit behind another number than 1; what is no word in the singular stays as it is.

    >>> several("order"), several("delivery"), several("person"), several("seats"), several("kg")
    ('orders', 'deliveries', 'people', 'seats', 'kg')
    """
    if unit in _IRREGULAR:
        return _IRREGULAR[unit]
    if not _WORD.match(unit):
        return unit
    return f"{unit[:-1]}ies" if _ENDS_IN_Y.search(unit) else f"{unit}s"


_COUNTED = (*sorted(_CLDR_UNITS), "order", "delivery", "invoice", "product", "customer", "person", "talk")
_SINGULARS = {several(noun): noun for noun in _COUNTED}
_PLURAL_AFTER_ONE = re.compile(rf"(?<![\d.,])1 ({'|'.join(_SINGULARS)})\b")


@dataclass(frozen=True, slots=True)
class Wording:
    """How values and the names of facts are said in one language (`en` or `zh`)."""

    vocabulary: Vocabulary
    language: str

    def text(self, text: Text) -> str:
        """Return the text in this language."""
        return text[self.language]

    def value(self, fact: Fact, value: Value | None) -> str:
        """Return a fact's value as it stands inside a sentence, without the fact's unit."""
        match value:
            case None:
                return self.text(_UNKNOWN)
            case bool():
                return self.text(_YES if value else _NO)
            case int() | Decimal():
                return self.number(value)
            case date():
                return self.date(value)
            case frozenset():
                members = self.vocabulary.enum_of(fact).members
                return self.listed(self.member(fact, member) for member in members if member in value)
            case _:
                return self.member(fact, value) if fact.spelled_by else value

    def measure(self, fact: Fact, value: Value | None) -> str:
        """Return a fact's value with its unit, as it stands alone."""
        said = self.value(fact, value)
        if value is None or not fact.unit or isinstance(value, bool):
            return said
        unit = fact.unit_in(self.language)
        return self.with_unit(value, unit) if isinstance(value, int | Decimal) else f"{said} {unit}"

    def with_unit(self, number: int | Decimal, unit: str) -> str:
        """Return a number with its unit behind it: `1 day`, `90天`, `5%`."""
        if unit in _CLDR_UNITS:
            from babel.units import format_unit

            length: Literal["long", "short"] = "long" if self.language == "en" else "short"  # in Chinese both are words
            return format_unit(number, f"duration-{unit}", length=length, locale=self.language)
        if self.language == "en" and number != 1:
            unit = several(unit)
        is_close = unit == "%" or (self.language == "zh" and not unit.isascii())  # a Chinese word needs no space
        return f"{self.number(number)}{unit}" if is_close else f"{self.number(number)} {unit}"

    def number(self, number: int | Decimal) -> str:
        """Return a number with its thousands separated."""
        return say_number(number, self.language)

    def signed(self, number: int | Decimal) -> str:
        """Return points with their sign, `+` for those that do not take any away."""
        said = self.number(number)
        return said if said.startswith("-") else f"+{said}"

    def date(self, day: date) -> str:
        """Return a date, such as `30 Jun 2024` or `2024年6月30日`."""
        return say_date(day, self.language)

    def member(self, fact: Fact, member: str) -> str:
        """Return the title of an enum's member; a word that the enum does not have stands for itself."""
        return self.member_of(fact.spelled_by or "", member)

    def member_of(self, enum: str, member: str) -> str:
        """Return the title of a member of the enum with this name, or the word itself if there is none."""
        found = self.vocabulary.enums.get(enum)
        return self.text(found.titles[member]) if found and member in found.titles else member

    def listed(self, words: Iterable[str]) -> str:
        """Return words as a list within a line."""
        return self.text(_COMMA).join(words)

    def title(self, name: str) -> str:
        """Return the title of a customer's fact, a collection, or a row's fact named `collection.fact`."""
        fact = self.vocabulary.fact(name)
        if fact is not None:
            return self.text(fact.title)
        collection, _, row_fact = name.partition(".")
        found = self.vocabulary.collections.get(collection)
        if found is None:
            return name
        inner = self.vocabulary.facts.get(FactKey(collection, row_fact))
        title = self.text(found.title)
        return f"{title}{self.text(_COLON)}{self.text(inner.title)}" if inner else title

    def inside(self, title: str) -> str:
        """Return a title as it stands inside a sentence: without its capital, unless the next letter is one as well."""
        return title[:1].lower() + title[1:] if self.language == "en" and not title[1:2].isupper() else title

    def titled(self, fact: Fact, value: Value | None) -> str:
        """Return a fact's value with its unit behind the fact's title, inside a sentence."""
        return f"{self.inside(self.text(fact.title))}{self.text(_COLON)}{self.measure(fact, value)}"


def sentence(words: str) -> str:
    """Return words with a capital letter at the beginning."""
    return words[:1].upper() + words[1:]


def agreeing(words: str) -> str:
    """Return an English sentence with the singular where the number before turned out to be one: `1 day`."""
    return _PLURAL_AFTER_ONE.sub(lambda found: f"1 {_SINGULARS[found[1]]}", words)


@lru_cache(maxsize=4096)  # to look up how a language writes them takes a page with fifty days 5 ms
def say_number(number: int | Decimal, language: str) -> str:
    """Return a number with its thousands separated; whole numbers have no digits after the point."""
    from babel.numbers import format_decimal

    whole = number == int(number)
    places = 0 if whole or isinstance(number, int) else max(2, -int(number.normalize().as_tuple().exponent))
    return format_decimal(number, format="#,##0" + ("." + "0" * places if places else ""), locale=language)


@lru_cache(maxsize=4096)
def say_date(day: date, language: str) -> str:
    """Return a date, such as `30 Jun 2024` or `2024年6月30日`."""
    from babel.dates import format_date

    return format_date(day, format="d MMM y" if language == "en" else "long", locale=language)
