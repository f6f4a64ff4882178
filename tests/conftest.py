"""What all tests share: a cache folder and a working directory of their own, and no store from outside."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run beside each other: their threads would wait for each other

from mlops_lite.workspace import default
from tests.servers import azure, azure_server, careless_server, s3, s3_server

__all__ = ["azure", "azure_server", "careless_server", "s3", "s3_server"]


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory, monkeypatch):
    """Nothing of this machine's cache, environment or earlier tests reaches a test."""
    monkeypatch.setenv("MLOPS_LITE_CACHE", str(tmp_path_factory.mktemp("cache")))
    for variable in (default.CHOSEN, default.USED, default.RUN):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(default, "_used", None)
    monkeypatch.setattr(default, "_found", {})
    yield
    os.environ.pop(default.USED, None)  # what the test told


@pytest.fixture
def store(tmp_path):
    """A store in a new folder."""
    from mlops_lite.store import Store

    return Store(tmp_path / "store")
