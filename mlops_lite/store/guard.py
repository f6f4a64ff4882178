"""What the system says of a place, told as an error of our own."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlops_lite.errors import MlopsLiteError, StoreUnavailableError, UnsupportedStoreError

__all__ = ["explained", "gone"]

_REASONS = {
    errno.ENOSPC: ("its disk is full", "Free some space, or choose another place with ml.use(…)."),
    errno.EDQUOT: ("your quota there is used up", "Free some space, or choose another place with ml.use(…)."),
    errno.EACCES: ("you may not do that there", "Ask for permission, or choose another place with ml.use(…)."),
    errno.EPERM: ("you may not do that there", "Ask for permission, or choose another place with ml.use(…)."),
    errno.EROFS: ("it is read-only", "Choose another place with ml.use(…)."),
}


def gone(url: str) -> StoreUnavailableError:
    """Make the error for a folder that was there and is not any more."""
    return StoreUnavailableError(
        f"The store at {url} is not there any more.", remedy="Mount it again, put it back, or begin anew: ml.use(…)."
    )


@contextmanager
def explained(url: str, doing: str, **facts: Any) -> Iterator[None]:
    """Turn errors of the system into ours; ``FileNotFoundError`` and ``FileExistsError`` are answers and pass.

    Parameters
    ----------
    url : str
        The store.
    doing : str
        What was tried, as in "could not <doing>".
    **facts
        Kept as attributes of the error.
    """
    try:
        yield
    except (MlopsLiteError, FileNotFoundError, FileExistsError):
        raise
    except NotADirectoryError as error:
        raise UnsupportedStoreError(
            f"The store at {url} could not {doing}: a file stands where a folder should be ({error.filename}).",
            remedy="Name a folder.",
        ) from error
    except OSError as error:
        reason, remedy = _REASONS.get(error.errno or 0, (str(error) or type(error).__name__, "Try again later."))
        message = f"The store at {url} could not {doing}: {reason}."
        raise StoreUnavailableError(message, remedy=remedy, **facts) from error
    except Exception as error:
        # clients of buckets have errors of their own, which no common base tells apart
        if type(error).__module__.split(".")[0] not in ("botocore", "aiobotocore", "azure", "gcsfs", "aiohttp"):
            raise
        remedy = "Look at the address, the credentials and the network; another server: ml.use(url, endpoint_url=…)."
        message = f"The store at {url} could not {doing}: {str(error).rstrip('.')}."
        raise StoreUnavailableError(message, remedy=remedy, **facts) from error
