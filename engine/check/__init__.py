"""Lints: what a pack may say, and should not. Each has a page with a bad and a good example in `docs/lints/`."""

from engine.check.findings import LINTS, Finding, Level, finding_of
from engine.check.run import check

__all__ = ["LINTS", "Finding", "Level", "check", "finding_of"]
