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
    """A bucket prefix through s3fs."""

    def read(self, path: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read in one request: s3fs asks for the size first unless told to fetch in one piece."""
        if start == 0 and stop is None:
            data: bytes = self.fs.cat_file(self._full(path), max_concurrency=1)
            return data
        return super().read(path, start, stop)
