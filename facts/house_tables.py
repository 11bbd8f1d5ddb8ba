"""The other tables of the store: what runs decided, and what keeps the house (packs, audit log, accounts, settings)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    false,
)

from facts.columns import UtcMoment, amount, choice, rate, word
from facts.tables import metadata

AUDITED = ("record", "undo", "confirm", "merge", "import", "pack_use", "pack_rollback", "erase")
ROLES = ("manager", "author", "operator", "auditor", "admin")

# --- decisions ---

# A row is one decision run over the base, or over one customer. It is visible once it is published.
decision_runs = Table(
    "decision_runs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("known_at", UtcMoment, nullable=False),
    Column("pack", String(64), nullable=False),
    Column("pack_version", String(32), nullable=False),
    Column("pack_digest", String(64), nullable=False),
    Column("catalogue_digest", String(64), nullable=False),
    Column("facts_digest", String(64), nullable=False),
    Column("snapshot_file", Text),  # the Parquet files the run was decided on
    Column("customers", Integer, nullable=False),
    Column("has_portfolio", Boolean, nullable=False, server_default=false()),  # whether it looked at the whole base
    Column("decided_by", Text, nullable=False),
    Column("published_at", UtcMoment, nullable=False),
    UniqueConstraint("as_of", "pack_digest", "facts_digest"),
)

# A row is a list of rules that fired together for some customer of a run. Lists are long, and few of them occur.
rule_lists = Table(
    "rule_lists",
    metadata,
    Column("run", ForeignKey("decision_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rules", Text, nullable=False),  # JSON list of rule ids
)


def _of_run() -> Iterator[Column[Any]]:
    """Yield the columns that name a row of a run: no foreign keys, as `runs.publish` checks all rows at once.

    In PostgreSQL each run has partitions of its own (see `run_rows`).
    """
    yield Column("run", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    yield Column("customer", String(200), primary_key=True)


# A row is what a run decided for one customer.
decisions = Table(
    "decisions",
    metadata,
    *_of_run(),
    word("stage"),
    word("move"),
    word("proposed_stage"),
    word("value_next"),
    Column("provisional", Boolean, nullable=False),
    Column("rule_list", Integer),  # the number of the list of rules that fired
    Column("decision", Text),  # the whole decision as JSON
    sqlite_with_rowid=False,
)

LISTED = and_(rule_lists.c.run == decisions.c.run, rule_lists.c.number == decisions.c.rule_list)
"""Joins a decision with the list of rules that fired for it."""

# A row is what a run found for one customer by looking at the whole base.
portfolio = Table(
    "portfolio",
    metadata,
    *_of_run(),
    Column("abc_class", String(32)),  # A, B or C
    amount("contribution"),  # in the base currency
    Column("rank_in_region", Integer),
    rate("share_of_region"),
    Column("look_alike_of", Text),  # the product, or category of products, whose heaviest users it resembles most
    Column("look_alike_traits", Integer),  # how many traits it shares with them
    Column("manager_customers", Integer),  # of its account manager, with a confirmed stage
    Column("manager_problems", Integer),  # of these, at stage problem
    Column("group_customers", Integer),  # stood at its stage when the look-back began
    Column("group_up", Integer),  # of these, stand higher now
    Column("group_down", Integer),  # of these, stand lower now, or beside the ladder
    Column("acceptance", Text),  # in per cent by kind of value, of customers like this one: `brand:40,people:62`
    sqlite_with_rowid=False,
)

# --- keeping house ---

# A row is a version of a rule pack.
packs = Table(
    "packs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("content", LargeBinary, nullable=False),  # the pack's folder as a zip file
    Column("stored_at", UtcMoment, nullable=False),
    Column("stored_by", Text, nullable=False),
)

# A row says that a pack version was put to use; the last one is the active version.
pack_uses = Table(
    "pack_uses",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("digest", ForeignKey("packs.digest"), nullable=False),
    Column("used_at", UtcMoment, nullable=False),
    Column("used_by", Text, nullable=False),
    Column("back_to", ForeignKey("pack_uses.id")),  # of a rollback: the use that it went back to
)

# A row is a draft of a pack that an author uploaded, and another may put to use.
drafts = Table(
    "drafts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # the pack's folder as a zip file
    Column("uploaded_by", Text, nullable=False),
    Column("uploaded_at", UtcMoment, nullable=False),
    Column("asked_at", UtcMoment, nullable=False),  # when it was looked at last, or will be
    Column("report", Text),  # JSON: what was found; null while it is looked at
    Column("approved_by", Text),
    Column("used_at", UtcMoment),  # when it was put to use
)

# A row is something that somebody did to the store: the audit log. Rows are only ever added; the database refuses the
# rest. What was said stands in the fact rows that `changes` names, so that the log itself holds no personal data.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcMoment, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("origin", Text, nullable=False),  # the command line, an import
    choice("did", AUDITED, nullable=False),
    Column("subject", Text, nullable=False),  # the table, the mapping, the pack version
    Column("customer", String(200), index=True),
    Column("changes", Text, nullable=False),  # JSON list of [table, id of the row added, id of the row retracted]
    Column("undoes", ForeignKey("audit.id"), unique=True),
)

# A row is an import that was carried out.
imports = Table(
    "imports",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("mapping", String(64), nullable=False),
    Column("mapping_digest", String(64), nullable=False),
    Column("files", Text, nullable=False),  # JSON list of names and SHA-256 digests
    Column("imported_at", UtcMoment, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("corrected", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("set_aside", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

# A row is somebody who may log in to the pages. The password itself is not kept.
accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    choice("role", ROLES, nullable=False),
    Column("account_manager", Text),  # the name under which a manager looks after customers
    Column("password_hash", Text, nullable=False),
    Column("failures", Integer, nullable=False),  # wrong passwords since the last right one
    Column("locked_until", UtcMoment),
    Column("created_at", UtcMoment, nullable=False),
)

# A row is a browser in which somebody is logged in. Only the digest of its token is kept.
account_sessions = Table(
    "account_sessions",
    metadata,
    Column("token_digest", String(64), primary_key=True),
    Column("account", ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcMoment, nullable=False),
    Column("seen_at", UtcMoment, nullable=False),
)

# A row is a token by which another program asks in somebody's name. Only its digest is kept.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("account", ForeignKey("accounts.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", Text, nullable=False),  # what it is for
    Column("scopes", Text, nullable=False),  # JSON list
    Column("digest", String(64), nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("expires_at", UtcMoment, nullable=False),
    Column("revoked_at", UtcMoment),
)

# A row is what was answered to a request with an idempotency key, or that it is being worked on (`status` is null).
kept_answers = Table(
    "kept_answers",
    metadata,
    Column("account", ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("status", Integer),
    Column("body", Text),  # JSON
)

# A row is that somebody looked at a customer. Rows are only ever added; the database refuses the rest. It stands apart
# from the audit log, which is about what was done: many more look than do.
reads = Table(
    "reads",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcMoment, nullable=False),
    Column("read_by", Text, nullable=False),
    Column("origin", Text, nullable=False),  # the pages, the interface for other programs
    Column("what", Text, nullable=False),  # the route
    Column("customer", String(200), nullable=False, index=True),
)

# A row is a setting of the store: base_currency, time_zone.
settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
