"""Bytes and places: objects, logs and run journals in a folder or a bucket prefix.

::

    store.json                                       format, store id, hash name; written once
    objects/<2 hex>/<62 hex>                         immutable bytes, named by their SHA-256
    logs/<kind>/<encoded name>/<12 digits>.json      one record each, created exclusively
    logs/<kind>-label/<encoded name>/…               moves of labels; each record holds the whole map
    logs/…/hint                                      a guess at the newest number
    runs/…                                           journals and summaries of runs
"""

from __future__ import annotations

from mlops_lite.store.labels import ANY, Labels, Move
from mlops_lite.store.log import Log
from mlops_lite.store.object_batch import ObjectBatch
from mlops_lite.store.objects import Objects
from mlops_lite.store.store import Store

__all__ = ["ANY", "Labels", "Log", "Move", "ObjectBatch", "Objects", "Store"]
