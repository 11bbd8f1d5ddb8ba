"""Keep what became of customers like this one, and how many problem customers its account manager has."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; what earlier runs found stays unknown."""
    for name in ("manager_customers", "manager_problems", "group_customers", "group_up", "group_down"):
        op.add_column("portfolio", sa.Column(name, sa.Integer(), nullable=True))
