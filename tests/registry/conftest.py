"""A registry in a new folder."""

import pytest

from mlops_lite.registry import Registry


@pytest.fixture
def registry(store):
    return Registry(store)
