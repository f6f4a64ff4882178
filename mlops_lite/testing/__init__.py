"""Contract suites: what a plug-in must do, as tests to inherit. Needs pytest."""

from __future__ import annotations

from mlops_lite.testing.backend import BackendContract, StoreContract
from mlops_lite.testing.capture import CaptureContract

__all__ = ["BackendContract", "CaptureContract", "StoreContract"]
