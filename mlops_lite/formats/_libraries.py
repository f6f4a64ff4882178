"""Which package a module belongs to, and in which version it is installed."""

from __future__ import annotations

import contextlib
import functools
import sys
from importlib import metadata

__all__ = ["distribution", "installed", "is_foreign", "version"]

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_VARIANTS = ("", "-cpu", "-gpu", "-headless")  # builds of one package that are installed under names of their own


@functools.cache
def distribution(module: str) -> str:
    """Name the package that a module comes from; the module itself where nobody says.

    Parameters
    ----------
    module : str
        A top-level module.

    Returns
    -------
    str

    Examples
    --------
    >>> distribution("sklearn"), distribution("numpy")
    ('scikit-learn', 'numpy')
    """
    if module in _DISTRIBUTIONS or installed(module) is not None:
        return _DISTRIBUTIONS.get(module, module)
    listed = metadata.packages_distributions().get(module)  # reads the file lists of all packages: asked last
    return listed[0] if listed else module


def version(module: str) -> str | None:
    """Tell the version of the package that a module comes from; None where it is not installed."""
    return installed(distribution(module))


def is_foreign(module: str) -> bool:
    """Tell whether a top-level module comes neither with Python nor with us."""
    return module not in sys.stdlib_module_names and module not in ("__main__", "mlops_lite", "cloudpickle")


@functools.cache
def installed(name: str) -> str | None:
    """Tell the version of a package, or of a build of it under another name; None where it is not installed."""
    for variant in _VARIANTS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name + variant).partition("+")[0]  # +cpu is no other version
    return None
