"""What makes the ideal customer of a product."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Ideal:
    """What makes a profile of the heaviest users."""

    top_share: Decimal  # of a product's users, in per cent, are its heaviest ones
    least_users: Decimal  # so many of them at least
    least_share: Decimal  # of them, in per cent, share a trait
    least_lift: Decimal  # how many times more often than the whole base
    shared_traits: Decimal  # so many a look-alike shares with them at least
    most_products: Decimal  # if there are more, categories of products are looked at
