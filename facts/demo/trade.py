"""Orders, and what follows from them: lines, deliveries, invoices, payments and returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from facts.demo.story import Product
from facts.demo.telling import Row, Telling, Told

_INVOICED_AFTER = timedelta(days=2)
_SHIPPED_AFTER = timedelta(days=5)
_PROMISED_AFTER = timedelta(days=8)
_RETURNED_AFTER = timedelta(days=16)
_PAYMENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class _Order:
    key: str
    number: int
    day: date
    lines: tuple[Row, ...]


def trade(telling: Telling) -> Iterator[Told]:
    """Yield the customer's orders, and what follows from each."""
    number = 0
    for rhythm in telling.character.story.get("orders", ()):
        for day in telling.days(rhythm):
            number += 1
            order = _order(telling, number, day, rhythm)
            yield "orders", _head(telling, order.key, "order", day)
            yield from (("order_lines", line) for line in order.lines)
            yield _delivery(telling, order)
            yield from _billing(telling, order)
            if "returned_every" in rhythm and number % rhythm["returned_every"] == 0:
                yield from _return(telling, order)


def _order(telling: Telling, number: int, day: date, rhythm: Mapping[str, Any]) -> _Order:
    key = f"{telling.character.key}/order-{number:03}"
    assortment = telling.world.assortments[telling.character.base["industry"]][: rhythm["products"]]
    chosen = telling.chance.sample(assortment, min(len(assortment), telling.chance.randint(2, 4)))
    worth = rhythm["worth"] * telling.character.size * telling.chance.uniform(0.9, 1.1) / len(chosen)
    lines = tuple(_line(telling, key, day, telling.world.products[code], worth) for code in chosen)
    return _Order(key, number, day, lines)


def _head(telling: Telling, key: str, kind: str, day: date) -> Row:
    salesperson = telling.character.base["account_manager"]
    customer = telling.character.key
    return {"key": key, "customer": customer, "kind": kind, "salesperson": salesperson, "holds_from": day}


def _line(telling: Telling, order: str, day: date, product: Product, worth: float) -> Row:
    """Return a line for about so many euros of a product, at the price in the customer's currency."""
    currency = telling.character.base["currency"]
    price = Decimal(product.price * telling.world.currencies[currency].prices)
    quantity = Decimal(max(1, round(worth / product.price)))
    return {
        "key": f"{order}/{product.code}",
        "customer": telling.character.key,
        "order_key": order,
        "kind": "order",
        "product": product.code,
        "description": product.name,
        "product_category": product.category,
        "quantity": quantity,
        "unit_price": price,
        "amount": quantity * price,
        "currency": currency,
        "holds_from": day,
    }


def _delivery(telling: Telling, order: _Order) -> Told:
    promised = order.day + _PROMISED_AFTER
    late = timedelta(days=_days_late(telling, "delivers", order))
    return "deliveries", {
        "key": order.key,
        "customer": telling.character.key,
        "order_key": order.key,
        "promised_on": promised,
        "shipped_on": order.day + _SHIPPED_AFTER + late,
        "delivered_on": promised + late,
        "holds_from": order.day,
    }


def _billing(telling: Telling, order: _Order) -> Iterator[Told]:
    pays = telling.character.story.get("pays", {})
    sent = order.day + _INVOICED_AFTER
    due = sent + timedelta(days=pays.get("within", _PAYMENT_DAYS))
    money = {
        "customer": telling.character.key,
        "amount": sum(line["amount"] for line in order.lines),
        "currency": order.lines[0]["currency"],
    }
    yield "invoices", {"key": order.key, "order_key": order.key, "due_on": due, "holds_from": sent} | money
    if "stopped" not in pays or due < telling.on(pays["stopped"]):
        paid = due + timedelta(days=_days_late(telling, "pays", order) or -telling.chance.randint(0, 4))
        yield "payments", {"key": order.key, "invoice_key": order.key, "holds_from": paid} | money


def _days_late(telling: Telling, what: str, order: _Order) -> int:
    """Return by how many days a delivery or a payment comes late: every so many orders, 0 for the others."""
    habit = telling.character.story.get(what, {})
    if "late_every" not in habit or order.number % habit["late_every"] or order.day < telling.on(habit["since"]):
        return 0
    return int(habit["late_by"])


def _return(telling: Telling, order: _Order) -> Iterator[Told]:
    """Yield the return of half of the order's first line, which is credited."""
    key, day, line = f"{order.key}/return", order.day + _RETURNED_AFTER, order.lines[0]
    quantity = -max(Decimal(1), line["quantity"] // 2)
    amount = quantity * line["unit_price"]
    back = {"key": f"{key}/1", "order_key": key, "kind": "return", "quantity": quantity, "amount": amount}
    yield "orders", _head(telling, key, "return", day)
    yield "order_lines", line | back | {"holds_from": day}
