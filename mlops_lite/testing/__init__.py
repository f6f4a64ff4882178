"""Contract suites: what a plug-in must do, as tests to inherit. Needs pytest."""

from __future__ import annotations

from mlops_lite.testing.backend import BackendContract, StoreContract

__all__ = ["BackendContract", "StoreContract"]
