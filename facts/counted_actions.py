"""Facts that features count of one action, by the id that the pack we ship gives it.

Of a pack without an action of that id such a fact says nothing, so `valuelift rules check` tells its authors.
"""

from __future__ import annotations

from engine.vocabulary import FactKey

_NEED_BEHIND = "check-need-behind-complaint"

COUNTED_ACTIONS = {
    FactKey("complaints", "need_asked"): _NEED_BEHIND,
    FactKey("complaints", "need_put_off_until"): _NEED_BEHIND,
}
"""The id of the action by the fact; the SQL of the features names the same."""
