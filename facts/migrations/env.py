"""What Alembic runs around the revisions: the connection comes from the store, or from the command line.

To add a revision, change `facts/tables.py`, then run on an up-to-date store

    alembic -c facts/migrations/alembic.ini -x db=valuelift.db revision --autogenerate --rev-id 0002 -m "..."

and set `SCHEMA_REVISION` in `facts/store.py`.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from facts.columns import Scaled, UtcMoment
from facts.database import connect, database_url
from facts.tables import indexed_metadata


def _physical_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types as what they are in the database, so that revisions do not depend on our code."""
    if kind == "type" and isinstance(item, Scaled):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, UtcMoment):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=indexed_metadata(), render_item=_physical_type)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with connect(database_url(context.get_x_argument(as_dictionary=True).get("db"))).connect() as opened:
        _run(opened)
