"""The tables of facts in the store; `house_tables` has the others.

Two shapes of fact table, both made by `_fact_table`:

* **events** happened once, on the date in `holds_from` (an order, a complaint, a talk). `key` names one.
* **registers** are kept current (a need, a perception, a stage). `key` names what is kept; a row says how it
  stands from `holds_from` on, until the next row of that key or until `holds_until`.

Nothing is overwritten. A correction stores a new row and sets `retracted_at` on the old one, so that what
the store said at any earlier moment can be asked again. A row is *visible* as of date A and moment K when

    holds_from <= A and recorded_at <= K and (retracted_at is null or retracted_at > K)

A date that comes later in an event's life (shipped, settled, closed) is seen only from that date on, together
with the columns that became known by it: see `later` and `known_on`.

Links between fact rows (a line's order, a payment's invoice) name the other row's key, not its id, because a
correction gives the other row a new id. Customers are linked by foreign keys to `customer_keys`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.schema import SchemaItem

from facts.columns import UtcMoment, amount, choice, counted, currency, known_on, later, personal, rate, refers_to, word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# --- closed lists ---

STAGES = ("potential", "target", "new", "established", "core", "strategic", "problem", "exited")
PERCEPTION_LEVELS = ("unaware", "aware", "understood", "recognised", "accepted")
NEED_TIERS = ("core", "additional", "latent")
NEED_LEVELS = ("basic", "expected", "augmented", "potential")
NEED_STATES = ("unmet", "partly_met", "met")
HEART_VALUES = ("worry_free", "economical", "suitable", "change", "success")
COMPLAINT_SIGNALS = (
    "product_quality_poor",
    "price_high",
    "quality_standard_low",
    "price_follows_market_slowly",
    "supply_late",
    "staff_serve_badly",
    "company_small",
    "stingy",
)
SEVERITIES = ("low", "medium", "high")
ORDER_KINDS = ("order", "return", "adjustment")
DIRECTIONS = ("ours", "theirs", "both")
COST_CLASSES = ("low", "medium", "high")
OUTCOMES = ("accepted", "recognised", "rejected", "no_reaction")
STRENGTHS = ("weak", "equal", "strong")
OPEN_STAGES = ("prospecting", "engaging")
AGREEMENT_STATES = ("kept", "broken")
VERDICTS = ("yes", "no", "unclear")
SURE = ("estimate", "told", "seen")  # our own guess; the customer said so; in documents or on site: the surest last
ACTION_STATES = ("advised", "open", "done", "snoozed", "declined", "accepted")

# --- fact tables ---


def provenance() -> list[Column[Any]]:
    """Return the columns every fact row carries: where it comes from, and when it holds and was known."""
    return [
        Column("source", Text, nullable=False),  # the file and mapping, the command, the system it came from
        Column("recorded_at", UtcMoment, nullable=False),  # when the store learnt it
        Column("holds_from", Date, nullable=False),  # from when it is so; for an event, its date
        Column("entered_by", Text, nullable=False),  # who entered it
        Column("retracted_at", UtcMoment),  # when it was taken back or corrected; null while it stands
    ]


BOOKKEEPING = ("id", "source", "recorded_at", "entered_by", "retracted_at")
"""The columns that the store fills itself: how a row came into it, not what the row says."""


def own_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a fact table that whoever records a row gives."""
    return [column for column in table.columns if column.name not in BOOKKEEPING]


def _fact_table(name: str, shape: str, *columns: SchemaItem, customer: bool, identity: Sequence[str] = ()) -> Table:
    """Return a fact table: row id, key, customer, own columns and provenance; one standing row per key."""
    own = list(columns)
    if customer:
        own.insert(0, Column("customer", ForeignKey("customer_keys.key"), nullable=False, index=True))
    if shape == "register":
        own.append(later("holds_until", "holds_from"))  # it no longer holds on this date
    return Table(
        name,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("key", String(200), nullable=False),
        *own,
        *provenance(),
        CheckConstraint("retracted_at >= recorded_at", name="retracted_after_recorded"),
        info={"shape": shape, "identity": tuple(identity)},
    )


def _events(name: str, *columns: SchemaItem) -> Table:
    return _fact_table(name, "event", *columns, customer=True)


def _register(name: str, *columns: SchemaItem, identity: Sequence[str] = (), customer: bool = True) -> Table:
    """Return a register. The values of the `identity` columns make the key of a row that is given none."""
    return _fact_table(name, "register", *columns, customer=customer, identity=identity)


# A row is a customer ever heard of. It says nothing but the key that all other tables point to.
customer_keys = Table("customer_keys", metadata, Column("key", String(200), primary_key=True))

# A row is how a customer stood from a date on. `key` is the customer's.
customers = _register(
    "customers",
    Column("name", Text, nullable=False),
    Column("parent", ForeignKey("customer_keys.key")),  # the company it belongs to
    word("industry"),
    word("region"),
    word("country"),
    Column("city", Text),
    personal("address"),
    personal("telephone"),
    counted("employees", 10_000_000),
    amount("annual_revenue", info={"only_with": "currency"}),
    currency(),
    word("legal_form"),
    Column("founded_on", Date),
    Column("first_business_on", Date),
    word("acquisition_source", "acquisition_source"),
    Column("account_manager", Text),
    counted("credit_score", 1000),
    # The one for standing rows serves nobody who asks for what was known at a moment.
    Index("ix_customers_key", "key"),
    customer=False,
)
# A row says that `customer` turned out to be the same as `survivor`, which stands for both.
merges = _register(
    "merges",
    Column("survivor", ForeignKey("customer_keys.key"), nullable=False),
    CheckConstraint("survivor <> customer", name="two_customers"),
    identity=("customer",),
)

# A row is a person at the customer.
contacts = _register(
    "contacts",
    personal("name", nullable=False),
    word("role", "contact_role"),  # decision_maker, user, buyer, finance, technical ...
    Column("title", Text),
    personal("telephone"),
    personal("email"),
    personal("notes"),  # character, interests and whatever else helps to treat the person well
)

# A row is an order, a return or an adjustment, with the date in `holds_from`.
orders = _events(
    "orders",
    choice("kind", ORDER_KINDS, nullable=False, server_default="order"),
    Column("salesperson", Text),
    Column("required_on", Date),  # when the customer wants it
)

# A row is a line of an order. Returns have negative quantities and amounts.
order_lines = _events(
    "order_lines",
    Column("order_key", String(200), nullable=False, index=True, **refers_to("orders")),
    choice("kind", ORDER_KINDS, nullable=False, server_default="order"),  # the order's
    Column("product", Text),
    Column("description", Text),
    word("product_category"),
    Column("goods", Boolean, nullable=False, server_default=text("true")),  # false: postage, fees, discounts
    amount("quantity", nullable=False),
    amount("unit_price", nullable=False),
    amount("amount", nullable=False),  # what is to be paid for the line, discount taken off
    currency(nullable=False),
)

# A row is an invoice that we sent.
invoices = _events(
    "invoices",
    Column("order_key", String(200), **refers_to("orders")),
    amount("amount", nullable=False),
    currency(nullable=False),
    Column("due_on", Date),
)

# A row is a payment that arrived.
payments = _events(
    "payments",
    Column("invoice_key", String(200), **refers_to("invoices")),
    amount("amount", nullable=False),
    currency(nullable=False),
)

# A row is a delivery that was agreed on the date in `holds_from`.
deliveries = _events(
    "deliveries",
    Column("order_key", String(200), **refers_to("orders")),
    Column("promised_on", Date),
    later("shipped_on", "holds_from"),
    later("delivered_on", "holds_from", "shipped_on"),
)

# A row is a complaint; it is open until it is settled.
complaints = _events(
    "complaints",
    choice("signal", COMPLAINT_SIGNALS),
    choice("severity", SEVERITIES, nullable=False, server_default="medium"),
    personal("summary"),
    later("settled_on", "holds_from"),
)

# A row is how a conflict of interest or understanding stands from a date on.
disputes = _register(
    "disputes",
    Column("began_on", Date),
    counted("talks_held", 10_000, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("cooperation_broken", Boolean, nullable=False),
    personal("summary"),
)

# A row is a talk, a visit, a letter.
interactions = _events(
    "interactions",
    word("medium", "channel", nullable=False),
    choice("direction", DIRECTIONS),  # who sought it
    word("audience_role", "contact_role"),
    personal("summary"),
)

# A row is how a need stands from a date on.
needs = _register(
    "needs",
    word("kind", "need_kind", nullable=False),
    choice("tier", NEED_TIERS),
    choice("level", NEED_LEVELS),
    choice("state", NEED_STATES, nullable=False),
    choice("heart_value", HEART_VALUES),
    Column("felt", Boolean),  # whether the customer feels it
    Column("evidence", Text),
    choice("sure", SURE),  # how surely it is known; null where nobody said
    identity=("customer", "kind"),
)

# A row is how far the customer has come with one kind of our value, or with the way of `cooperation`.
perceptions = _register(
    "perceptions",
    word("value_kind", "value_kind", nullable=False, info={"besides": ("cooperation",)}),
    choice("level", PERCEPTION_LEVELS, nullable=False),
    Column("evidence", Text),
    choice("sure", SURE),  # how surely it is known; null where nobody said
    identity=("customer", "value_kind"),
)

# A row is a value that we conveyed, with the date in `holds_from`, and what was heard of it.
communications = _events(
    "communications",
    word("value_kind", "value_kind", nullable=False),
    word("medium", "channel", nullable=False),
    word("speaker_role", "speaker_role"),
    word("audience_role", "contact_role"),
    choice("cost_class", COST_CLASSES),
    choice("intended_level", PERCEPTION_LEVELS),  # the effect we wanted
    Column("message", Text),
    later("heard_on", "holds_from"),
    choice("outcome", OUTCOMES, **known_on("heard_on")),
    word("heard_from", "contact_role", **known_on("heard_on")),
    personal("heard_reason", **known_on("heard_on")),  # what they said, and why
)

# A row is how a competitor stands with the customer in one kind of value.
competitor_signals = _register(
    "competitor_signals",
    Column("competitor", Text),
    word("value_kind", "value_kind"),
    choice("strength", STRENGTHS),
    Column("disturbing", Boolean, nullable=False, server_default=text("false")),  # tries to win the customer
    identity=("customer", "competitor", "value_kind"),
)

# A row is a chance of business that we engaged in on the date in `holds_from`.
opportunities = _events(
    "opportunities",
    Column("product", Text),
    Column("agent", Text),
    choice("open_stage", OPEN_STAGES),
    later("closed_on", "holds_from"),
    Column("won", Boolean, **known_on("closed_on")),
    amount("amount", info={"known_on": "closed_on", "only_with": "currency"}),
    currency(),
)

# A row is how the terms of cooperation stand from a date on.
agreements = _register(
    "agreements",
    # cooperation, or an outcome-based offer such as vendor_managed_inventory
    word("kind", "agreement_kind", nullable=False),
    counted("payment_days", 3650),
    amount("credit_limit", info={"only_with": "currency"}),
    currency(),
    choice("state", AGREEMENT_STATES, nullable=False, server_default="kept"),
    Column("measure", Text),  # how the effect is measured, for outcome-based offers
    identity=("customer", "kind"),
)

# A row is a recommendation of us by the customer.
referrals = _events(
    "referrals",
    choice("kind", ("referral", "public_praise"), nullable=False),
)

# A row is somebody's judgement of one criterion, such as whether both sides want the upgrade.
assessments = _register(
    "assessments",
    word("criterion", "criterion", nullable=False),
    choice("verdict", VERDICTS, nullable=False),
    Column("evidence", Text),
    choice("sure", SURE),  # how surely it is known; null where nobody said
    identity=("customer", "criterion"),
)

# A row is what is so, from a date on, of a fact that a pack declares for itself; `value` is as `facts.own` writes it.
own_facts = _register(
    "own_facts",
    Column("fact", String(128), nullable=False, info={"names": "own_fact"}),
    Column("value", Text, nullable=False, info={"is_of": "fact"}),
    Column("evidence", Text),
    identity=("customer", "fact"),
)

# A row is how an advised action stands from a date on. `about` is the key of the row it is about, or empty.
actions = _register(
    "actions",
    word("action", nullable=False),
    Column("about", String(200), nullable=False, server_default=""),
    choice("state", ACTION_STATES, nullable=False),
    Column("advised_on", Date, nullable=False),
    Column("due_on", Date),  # fixed when the action is first advised
    Column("until", Date),  # snoozed until then
    Column("reason", Text),
    word("declined_because", "decline_reason"),
    Column("advised_by", Text),  # the rules that advised it when it was declined: JSON list of their ids
    identity=("customer", "action", "about"),
)

# A row is the stage that an account manager confirmed from a date on. `key` is the customer's.
stage_history = _register(
    "stage_history",
    choice("stage", STAGES, nullable=False),
    choice("proposed_stage", STAGES),  # what the system proposed at that time
    Column("override_reason", Text),  # why the account manager decided against the proposal
    Column("override_until", Date, info={"only_with": "override_reason"}),  # when the override is to be looked at again
    CheckConstraint("override_until IS NULL OR override_reason IS NOT NULL", name="override_has_reason"),
    identity=("customer",),
)

# A row says that somebody was recording a collection from `recorded_from` to `recorded_to` (null: still is),
# for one customer, or for all if `customer` is null. Without a row, an absence of facts proves nothing.
# `holds_from` is `recorded_from`.
coverage = _register(
    "coverage",
    Column("customer", ForeignKey("customer_keys.key"), index=True),
    Column("collection", String(64), nullable=False, info={"names": "collection"}),
    Column("recorded_from", Date, nullable=False),
    later("recorded_to", "recorded_from"),
    identity=("collection", "customer", "recorded_from"),
    customer=False,
)

# A row is what one unit of a currency is worth in the base currency from a date on. `key` is its code.
exchange_rates = _register(
    "exchange_rates",
    currency(nullable=False),
    rate("rate_to_base", nullable=False, info={"above": 0}),
    identity=("currency",),
    customer=False,
)

LARGEST_NUMBER = 2**63 - 1
"""Databases number no row higher, and SQLite cannot even be asked for one."""

FACT_TABLES = {name: table for name, table in metadata.tables.items() if "shape" in table.info}

COLLECTIONS = tuple(name for name in FACT_TABLES if name != "coverage")
"""What may be said to be recorded in full."""

JUDGED = {"perceptions": ("value_kind", "level"), "assessments": ("criterion", "verdict")}
"""The registers of what is heard and judged: the column that says of what, and that of the value."""


@cache
def indexed_metadata() -> MetaData:
    """Return the tables with the indexes that Alembic compares with a store's: also those for one standing row per key.

    They are added when they are asked for, because an index with a condition loads the dialect that it is for, which
    takes 60 ms, and nobody who reads facts needs it.
    """
    from facts import house_tables  # noqa: F401 - whose tables are among them

    for name, table in FACT_TABLES.items():
        standing = ["key"] if table.info["shape"] == "event" else ["key", "holds_from"]
        Index(
            f"uq_{name}_standing",
            *(table.c[column] for column in standing),
            unique=True,
            sqlite_where=text("retracted_at IS NULL"),
            postgresql_where=text("retracted_at IS NULL"),
        )
    return metadata
