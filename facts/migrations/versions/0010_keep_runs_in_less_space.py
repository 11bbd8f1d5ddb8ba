"""Keep what runs decided and found in the order of run and customer alone; `runs.publish` looks after the rest."""

from alembic import op

revision = "0010"
down_revision = "0009"

# SQLite can only make tables anew to keep rows in the order of their primary key, and to drop a foreign key.
_IN_ORDER = {
    "decisions": (
        "run INTEGER NOT NULL, customer VARCHAR(200) NOT NULL, stage VARCHAR(64), move VARCHAR(64), "
        "proposed_stage VARCHAR(64), value_next VARCHAR(64), provisional BOOLEAN NOT NULL, rule_list INTEGER, "
        "decision TEXT"
    ),
    "portfolio": (
        "run INTEGER NOT NULL, customer VARCHAR(200) NOT NULL, abc_class VARCHAR(32), contribution BIGINT, "
        "rank_in_region INTEGER, share_of_region BIGINT, look_alike_of TEXT, look_alike_traits INTEGER, "
        "acceptance TEXT"
    ),
}


def upgrade() -> None:
    """Drop the second index and the foreign keys, which were looked up for every row."""
    op.drop_index("ix_decisions_customer", "decisions")
    for table, columns in _IN_ORDER.items():
        if op.get_bind().dialect.name == "postgresql":
            for column in ("run", "customer"):
                op.drop_constraint(f"fk_{table}_{column}", table, type_="foreignkey")
            continue
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        op.execute(
            f"CREATE TABLE {table}_in_order ({columns}, CONSTRAINT pk_{table} PRIMARY KEY (run, customer)) "
            "WITHOUT ROWID"
        )
        op.execute(f"INSERT INTO {table}_in_order ({names}) SELECT {names} FROM {table}")  # noqa: S608 - our own text
        op.execute(f"DROP TABLE {table}")
        op.execute(f"ALTER TABLE {table}_in_order RENAME TO {table}")
