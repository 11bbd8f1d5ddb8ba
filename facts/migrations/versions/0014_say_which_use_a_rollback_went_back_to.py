"""Say of a rollback to which use of a pack it went back, so that the next one goes on from there."""

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"

# The log tells which uses were rollbacks: both were written at one moment.
_ROLLBACKS = (
    "SELECT pack_uses.id, pack_uses.digest FROM pack_uses "
    "JOIN audit ON audit.at = pack_uses.used_at AND audit.did = 'pack_rollback' ORDER BY pack_uses.id"
)
_WENT_BACK_TO = (
    "SELECT COALESCE(back_to, id) FROM pack_uses WHERE digest = :digest AND id < :id ORDER BY id DESC LIMIT 1"
)


def upgrade() -> None:
    """Add the column, and fill it for the rollbacks that the log tells of."""
    connection = op.get_bind()
    type_ = "BIGINT" if connection.dialect.name == "postgresql" else "INTEGER"
    # Written out: Alembic would make the table anew in SQLite to add a column with a reference.
    op.execute(
        f"ALTER TABLE pack_uses ADD COLUMN back_to {type_} CONSTRAINT fk_pack_uses_back_to REFERENCES pack_uses (id)"
    )
    for number, digest in connection.execute(text(_ROLLBACKS)).all():
        use = {"id": number, "digest": digest}
        back_to = connection.scalar(text(_WENT_BACK_TO), use)
        connection.execute(text("UPDATE pack_uses SET back_to = :back_to WHERE id = :id"), {**use, "back_to": back_to})
