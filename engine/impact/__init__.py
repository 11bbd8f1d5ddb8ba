"""What an edit of rules does to whom: customers decided by two versions of a pack, differences explained."""

from engine.impact.run import Affected, Caused, Change, Impact, Tally, impact
from engine.impact.versions import Versions

__all__ = ["Affected", "Caused", "Change", "Impact", "Tally", "Versions", "impact"]
