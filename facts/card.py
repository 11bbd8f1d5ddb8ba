"""What stands on a customer's card, wherever one is named."""

from __future__ import annotations

from collections.abc import Mapping

Card = Mapping[str, str | None]
"""Who a customer is: `name`, `region` and `account_manager`."""

CARD = ("name", "region", "account_manager")
