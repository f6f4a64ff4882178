"""The memory backend keeps the contract."""

import os

import pytest

from mlops_lite.store import Store
from mlops_lite.store.backends import connect
from mlops_lite.testing import BackendContract, StoreContract


class TestMemory(BackendContract, StoreContract):
    @pytest.fixture
    def backend(self):
        return connect(f"memory://{os.urandom(6).hex()}", {})

    @pytest.fixture
    def store(self):
        return Store(f"memory://{os.urandom(6).hex()}")
