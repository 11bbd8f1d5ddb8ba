"""Keep the facts that packs declare for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "own_facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=False),
        sa.Column("fact", sa.String(length=128), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("holds_until", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holds_from", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("retracted_at >= recorded_at", name=op.f("ck_own_facts_retracted_after_recorded")),
        sa.ForeignKeyConstraint(["customer"], ["customer_keys.key"], name=op.f("fk_own_facts_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_facts")),
    )
    op.create_index("ix_own_facts_customer", "own_facts", ["customer"], unique=False)
    op.create_index(
        "uq_own_facts_standing",
        "own_facts",
        ["key", "holds_from"],
        unique=True,
        sqlite_where=sa.text("retracted_at IS NULL"),
        postgresql_where=sa.text("retracted_at IS NULL"),
    )
