"""Let the audit log tell that personal data was erased, and find a customer's rows by its key."""

from alembic import op

revision = "0009"
down_revision = "0008"

_DID = "'record', 'undo', 'confirm', 'merge', 'import', 'pack_use', 'pack_rollback', 'erase'"
_REFUSAL = "the audit log is only added to"


def upgrade() -> None:
    """Add the index; widen the list of what the log may tell. SQLite can only make the table anew for that."""
    op.create_index("ix_customers_key", "customers", ["key"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE audit DROP CONSTRAINT ck_audit_did")
        op.execute(f"ALTER TABLE audit ADD CONSTRAINT ck_audit_did CHECK (did IN ({_DID}))")
        return
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(
        f"""CREATE TABLE audit_wider (
            id INTEGER NOT NULL, at DATETIME NOT NULL, done_by TEXT NOT NULL, origin TEXT NOT NULL,
            did VARCHAR(32) NOT NULL, subject TEXT NOT NULL, customer VARCHAR(200), changes TEXT NOT NULL,
            undoes INTEGER,
            CONSTRAINT pk_audit PRIMARY KEY (id),
            CONSTRAINT ck_audit_did CHECK (did IN ({_DID})),
            CONSTRAINT fk_audit_undoes FOREIGN KEY (undoes) REFERENCES audit (id),
            CONSTRAINT uq_audit_undoes UNIQUE (undoes))"""
    )
    columns = "id, at, done_by, origin, did, subject, customer, changes, undoes"
    op.execute(f"INSERT INTO audit_wider ({columns}) SELECT {columns} FROM audit")  # noqa: S608 - our own text
    op.execute("DROP TABLE audit")
    op.execute("ALTER TABLE audit_wider RENAME TO audit")
    op.create_index("ix_audit_customer", "audit", ["customer"], unique=False)
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change} BEFORE {change.upper()} ON audit "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
