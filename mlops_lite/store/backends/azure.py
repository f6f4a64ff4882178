"""Azure Blob Storage."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from mlops_lite.errors import StoreUnavailableError
from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["AzureBackend", "connect"]


def connect(url: str, options: Mapping[str, Any]) -> AzureBackend:
    """Open a container prefix; options are those of adlfs (``account_name``, ``connection_string`` …)."""
    import adlfs  # noqa: F401 - say now that it is missing

    scheme, _, rest = url.partition("://")
    try:
        return AzureBackend(f"abfs://{rest}" if scheme == "azure" else url, options)
    except ValueError as error:  # what adlfs raises where it finds no credentials
        raise StoreUnavailableError(
            f"The store at {url} could not be opened: {str(error).rstrip('.!')}.",
            remedy="Pass connection_string= or account_name=, or set AZURE_STORAGE_CONNECTION_STRING: secrets are not "
            "pickled, and are found again in the environment.",
        ) from error


class AzureBackend(FsspecBackend):
    """A container prefix through adlfs, which has no option for the retries of the client."""

    def _settings(self) -> dict[str, Any]:
        return {"connection_timeout": 5, **super()._settings()}

    def _tune(self, filesystem: Any) -> None:
        """Try again after about 3, 5 and 9 seconds, twice where nobody answers; the client would wait 84."""
        with contextlib.suppress(AttributeError):  # no public name leads there
            retries = filesystem.service_client._config.retry_policy
            retries.initial_backoff, retries.increment_base, retries.random_jitter_range = 1, 2, 1
            retries.connect_retries = 2
