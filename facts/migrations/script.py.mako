"""${message}."""
# Written by Alembic from `facts/tables.py`; a store is only ever brought forward, so there is no way down.

import sqlalchemy as sa
from alembic import op

revision = "${up_revision}"
down_revision = ${'"' + down_revision + '"' if down_revision else None}


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}
