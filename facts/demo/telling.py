"""From a customer's story to rows of the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import Date

from facts.columns import Scaled
from facts.demo.story import BY_SUBJECT, Character, World
from facts.recording import ALWAYS
from facts.tables import FACT_TABLES

Row = dict[str, Any]
Told = tuple[str, Row]
"""The name of a table and a row for it."""

RECORDED = (
    "orders", "invoices", "payments", "deliveries", "complaints", "disputes", "interactions", "contacts", "needs",
    "communications", "competitor_signals", "opportunities", "agreements", "referrals",
)  # fmt: skip
"""The collections that we record of every customer, unless its story says otherwise."""

_SATURDAY = 5
_MEDIA = ("visit", "telephone", "telephone", "email", "message", "meeting")


@dataclass(frozen=True, slots=True)
class Telling:
    """One customer's story being told."""

    character: Character
    world: World
    today: date  # the day from which the story counts back
    chance: Random

    def on(self, days_ago: int) -> date:
        """Return the day that lies so many days back."""
        return self.today - timedelta(days=days_ago)

    def days(self, rhythm: Mapping[str, Any]) -> Iterator[date]:
        """Yield the working days on which something happens `every` so many days, a little irregularly."""
        ago = rhythm["since"]
        while ago >= rhythm.get("until", 0):
            day = self.on(ago)
            yield day if day.weekday() < _SATURDAY else day + timedelta(days=7 - day.weekday())
            ago -= max(3, round(rhythm["every"] * self.chance.uniform(0.85, 1.15)))


def tell(telling: Telling) -> Iterator[Told]:
    """Yield what the story says outright, and the talks."""
    yield _customer(telling)
    yield from _contacts(telling)
    for section, content in telling.character.story.items():
        if section in BY_SUBJECT:
            table, subject, said = BY_SUBJECT[section]
            for name, history in content.items():
                yield from _dated(telling, table, {subject: name, said: history})
        elif section == "stages":
            yield from _dated(telling, "stage_history", {"stage": content, "proposed_stage": content})
        elif section in FACT_TABLES and section not in ("orders", "contacts"):
            for row in content:
                yield from _dated(telling, section, row)
    yield from _talks(telling)


def tell_coverage(characters: tuple[Character, ...]) -> Iterator[Told]:
    """Yield since when what is recorded: for all customers at once where that is so."""
    for collection in RECORDED:
        recorded = [one.key for one in characters if collection not in one.story.get("unrecorded", ())]
        for customer in [None] if len(recorded) == len(characters) else recorded:
            row = {"collection": collection, "customer": customer, "recorded_from": ALWAYS, "holds_from": ALWAYS}
            yield "coverage", {"key": _key("coverage", row, 0)} | row


def tell_rates(world: World, as_of: date) -> Iterator[Told]:
    """Yield what the currencies were worth."""
    for code, currency in world.currencies.items():
        for ago, worth in currency.worth.items():
            day = as_of - timedelta(days=ago)
            yield "exchange_rates", {"key": code, "currency": code, "rate_to_base": worth, "holds_from": day}


def _customer(telling: Telling) -> Told:
    character, base = telling.character, dict(telling.character.base)
    base["founded_on"] = date(base["founded_on"], 1, 1)
    if "annual_revenue" in base:
        base["annual_revenue"] *= telling.world.currencies[base["currency"]].prices
    if "first_business" in character.story:
        base["first_business_on"] = telling.on(character.story["first_business"])
    return "customers", {"key": character.key, **base, "holds_from": telling.on(character.story["known_for"])}


def _contacts(telling: Telling) -> Iterator[Told]:
    character = telling.character
    known = character.story.get("contacts", {})
    names = telling.chance.sample(telling.world.people[character.base["country"]], len(known))
    for (role, ago), name in zip(known.items(), names, strict=True):
        contact = {"key": f"{character.key}/{role}", "customer": character.key, "name": name, "role": role}
        address = {"email": f"{role.replace('_', '.')}@{character.key}.example"}
        yield "contacts", contact | address | {"holds_from": telling.on(ago)}


def _talks(telling: Telling) -> Iterator[Told]:
    customer, story = telling.character.key, telling.character.story
    roles = [*story.get("contacts", {})] or ["other"]
    number = 0
    for rhythm in story.get("talks", ()):
        for day in telling.days(rhythm):
            number += 1
            theirs = "theirs_every" in rhythm and number % rhythm["theirs_every"] == 0
            talk = {
                "key": f"{customer}/talk-{number:03}",
                "customer": customer,
                "medium": telling.chance.choice(_MEDIA),
                "direction": "theirs" if theirs else "ours",
                "audience_role": telling.chance.choice(roles),
                "holds_from": day,
            }
            yield "interactions", talk


def _dated(telling: Telling, table: str, said: Mapping[str, Any]) -> Iterator[Told]:
    """Yield a row for each day on which something of it changed.

    `ago` says how many days ago the row began to hold, by default with the last review. A mapping in place of a value
    says how the value changed: from so many days ago on it was this, later that.
    """
    changing = {name: value for name, value in said.items() if isinstance(value, dict)}
    fixed = {name: value for name, value in said.items() if name not in changing and name != "ago"}
    begins = {ago for history in changing.values() for ago in history}
    if not changing:
        begins = {said["ago"] if "ago" in said else telling.character.story["reviewed"]}
    row = {"customer": telling.character.key} | _unsaid(telling, table) | fixed
    if row.get("about"):
        row["about"] = f"{telling.character.key}/{row['about']}"
    key = _key(table, row, max(begins, default=0))
    for ago in sorted(begins, reverse=True):
        row |= {name: history[ago] for name, history in changing.items() if ago in history}
        yield table, {"key": key, **_as_stored(telling, table, row), "holds_from": telling.on(ago)}


def _unsaid(telling: Telling, table: str) -> Row:
    """Return what rows of a table have in common and stories do not repeat."""
    if table == "competitor_signals":
        return {"competitor": telling.world.rivals[telling.character.base["region"]], "disturbing": False}
    return {"about": ""} if table == "actions" else {}


def _as_stored(telling: Telling, table: str, row: Row) -> Row:
    """Return a row with its days ago as dates and its euros in the customer's currency."""
    columns = FACT_TABLES[table].columns
    currency = telling.character.base["currency"]
    prices = telling.world.currencies[currency].prices
    stored = {} if "currency" not in columns else {"currency": currency}
    for name, value in row.items():
        if value is not None and isinstance(columns[name].type, Date):
            stored[name] = telling.on(value)
        elif value is not None and isinstance(columns[name].type, Scaled):
            stored[name] = Decimal(value * prices)
        else:
            stored[name] = value
    return stored


def _key(table: str, row: Row, ago: int) -> str:
    """Return the key by which the store knows a row; where nothing identifies it, the day does."""
    identity = FACT_TABLES[table].info["identity"]
    if not identity:
        return f"{row['customer']}/{table}-{ago}"
    return "/".join("" if row.get(name) is None else str(row[name]) for name in identity)
