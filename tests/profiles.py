"""How much the generated tests do: little while editing, more in CI, everything in `make long`.

`VALUELIFT_PROFILE` chooses `quick` (default), `ci` or `long`. The tests are the same in each;
only their counts differ.
"""

import os

from hypothesis import settings

ACTIVE = os.environ.get("VALUELIFT_PROFILE", "quick")


def count(*, quick: int, ci: int, long: int) -> int:
    """Return the number of generated cases for the active profile."""
    return {"quick": quick, "ci": ci, "long": long}[ACTIVE]


def activate() -> None:
    """Make hypothesis follow the active profile too.

    CI repeats the same examples on every run, so that a failure there belongs to the change under test;
    finding new examples is the work of the two other profiles.
    """
    settings.register_profile("quick", deadline=None, max_examples=50)
    settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True, print_blob=True)
    settings.register_profile("long", deadline=None, max_examples=5_000, print_blob=True)
    settings.load_profile(ACTIVE)
