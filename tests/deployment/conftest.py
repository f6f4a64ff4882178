"""Stores with models in them."""

import os

import numpy as np
import pytest

from mlops_lite.registry import Registry
from mlops_lite.store import Store


class Constant:
    """A model that answers its number for every row; it may fail, or be slow."""

    def __init__(self, number, failing=0.0):
        self.number = number
        self.failing = failing

    def predict(self, X):
        if self.failing and np.random.random() < self.failing:
            raise RuntimeError("the model failed")
        return np.full(len(X), self.number)

    def predict_proba(self, X):
        share = np.full(len(X), self.number / 10)
        return np.column_stack([1 - share, share])


def register(store, *numbers, name="churn", **kwargs):
    """Register models whose answers are their numbers."""
    return [Registry(store).register(name, Constant(number), **kwargs) for number in numbers]


@pytest.fixture
def memory():
    """A store in memory."""
    return Store(f"memory://{os.urandom(8).hex()}")


@pytest.fixture
def served(store):
    """A local store with three versions whose answers are 1, 2 and 3."""
    register(store, 1, 2, 3)
    return store


@pytest.fixture
def row():
    """One row."""
    return np.zeros((1, 3))


@pytest.fixture
def open_handles():
    """Give a function that opens handles, and close them."""
    import mlops_lite as ml

    handles = []

    def opened(*args, **kwargs):
        handles.append(ml.Deployment(*args, **kwargs))
        return handles[-1]

    yield opened
    for handle in handles:
        handle.close()
