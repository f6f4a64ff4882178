"""How the bytes of a value lie in a store: parts, packs of small parts, one object for each large part, a manifest.

A format hands over its bytes as **parts**, in order. Parts below a megabyte go into packs, each part on a multiple of
64 bytes; a larger one is an object of its own, so that a second version stores only the parts that changed and each
can be mapped into memory. The **manifest** says which part lies where; its digest names the whole content.
"""

from __future__ import annotations

from mlops_lite.formats.container.manifest import Manifest, Place
from mlops_lite.formats.container.reader import Reader, Source
from mlops_lite.formats.container.writer import Sink, Writer

__all__ = ["Manifest", "Place", "Reader", "Sink", "Source", "Writer"]
