"""Keep whose heaviest users a customer resembles."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; what earlier runs found stays unknown."""
    op.add_column("portfolio", sa.Column("look_alike_of", sa.Text(), nullable=True))
    op.add_column("portfolio", sa.Column("look_alike_traits", sa.Integer(), nullable=True))
