"""Say which runs looked at the whole base; in PostgreSQL, keep each run in partitions of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column, and move the rows of earlier runs; SQLite keeps them where they are."""
    op.add_column("decision_runs", sa.Column("has_portfolio", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE decision_runs SET has_portfolio = EXISTS (SELECT 1 FROM portfolio WHERE run = decision_runs.id)")
    if op.get_bind().dialect.name == "postgresql":
        for table in ("decisions", "portfolio"):
            _divide(table)


def _divide(table: str) -> None:
    whole = f"{table}_of_all_runs"
    op.execute(f"ALTER TABLE {table} RENAME TO {whole}")
    # It has no key itself, only its partitions do: pg_restore cannot replace partitions whose keys are parts of one.
    op.execute(f"CREATE TABLE {table} (LIKE {whole} INCLUDING CONSTRAINTS) PARTITION BY LIST (run)")
    runs = op.get_bind().execute(sa.text(f"SELECT DISTINCT run FROM {whole} ORDER BY run")).scalars().all()  # noqa: S608 - our own text
    for run in runs:
        own = f"{table}_{run:d}"
        op.execute(f"CREATE TABLE {own} (LIKE {table} INCLUDING CONSTRAINTS)")
        op.execute(f"INSERT INTO {own} SELECT * FROM {whole} WHERE run = {run:d}")  # noqa: S608 - our own text
        op.execute(f"ALTER TABLE {own} ADD PRIMARY KEY (customer)")
        op.execute(f"ALTER TABLE {table} ATTACH PARTITION {own} FOR VALUES IN ({run:d})")
    op.execute(f"DROP TABLE {whole}")
