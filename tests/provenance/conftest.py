"""Every test here works in a store of its own, which is the default one."""

import pytest

from mlops_lite import workspace


@pytest.fixture(autouse=True)
def default_store(store, monkeypatch):
    monkeypatch.setattr(workspace, "_used", store)
    return store
