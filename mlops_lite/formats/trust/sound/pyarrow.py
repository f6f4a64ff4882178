"""Arrays of Arrow: offsets, lengths and indices, which Arrow looks at itself when asked."""

from __future__ import annotations

from typing import Any

__all__ = ["CHECKS"]


def _valid(found: list[Any]) -> bool:
    for one in found:
        one.validate(full=True)
    return True


CHECKS = {"pyarrow.lib.Array": _valid, "pyarrow.lib.ChunkedArray": _valid}
