"""Google Cloud Storage. No emulator honours its conditions, so this file is tested by contract on real buckets only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["connect"]


def connect(url: str, options: Mapping[str, Any]) -> FsspecBackend:
    """Open a bucket prefix; options are those of gcsfs (``token``, ``project`` …)."""
    import gcsfs  # noqa: F401 - say now that it is missing

    return FsspecBackend(url.replace("gcs://", "gs://", 1), options)
