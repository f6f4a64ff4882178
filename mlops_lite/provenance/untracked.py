"""Functions without ``track_run``: whoever reproduces a run opens one himself."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

__all__ = ["untracked", "without_tracking"]


def untracked(function: Any) -> Callable[..., Any]:
    """Take ``track_run`` off, and what is around it; what is below belongs to the function."""
    layers = [getattr(function, "__func__", function)]
    while (inner := getattr(layers[-1], "__wrapped__", None)) is not None:
        layers.append(inner)
    tracked = [place for place, layer in enumerate(layers) if "last_run" in getattr(layer, "__dict__", {})]
    found: Callable[..., Any] = layers[tracked[-1] + 1] if tracked else layers[0]
    return found


def without_tracking(source: str) -> str:
    """Take the decorator ``track_run`` and those above it off: the run is opened by who reproduces it."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            places = [place for place, one in enumerate(node.decorator_list) if _last_name(one) == "track_run"]
            if places:
                node.decorator_list = node.decorator_list[places[0] + 1 :]
                return ast.unparse(tree)
    return source


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
