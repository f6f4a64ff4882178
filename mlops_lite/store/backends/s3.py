"""Amazon S3 and servers that speak its protocol and honour ``If-None-Match`` (moto, MinIO, R2, Ceph …)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["S3Backend", "connect"]


def connect(url: str, options: Mapping[str, Any]) -> S3Backend:
    """Open a bucket prefix; options are those of s3fs (``endpoint_url``, ``key``, ``profile`` …)."""
    import s3fs  # noqa: F401 - say now that it is missing

    return S3Backend(url, options)


class S3Backend(FsspecBackend):
    """A bucket prefix through s3fs, which asks for the size first unless told to fetch in one piece."""

    whole: Mapping[str, Any] = {"max_concurrency": 1}
