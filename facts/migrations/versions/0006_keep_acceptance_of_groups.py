"""Keep how often customers like this one accepted each kind of value."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; what earlier runs found stays unknown."""
    op.add_column("portfolio", sa.Column("acceptance", sa.Text(), nullable=True))
