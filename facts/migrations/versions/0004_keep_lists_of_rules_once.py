"""Keep each list of rules that fired together once for a run, and not for every customer."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Move the lists of earlier runs into a table of their own."""
    op.create_table(
        "rule_lists",
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["decision_runs.id"], name=op.f("fk_rule_lists_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "number", name=op.f("pk_rule_lists")),
    )
    op.add_column("decisions", sa.Column("rule_list", sa.Integer(), nullable=True))
    op.execute(
        "INSERT INTO rule_lists (run, number, rules) "
        "SELECT run, row_number() OVER (PARTITION BY run ORDER BY fired_rules), fired_rules "
        "FROM (SELECT DISTINCT run, fired_rules FROM decisions) AS fired"
    )
    op.execute(
        "UPDATE decisions SET rule_list = (SELECT number FROM rule_lists "
        "WHERE rule_lists.run = decisions.run AND rule_lists.rules = decisions.fired_rules)"
    )
    op.drop_column("decisions", "fired_rules")
