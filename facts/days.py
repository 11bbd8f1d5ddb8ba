"""The first day that is dealt with: what is told of one before is a slip of the pen, as of one after `LATEST`."""

from datetime import date

EARLIEST = date(1800, 1, 1)
"""From here to `engine.vocabulary.LATEST`, how long something has lasted fits the facts that count its days."""
