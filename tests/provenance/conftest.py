"""Every test here works in a store of its own, which is the default one."""

import pytest

from mlops_lite.workspace import default


@pytest.fixture(autouse=True)
def default_store(store, monkeypatch):
    monkeypatch.setattr(default, "_used", store)
    return store
