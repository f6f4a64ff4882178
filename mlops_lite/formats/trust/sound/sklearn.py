"""Trees and what is made of them, support vectors, the index of neighbours: what they point at, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["CHECKS"]

_LEAF = -1
_CATEGORIES = 256  # of a feature, in a set of bits
_KERNELS = ("linear", "poly", "rbf", "sigmoid")  # of libsvm


def _trees(found: list[Any]) -> bool:
    """Children come after their parent, each has one, none is deeper than is said, features are there."""
    import numpy as np

    if not all(0 < tree.node_count <= tree.capacity for tree in found):
        return False  # and its nodes may not even be shown
    nodes = [tree.__getstate__()["nodes"] for tree in found]
    counts = np.array([len(one) for one in nodes])
    starts = np.cumsum(counts) - counts
    of = np.repeat(np.arange(len(found)), counts)
    left, right, feature = (
        np.concatenate([one[name] for one in nodes]) for name in ("left_child", "right_child", "feature")
    )
    inner = np.flatnonzero(left != _LEAF)
    own, most = inner - starts[of[inner]], counts[of[inner]]
    features = np.array([tree.n_features for tree in found])[of[inner]]
    sound = (feature[inner] >= 0) & (feature[inner] < features)
    for child in (left[inner], right[inner]):
        sound &= (child > own) & (child < most)
    if not sound.all():
        return False
    shift = starts[of]
    children = np.concatenate([left[inner] + shift[inner], right[inner] + shift[inner]])
    if np.bincount(children, minlength=1).max() > 1:
        return False
    deepest, level, depth = np.array([tree.max_depth for tree in found]), starts, 0
    while len(level := level[left[level] != _LEAF]):
        depth += 1
        if (deepest[of[level]] < depth).any():
            return False
        level = np.concatenate([left[level] + shift[level], right[level] + shift[level]])
    return True


def _tree(found: list[Any]) -> bool:
    """Compare what inputs are asked to be wide with what the tree will read."""
    return all(one.tree_.n_features == one.n_features_in_ for one in found if hasattr(one, "tree_"))


def _members(ensemble: Any) -> Iterator[Any]:
    import numpy as np

    return iter(np.asarray(getattr(ensemble, "estimators_", []), dtype=object).ravel())


def _forests(found: list[Any]) -> bool:
    return all(tree.tree_.n_features == one.n_features_in_ for one in found for tree in _members(one))


def _boosted(found: list[Any]) -> bool:
    fitted = [one for one in found if hasattr(one, "estimators_")]
    return _forests(fitted) and all(one.estimators_.shape[1:] == (_per_stage(one),) for one in fitted)


def _per_stage(boosted: Any) -> int:
    """Tell how many scores it gives, for each of which a stage has a tree."""
    classes = len(getattr(boosted, "classes_", ()))
    return classes if classes > 2 else 1


def _isolating(found: list[Any]) -> bool:
    return all(
        tree.tree_.n_features == len(features) <= one.n_features_in_
        for one in found
        for tree, features in zip(_members(one), getattr(one, "estimators_features_", []), strict=True)
    )


def _histogram(found: list[Any]) -> bool:
    return all(
        _binned(one) and all(_predictor(tree, one) for stage in one._predictors for tree in stage)
        for one in found
        if hasattr(one, "_predictors")
    )


def _binned(boosted: Any) -> bool:
    bins, width = boosted._bin_mapper, boosted._n_features
    categorical = [values for values, is_one in zip(bins.bin_thresholds_, bins.is_categorical_, strict=True) if is_one]
    return width == boosted.n_features_in_ == len(bins.is_categorical_) and all(
        values.min(initial=0) >= 0 and values.max(initial=0) < _CATEGORIES for values in categorical
    )


def _predictor(tree: Any, boosted: Any) -> bool:
    import numpy as np

    nodes = tree.nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    held, categorical = nodes[inner], nodes[inner]["is_categorical"] != 0
    sound = (held["feature_idx"] >= 0) & (held["feature_idx"] < boosted._n_features)
    for child in (held["left"], held["right"]):
        sound &= (child > inner) & (child < len(nodes))
    if not len(nodes) or not sound.all():
        return False
    bitsets = tree.raw_left_cat_bitsets
    return bool(
        bitsets.shape[1:] == (_CATEGORIES // 32,)
        and (held["bitset_idx"][categorical] < len(bitsets)).all()
        and np.asarray(boosted._bin_mapper.is_categorical_)[held["feature_idx"][categorical]].all()
    )


def _machines(found: list[Any]) -> bool:
    return all(_machine(one) for one in found if hasattr(one, "support_"))


def _machine(svm: Any) -> bool:
    """All that libsvm reads is as long as numbers of classes and support vectors say."""
    classes, vectors = len(svm._n_support), len(svm.support_)
    pairs = classes * (classes - 1) // 2
    coefficients = svm._dual_coef_.data if svm._sparse else svm._dual_coef_
    rows = vectors if svm.kernel in _KERNELS else 0  # for others there are no rows
    return bool(
        classes >= 2
        and svm.support_.min(initial=0) >= 0
        and svm.support_.max(initial=0) < svm.shape_fit_[0]
        and svm.support_vectors_.shape[0] == rows
        and (coefficients.size if svm._sparse else coefficients.shape)
        == ((classes - 1) * vectors if svm._sparse else (classes - 1, vectors))
        and svm._intercept_.shape == (pairs,)
        and {svm._probA.size, svm._probB.size} in ({0}, {pairs})
        and (not svm._impl.endswith("svc") or (svm._n_support.min() >= 0 and svm._n_support.sum() == vectors))
    )


def _neighbours(found: list[Any]) -> bool:
    return all(_index(*one.__getstate__()) for one in found)


def _index(data: Any, order: Any, nodes: Any, bounds: Any, leaf_size: int, levels: int, count: int, *more: Any) -> bool:
    import numpy as np

    rows, width = data.shape
    weights = more[-1]
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    return bool(
        order.shape == (rows,)
        and order.min(initial=0) >= 0
        and order.max(initial=0) < rows
        and len(nodes) == count == 2**levels - 1
        and bounds.shape == (2, count, width)
        and (nodes["idx_start"] >= 0).all()
        and (nodes["idx_start"] <= nodes["idx_end"]).all()
        and (nodes["idx_end"] <= rows).all()
        and 2 * inner.max(initial=-1) + 2 < count
        and (weights is None or weights.shape == (rows,))
    )


CHECKS = {
    "sklearn.tree._tree.Tree": _trees,
    "sklearn.tree._classes.BaseDecisionTree": _tree,
    "sklearn.ensemble._forest.BaseForest": _forests,
    "sklearn.ensemble._gb.BaseGradientBoosting": _boosted,
    "sklearn.ensemble._iforest.IsolationForest": _isolating,
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": _histogram,
    "sklearn.svm._base.BaseLibSVM": _machines,
    "sklearn.neighbors._kd_tree.KDTree": _neighbours,
}
