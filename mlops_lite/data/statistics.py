"""The profile of a snapshot: computed from the stored parts when first asked for, and kept in the cache by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_lite.stats.profile import Profile, profile

if TYPE_CHECKING:
    from mlops_lite.data.snapshot import Snapshot

__all__ = ["profile_of"]

_SECTION = "profiles"


def profile_of(snapshot: Snapshot) -> Profile:
    """Profile the columns of a snapshot.

    Parameters
    ----------
    snapshot : Snapshot

    Returns
    -------
    Profile
    """
    key = f"{snapshot.digest[:2]}/{snapshot.digest[2:]}"
    kept = snapshot.store.cache.read(_SECTION, key)
    if kept is not None:
        return Profile.decode(kept)
    content = snapshot.content
    found = profile(content.batches(content.schema.names))
    snapshot.store.cache.write(_SECTION, key, found.encode())
    return found
