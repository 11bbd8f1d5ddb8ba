"""Say of perceptions, judgements and needs how surely they are known."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; of what is on record nobody said it."""
    for table in ("needs", "perceptions", "assessments"):
        # Written out: Alembic would make the table anew in SQLite to add a column with a condition.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN sure VARCHAR(32) "
            f"CONSTRAINT ck_{table}_sure CHECK (sure IN ('estimate', 'told', 'seen'))"
        )
