"""Amazon S3 and servers that speak its protocol and honour ``If-None-Match`` (moto, MinIO, R2, Ceph …)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from fsspec.asyn import sync

from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["S3Backend", "connect"]

_CONFLICT = 409
_ATTEMPTS = 4
_PART = 16 << 20
_MOST_PARTS = 10_000
_RANGE = 64 << 20  # bytes of one request of a download: each costs the server something
_STREAMS = 8  # of them at once: what one connection carries is limited
_CHUNK = 1 << 20
_RETRIES = {"mode": "standard", "total_max_attempts": 4}  # where nobody answers, less than 1 + 2 + 4 seconds of waiting


def connect(url: str, options: Mapping[str, Any]) -> S3Backend:
    """Open a bucket prefix; options are those of s3fs (``endpoint_url``, ``key``, ``profile`` …)."""
    import s3fs  # noqa: F401 - say now that it is missing

    return S3Backend(url, options)


class S3Backend(FsspecBackend):
    """A bucket prefix through s3fs, which asks for the size first unless told to fetch in one piece."""

    whole: Mapping[str, Any] = {"max_concurrency": 1}

    def _settings(self) -> dict[str, Any]:
        settings = super()._settings()
        if "AWS_MAX_ATTEMPTS" not in os.environ and "AWS_RETRY_MODE" not in os.environ:
            settings["config_kwargs"] = {"retries": _RETRIES, **settings.get("config_kwargs", {})}
        return settings

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

    def download(self, path: str, target: str) -> None:
        """Copy a file to this machine; of a large one several ranges at once, written as they arrive.

        s3fs would gather ten pieces of 50 MiB in memory before it writes them.
        """
        found = self.stat(path)
        if found is None:
            raise FileNotFoundError(path)
        with open(target, "wb") as file:
            sync(self.fs.loop, _fetch, self.fs, self._full(path), found.size, file)


async def _fetch(fs: Any, path: str, size: int, file: BinaryIO) -> None:
    free = asyncio.Semaphore(_STREAMS)

    async def fetch(start: int) -> None:
        async with free:
            await _fetch_range(fs, path, start, min(start + _RANGE, size), file)

    await asyncio.gather(*map(fetch, range(0, size, _RANGE)))


async def _fetch_range(fs: Any, path: str, start: int, stop: int, file: BinaryIO) -> None:
    """Write a range into its place in a file; where the connection breaks, go on from there."""
    from s3fs.core import S3_RETRYABLE_ERRORS

    bucket, key, _ = fs.split_path(path)
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(*S3_RETRYABLE_ERRORS):
            wanted = {"Bucket": bucket, "Key": key, "Range": f"bytes={start}-{stop - 1}", **fs.req_kw}
            async with (await fs._call_s3("get_object", **wanted))["Body"] as body:
                while data := await body.read(min(_CHUNK, stop - start)):
                    file.seek(start)
                    start += file.write(data)
        if start == stop:
            return
    raise OSError(f"{path} broke off after {start:,} bytes, {_ATTEMPTS} times.")


def _is_conflict(error: OSError) -> bool:
    response = getattr(error.__cause__, "response", None) or {}
    return bool(response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _CONFLICT)
