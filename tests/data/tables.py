"""Tables that tests of data share."""

import numpy as np
import pandas as pd


def orders(rows=50_000, seed=0):
    """A frame of orders: several parts long, of several dtypes."""
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "order": np.arange(rows) * 3 + 1_000,
            "price": np.round(dice.gamma(2, 20, rows), 2),
            "city": pd.Categorical(dice.choice(["Bern", "Oslo", "Rome"], rows)),
            "note": dice.choice(["fine", "late", "lost"], rows),
            "count": pd.array(dice.integers(0, 9, rows), dtype="Int64"),
        }
    )
