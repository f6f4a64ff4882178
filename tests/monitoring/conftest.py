"""A model of churn, and data for it."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def draw():
    """Draw rows of customers with a score that is right, an id and a label."""

    def rows(count, seed, shift=0.0, flip=0.0):
        dice = np.random.default_rng(seed)
        age = dice.normal(40 + shift, 10, count)
        chance = 1 / (1 + np.exp(-(age - 40) / 5))
        label = (dice.random(count) < chance).astype(int)
        wrong = dice.random(count) < flip
        return pd.DataFrame(
            {
                "id": [f"{seed}-{place}" for place in range(count)],
                "age": age,
                "income": dice.lognormal(10, 1, count),
                "city": pd.Series(dice.choice(["Bern", "Oslo", "Rome"], count), dtype="str"),
                "p": chance,
                "label": (chance > 0.5).astype(int),
                "churned": np.where(wrong, 1 - label, label),
            }
        )

    return rows


@pytest.fixture
def watch():
    """The columns of the model."""
    return {"target": "churned", "score": "p", "prediction": "label", "id": "id"}
