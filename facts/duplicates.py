"""Customers that may be one: pairs, with what speaks for it and what against.

Two customers are compared only if they share a key: the name without its legal form, a telephone number, an e-mail
address or its domain, an address. Nothing else is worth enough points to be listed, and so the whole base is never held
against itself: the work grows with its number of customers, not with the square of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations
from typing import Any

import pyarrow as pa

from engine.said import said
from facts import arrow_rows, reading
from facts.company_names import CompanyName, company_name, plain
from facts.database import StoreError
from facts.recording import Recorded, merge_customers
from facts.store import Store
from facts.tables import contacts, customers

POINTS = {
    "name": 50,  # the same but for the legal form, case, width and punctuation
    "name_alike": 25,
    "telephone": 35,
    "email": 35,
    "email_domain": 20,
    "address": 25,
    "city": 10,
    "other_name": -50,
    "other_legal_form": -25,
    "other_city": -15,
    "other_country": -40,
    "parent": -50,  # somebody recorded that one of them belongs to the other
}
"""How much each sign speaks for (above 0) or against two customers being one: a design, and no probabilities."""

LEAST, LIKELY = 50, 80
"""From so many points on a pair is listed, and is likely. A name alone lists a pair, and does not make it likely."""

_COMMON = 20
"""What more customers share than so many tells nothing of two of them: a switchboard, the name of a chain."""

_ALIKE = 0.9
_LEAST_DIGITS, _DIGITS = 7, 9  # of a telephone number the last ones, without the codes that are left out at times
_LEAST_ADDRESS = 6
_SUFFIX = 3  # letters at most, as in .com or .co.uk
_ANYBODYS = frozenset((
    "gmail", "googlemail", "outlook", "hotmail", "live", "msn", "yahoo", "ymail", "icloud", "me", "aol", "gmx", "web",
    "t-online", "freenet", "mail", "proton", "protonmail", "zoho", "yandex", "qq", "foxmail", "163", "126", "yeah",
    "sina", "sohu", "aliyun", "139", "189", "tom", "21cn", "naver",
))  # fmt: skip
"""What the domains of mail providers are called: they belong to no company."""

_CUSTOMER = (
    "key",
    "name",
    "parent",
    "country",
    "city",
    "address",
    "telephone",
    "legal_form",
    "first_business_on",
    "account_manager",
)
_COMPARED = ("city", "country", "legal_form")
_CONTACT = ("customer", "telephone", "email")

Key = tuple[str, str]
"""What customers share: a kind of sign and its value."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What speaks for or against it, and its points."""

    sign: str
    points: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers that may be one; `customer` is the one that we have known longer, as far as is on record."""

    customer: str
    name: str
    account_manager: str | None
    other: str
    other_name: str
    other_account_manager: str | None
    score: int
    is_likely: bool
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class _Customer:
    """A customer with the keys that it may share; `said` is in plain words what two may say otherwise."""

    row: Mapping[str, Any]
    name: CompanyName
    keys: frozenset[Key]
    said: Mapping[str, str]

    @property
    def key(self) -> str:
        key: str = self.row["key"]
        return key


def duplicates(store: Store, as_of: date, known_at: datetime | None = None) -> list[Pair]:
    """Return pairs of customers that may be one, the likeliest first; those merged already are one.

    Raises:
        StoreError: if the database cannot be read.
    """
    found = _customers(store, as_of, known_at or datetime.now(UTC))
    sharing = ((found[one], found[other]) for one, other in _sharing(found))
    pairs = (_pair(one, other) for one, other in sharing if _may_reach(one, other))
    listed = (pair for pair in pairs if pair.score >= LEAST)
    return sorted(listed, key=lambda pair: (-pair.score, pair.customer, pair.other))


def merge_into(store: Store, duplicate: str, survivor: str, *, user: str, source: str) -> Recorded:
    """Record that a customer is the same as another, which stands for both from now on.

    Raises:
        StoreError: if one of them is not known, both are one already, or the first was merged into a third.
    """
    today = datetime.now(UTC).date()
    stands, into = store.survivor(duplicate, today), store.survivor(survivor, today)
    what = said("{duplicate!r} is not merged into {survivor!r}", duplicate=duplicate, survivor=survivor)
    if stands == into:
        merged = [repr(key) for key in (duplicate, survivor) if key != into]
        why = (
            said("{into!r} stands for {merged: and } already", into=into, merged=merged)
            if merged
            else said("both are the same customer")
        )
        raise StoreError(
            what, why, said("See `valuelift customers --duplicates`, or take a record back: `valuelift audit`.")
        )
    if stands != duplicate:
        raise StoreError(
            what,
            said("it was merged into {stands!r} already", stands=stands),
            said("Merge {stands!r}, or take that back.", stands=stands),
        )
    return merge_customers(store, duplicate, into, user=user, source=source)


# --- who there is ---


def _customers(store: Store, as_of: date, known_at: datetime) -> list[_Customer]:
    wanted = {"customers": (customers, _CUSTOMER), "contacts": (contacts, _CONTACT)}
    statements = {name: reading.visible_rows(*of) for name, of in wanted.items()}
    schemas = {name: arrow_rows.arrow_schema(*of) for name, of in wanted.items()}
    seen = {"as_of": as_of, "known_at": known_at}
    tables = arrow_rows.read_many(
        store.url, {"merges": reading.merges_known(), **statements}, {"merges": reading.MERGES, **schemas}, **seen
    )
    into = reading.survivors(tables["merges"])
    people: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in _current(tables["contacts"]):
        people[into.get(row["customer"], row["customer"])].append(row)
    standing = (row for row in _current(tables["customers"]) if row["key"] not in into)
    return [_customer(row, people.get(row["key"], ())) for row in standing]


def _current(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(table["is_current"]).to_pylist()
    return rows


def _customer(row: Mapping[str, Any], people: Sequence[Mapping[str, Any]]) -> _Customer:
    name = company_name(row["name"])
    keys = {("name", name.core)} if name.core else set()
    keys |= {("telephone", number) for each in (row, *people) if (number := _telephone(each["telephone"]))}
    for each in people:
        keys |= _email(each["email"])
    address = plain(row["address"] or "").replace(" ", "")
    if len(address) >= _LEAST_ADDRESS:
        keys.add(("address", address))
    said = {column: plain(row[column] or "") for column in _COMPARED}
    return _Customer(
        row, name, frozenset(keys), {**said, "country": _countries().get(said["country"], said["country"])}
    )


@cache
def _countries() -> Mapping[str, str]:
    """Return ISO codes of countries by all that these are called: the code, and the names in both languages."""
    from babel import Locale

    named = [(code, name) for each in ("en", "zh") for code, name in Locale(each).territories.items() if code.isalpha()]
    return {plain(word): code for code, name in [*named, ("US", "USA"), ("GB", "UK")] for word in (code, name)}


def _telephone(number: str | None) -> str | None:
    digits = "".join(each for each in number or "" if each.isdecimal())
    return digits.lstrip("0")[-_DIGITS:] if len(digits) >= _LEAST_DIGITS else None


def _email(address: str | None) -> set[Key]:
    mail = (address or "").strip().casefold()
    person, at, domain = mail.rpartition("@")
    if not (person and at and "." in domain):
        return set()
    called, *end = domain.removeprefix("vip.").split(".")
    is_anybodys = called in _ANYBODYS and all(len(each) <= _SUFFIX for each in end)
    return {("email", mail)} if is_anybodys else {("email", mail), ("email_domain", domain)}


# --- pairs ---


def _sharing(found: Sequence[_Customer]) -> Iterator[tuple[int, int]]:
    """Yield once each the places of two customers that share a key which few have."""
    having: dict[Key, list[int]] = defaultdict(list)
    for place, customer in enumerate(found):
        for key in customer.keys:
            having[key].append(place)
    crowded = {key for key, places in having.items() if len(places) > _COMMON}
    yield from {pair for key, places in having.items() if key not in crowded for pair in combinations(places, 2)}


def _may_reach(one: _Customer, other: _Customer) -> bool:
    """Return whether what they share is worth a closer look, which takes much longer: whether the names are alike."""
    shared = {kind for kind, _ in one.keys & other.keys}
    rest = POINTS["city"] * _is_same_city(one, other) + POINTS["name_alike"] * ("name" not in shared)
    return sum(POINTS[kind] for kind in shared) + rest >= LEAST


def _pair(one: _Customer, other: _Customer) -> Pair:
    first, second = sorted((one, other), key=lambda each: (each.row["first_business_on"] or date.max, each.key))
    signs = tuple(Sign(sign, POINTS[sign]) for sign in _signs(first, second))
    score = max(0, min(100, sum(sign.points for sign in signs)))
    (name, manager), (other_name, other_manager) = (
        (each.row["name"], each.row["account_manager"]) for each in (first, second)
    )
    is_likely = score >= LIKELY
    return Pair(first.key, name, manager, second.key, other_name, other_manager, score, is_likely, signs)


def _signs(one: _Customer, other: _Customer) -> Iterator[str]:
    """Yield what speaks for it, then what against it."""
    shared = {kind for kind, _ in one.keys & other.keys}
    is_elsewhere = _differs(one, other, "city") or _differs(one, other, "country")
    is_same_name = "name" in shared
    is_alike = is_same_name or _are_alike(one.name, other.name)
    if is_alike:
        yield "name" if is_same_name else "name_alike"
    yield from (kind for kind in ("telephone", "email") if kind in shared)
    if "email_domain" in shared and "email" not in shared:
        yield "email_domain"
    if "address" in shared and not is_elsewhere:
        yield "address"
    if _is_same_city(one, other) and not is_elsewhere:
        yield "city"
    if not is_alike:
        yield "other_name"
    if _differs(one, other, "legal_form") or (one.name.form and other.name.form and one.name.form != other.name.form):
        yield "other_legal_form"
    yield from (f"other_{column}" for column in ("city", "country") if _differs(one, other, column))
    if one.row["parent"] == other.key or other.row["parent"] == one.key:
        yield "parent"


def _are_alike(one: CompanyName, other: CompanyName) -> bool:
    """Return whether names are the same but for a slip; numbers in them are no slips."""
    if not one.core or one.numbers != other.numbers:
        return False
    if sorted(one.words) == sorted(other.words):
        return True
    shorter, longer = sorted((len(one.core), len(other.core)))
    if 2 * shorter < _ALIKE * (shorter + longer):
        return False  # most differ in length by more than slips do, and to compare takes time
    compared = SequenceMatcher(None, one.core, other.core, autojunk=False)
    return compared.quick_ratio() >= _ALIKE and compared.ratio() >= _ALIKE


def _is_same_city(one: _Customer, other: _Customer) -> bool:
    return bool(one.said["city"]) and one.said["city"] == other.said["city"]


def _differs(one: _Customer, other: _Customer, column: str) -> bool:
    """Return whether both say something, and not the same."""
    return bool(one.said[column] and other.said[column] and one.said[column] != other.said[column])
