"""BG/NBD with Gamma-Gamma: when customers buy and for how much, by the library PyMC-Marketing if it is installed."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LEAST_REPEATING = 30
"""Of fewer customers who bought again, four parameters say nothing."""

Array = npt.NDArray[np.float64]


class LifetimeError(Exception):
    """The model was not computed; `reason` is `absent` (no library) or `few` (too few customers bought again)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Expected:
    """What the models expect of each customer within the outcome: orders and revenue."""

    orders: Array
    revenue: Array


def require_library() -> None:
    """Look for the library, without the seconds that it takes to load.

    Raises:
        LifetimeError: if it is not installed.
    """
    if find_spec("pymc_marketing") is None:
        raise LifetimeError("absent")


def expected(history: pa.Table, days: int) -> Expected:
    """Fit both models to what is known on the date, and return what they expect of the days after.

    They are fitted by maximum likelihood: the library's MAP with flat priors. (Its own priors fit these data worse.)

    Args:
        history: as `backtest.history` returns it.
        days: how long the outcome is.

    Raises:
        LifetimeError: if the library is absent, or too few customers bought again.
    """
    require_library()
    if np.count_nonzero(_numbers(history, "repeats") > 0) < LEAST_REPEATING:
        raise LifetimeError("few")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("pymc").setLevel(logging.ERROR)
        return _fitted(history, days)


def _fitted(history: pa.Table, days: int) -> Expected:
    import pandas as pd
    from pymc_extras.prior import Prior
    from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

    def flat(names: str) -> dict[str, Any]:
        return {name: Prior("HalfFlat") for name in names.split()}

    bought = pd.DataFrame(
        {
            "customer_id": history["customer"].to_pylist(),
            "frequency": _numbers(history, "repeats"),
            "recency": _numbers(history, "recency"),
            "T": _numbers(history, "age"),
        }
    )
    buying = BetaGeoModel(bought, model_config=flat("a b alpha r"))
    buying.fit(method="map", progressbar=False)
    spent = pd.DataFrame(
        {
            "customer_id": bought["customer_id"],
            "frequency": bought["frequency"],
            "monetary_value": np.nan_to_num(_numbers(history, "value")),
        }
    )
    spent.loc[spent["monetary_value"] <= 0, ["frequency", "monetary_value"]] = 0  # nothing but free goods says nothing
    spending = GammaGammaModel(spent[spent["frequency"] > 0], model_config=flat("p q v"))
    spending.fit(method="map", progressbar=False)
    orders = _of_each(buying.expected_purchases(bought, future_t=days))
    return Expected(orders, orders * _of_each(spending.expected_customer_spend(spent)))


def _of_each(draws: Any) -> Array:
    """Return one number for each customer; a fit by MAP has one draw."""
    found: Array = draws.mean(("chain", "draw")).to_numpy()
    return found


def _numbers(table: pa.Table, column: str) -> Array:
    found: Array = table[column].to_numpy().astype(np.float64)
    return found
