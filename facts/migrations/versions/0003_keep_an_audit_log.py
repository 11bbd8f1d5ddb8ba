"""Keep an audit log, who was heard and why something was declined."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_DID = "'record', 'undo', 'confirm', 'merge', 'import', 'pack_use', 'pack_rollback'"
_REFUSAL = "the audit log is only added to"

_APPEND_ONLY = {
    "sqlite": (
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
        f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    ),
    "postgresql": (
        f"""CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
        """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit()""",
    ),
}

# What the store already told about who did what: the log reaches back as far as that does. Whether an earlier use of a
# pack was a rollback is not known.
_BEFORE = (
    "SELECT imported_at AS at, imported_by AS done_by, 'import' AS origin, 'import' AS did, mapping AS subject, "
    "NULL AS customer FROM imports "
    "UNION ALL SELECT used_at, used_by, 'command line', 'pack_use', name || ' ' || version, NULL "
    "FROM pack_uses JOIN packs ON packs.digest = pack_uses.digest "
    "UNION ALL SELECT recorded_at, entered_by, 'command line', 'confirm', 'stage_history', customer "
    "FROM stage_history WHERE source = 'confirmed'"
)


def upgrade() -> None:
    """Add the table, fill it with what is known, and let nobody change it."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("did", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("undoes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(f"did IN ({_DID})", name=op.f("ck_audit_did")),
        sa.ForeignKeyConstraint(["undoes"], ["audit.id"], name=op.f("fk_audit_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("undoes", name=op.f("uq_audit_undoes")),
    )
    op.create_index("ix_audit_customer", "audit", ["customer"], unique=False)
    op.add_column("communications", sa.Column("heard_from", sa.String(length=64), nullable=True))
    op.add_column("communications", sa.Column("heard_reason", sa.Text(), nullable=True))
    op.add_column("actions", sa.Column("declined_because", sa.String(length=64), nullable=True))
    op.add_column("actions", sa.Column("advised_by", sa.Text(), nullable=True))
    columns = "at, done_by, origin, did, subject, customer"
    known = f"SELECT {columns}, '[]' FROM ({_BEFORE}) AS before ORDER BY at"  # noqa: S608 - our own text
    op.execute(f"INSERT INTO audit ({columns}, changes) {known}")
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
