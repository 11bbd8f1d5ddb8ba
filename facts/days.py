"""The first and the last day that are dealt with: what is told of one before or after is a slip of the pen."""

from datetime import date

EARLIEST, LATEST = date(1800, 1, 1), date(2199, 12, 31)
"""Between them, how long something has lasted fits the facts that count its days."""
