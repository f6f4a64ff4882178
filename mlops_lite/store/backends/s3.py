"""Amazon S3 and servers that speak its protocol and honour ``If-None-Match`` (moto, MinIO, R2, Ceph …)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["S3Backend", "connect"]

_CONFLICT = 409
_ATTEMPTS = 4


def connect(url: str, options: Mapping[str, Any]) -> S3Backend:
    """Open a bucket prefix; options are those of s3fs (``endpoint_url``, ``key``, ``profile`` …)."""
    import s3fs  # noqa: F401 - say now that it is missing

    return S3Backend(url, options)


_PART = 16 << 20
_MOST_PARTS = 10_000


class S3Backend(FsspecBackend):
    """A bucket prefix through s3fs, which asks for the size first unless told to fetch in one piece."""

    whole: Mapping[str, Any] = {"max_concurrency": 1}

    def large(self, size: int) -> Mapping[str, Any]:
        """Send parts of 16 MiB side by side, which is faster than fewer of 50; ten thousand are the most."""
        return {"chunksize": max(_PART, -(-size // _MOST_PARTS))}

    def create(self, path: str, data: bytes) -> None:
        """Create; where S3 says that it cannot decide between two who create at once (409), ask again."""
        for _ in range(_ATTEMPTS):
            try:
                return super().create(path, data)
            except OSError as error:
                if not _is_conflict(error):
                    raise
        return super().create(path, data)


def _is_conflict(error: OSError) -> bool:
    response = getattr(error.__cause__, "response", None) or {}
    return bool(response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _CONFLICT)
