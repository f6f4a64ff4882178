"""Azure Blob Storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_lite.errors import StoreUnavailableError
from mlops_lite.store.backends._fsspec import FsspecBackend

__all__ = ["connect"]


def connect(url: str, options: Mapping[str, Any]) -> FsspecBackend:
    """Open a container prefix; options are those of adlfs (``account_name``, ``connection_string`` …)."""
    import adlfs  # noqa: F401 - say now that it is missing

    scheme, _, rest = url.partition("://")
    try:
        return FsspecBackend(f"abfs://{rest}" if scheme == "azure" else url, options)
    except ValueError as error:  # what adlfs raises where it finds no credentials
        raise StoreUnavailableError(
            f"The store at {url} could not be opened: {str(error).rstrip('.!')}.",
            remedy="Pass connection_string= or account_name=, or set AZURE_STORAGE_CONNECTION_STRING: secrets are not "
            "pickled, and are found again in the environment.",
        ) from error
