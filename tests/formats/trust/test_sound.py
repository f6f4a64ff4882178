"""Numbers that compiled code would follow out of its arrays are found before anybody predicts with them."""

import pickle
import warnings

import numpy as np
import pytest

from mlops_lite import formats
from mlops_lite.errors import DamagedError, UntrustedError
from mlops_lite.formats.trust import sound
from tests.formats.generate_names import pipelines
from tests.formats.test_formats import put

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4))
Y = (X[:, 0] > 0).astype(int)


def refused(store, value):
    """Store a value, and see it refused below "code" and given out at "code"."""
    stored = put(store, value)
    assert stored.level == "known", stored.reason
    with pytest.raises(DamagedError, match="point outside of it"):
        formats.load(stored, store, trusted="known")
    with pytest.raises(DamagedError, match="point outside of it"):
        formats.load(stored, store, trusted=["further.module.Name"])
    assert type(formats.load(stored, store, trusted="code")) is type(value)


def is_sound(value):
    return all(sound._is_sound(name, found) for name, found in sound._gather(value).items())


def tree(**wild):
    """Grow a tree and change its nodes: name of a field -> (number of the node, value)."""
    from sklearn.tree import DecisionTreeClassifier

    fitted = DecisionTreeClassifier(random_state=0).fit(X, RNG.permutation(Y))
    state = fitted.tree_.__getstate__()
    for field, (node, value) in wild.items():
        state["nodes"][field][node] = value
    fitted.tree_.__setstate__(state)
    return fitted


WILD_NODES = [
    ("left_child", 0, 10**9), ("right_child", 0, 10**9), ("left_child", 0, -2), ("right_child", 0, -1),
    ("left_child", 1, 0), ("right_child", 0, 1), ("feature", 0, 10**9), ("feature", 0, -3), ("feature", 0, 4),
]  # fmt: skip


@pytest.mark.parametrize(("field", "node", "value"), WILD_NODES)
def test_a_tree_that_points_outside_of_itself_is_refused(store, field, node, value):
    pytest.importorskip("sklearn")
    refused(store, tree(**{field: (node, value)}))


@pytest.mark.parametrize("changed", [{"node_count": -1}, {"node_count": 0}, {"max_depth": 0}], ids=repr)
def test_a_tree_that_says_less_or_more_than_it_holds_is_refused(store, changed):
    pytest.importorskip("sklearn")
    from sklearn.tree._tree import Tree

    from mlops_lite.formats.trust.sound import sklearn as checks

    honest = tree().tree_
    made = Tree(4, np.array([2]), 1)
    made.__setstate__({**honest.__getstate__(), **changed})
    assert checks._trees([honest])
    assert not checks._trees([honest, made])


class Made:
    """Pickles as a call."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("outputs", [2, 10**9])
def test_a_tree_that_would_read_more_numbers_of_classes_than_there_are_is_not_even_made(store, outputs):
    pytest.importorskip("sklearn")
    from sklearn.tree._tree import Tree

    stored = put(store, {"t": Made(Tree, (4, np.array([2]), outputs))})
    with pytest.raises(UntrustedError, match=r"sklearn\.tree\._tree\.Tree"):
        formats.load(stored, store, trusted="known")


def narrowed(fitted):
    """Say that inputs have one column, where the trees read four."""
    fitted.n_features_in_ = 1
    return fitted


def test_a_tree_that_is_wider_than_its_inputs_are_said_to_be_is_refused(store):
    pytest.importorskip("sklearn")
    from sklearn.ensemble import (
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        IsolationForest,
        RandomForestClassifier,
    )

    refused(store, narrowed(tree()))
    for kind in (RandomForestClassifier, ExtraTreesRegressor, GradientBoostingClassifier, IsolationForest):
        refused(store, narrowed(kind(n_estimators=2).fit(X, Y)))
    refused(store, narrowed(HistGradientBoostingClassifier(max_iter=2).fit(X, Y)))


def test_a_forest_with_one_wild_tree_deep_inside_a_pipeline_is_refused(store):
    pytest.importorskip("sklearn")
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for kind in (RandomForestClassifier, GradientBoostingClassifier):
        fitted = kind(n_estimators=3).fit(X, Y)
        inner = np.asarray(fitted.estimators_, dtype=object).ravel()[1].tree_
        state = inner.__getstate__()
        state["nodes"]["right_child"][0] = 10**6
        inner.__setstate__(state)
        refused(store, {"steps": [make_pipeline(StandardScaler(), fitted)]})


def test_boosting_with_more_trees_in_a_stage_than_scores_is_refused(store):
    pytest.importorskip("sklearn")
    from sklearn.ensemble import GradientBoostingClassifier

    fitted = GradientBoostingClassifier(n_estimators=3).fit(X, Y)
    fitted.estimators_ = np.repeat(fitted.estimators_, 4, axis=1)
    refused(store, fitted)


@pytest.mark.parametrize(
    ("field", "value"), [("left", 10**6), ("right", 0), ("feature_idx", 400), ("feature_idx", -1), ("bitset_idx", 99)]
)
def test_boosting_on_histograms_that_points_outside_its_nodes_is_refused(field, value):
    pytest.importorskip("sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier

    levels = np.column_stack([X[:, 1:], (X[:, 0] * 2).astype(int) + 9])
    fitted = HistGradientBoostingClassifier(max_iter=2, categorical_features=[3]).fit(levels, Y)
    assert is_sound(fitted)
    nodes = fitted._predictors[0][0].nodes
    assert nodes["is_categorical"][0]
    nodes[field][0] = value
    assert not is_sound(fitted)


def test_boosting_on_histograms_with_categories_beyond_their_bits_is_refused():
    pytest.importorskip("sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier

    levels = np.column_stack([X[:, 1:], (X[:, 0] * 2).astype(int) + 9])
    fitted = HistGradientBoostingClassifier(max_iter=2, categorical_features=[3]).fit(levels, Y)
    place = next(i for i, found in enumerate(fitted._bin_mapper.is_categorical_) if found)
    fitted._bin_mapper.bin_thresholds_[place][-1] = 1e6
    assert not is_sound(fitted)


@pytest.mark.parametrize("kind", ["SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"])
@pytest.mark.parametrize("kernel", ["rbf", "precomputed"])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_support_vector_machine_with_fewer_numbers_than_it_reads_is_refused(kind, kernel, is_sparse):
    pytest.importorskip("sklearn")
    import scipy.sparse
    from sklearn import svm

    if is_sparse and kernel == "precomputed":
        pytest.skip("not for sparse inputs")

    given = X @ X.T if kernel == "precomputed" else scipy.sparse.csr_matrix(X) if is_sparse else X
    classes = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.3)
    fitted = getattr(svm, kind)(kernel=kernel).fit(given, classes)
    assert is_sound(fitted)
    wild = {"support_": fitted.support_ + 10**6, "_n_support": np.repeat(fitted._n_support, 9)}
    wild |= {"_dual_coef_": fitted._dual_coef_[:, :1], "_intercept_": np.array([])}
    for name, value in wild.items():
        before = getattr(fitted, name)
        setattr(fitted, name, value)
        assert not is_sound(fitted), name
        setattr(fitted, name, before)


def neighbours(**wild):
    from sklearn.neighbors import KDTree

    index = KDTree(X, leaf_size=20)
    state = list(index.__getstate__())
    places = {"order": 1, "nodes": 2, "levels": 5}
    for name, change in wild.items():
        state[places[name]] = change(state[places[name]])
    return Made(index.__reduce__()[0], index.__reduce__()[1], tuple(state))


def wilder(array, where, value):
    array = np.array(array)
    array[where] = value
    return array


@pytest.mark.parametrize(
    "wild",
    [
        {"order": lambda order: wilder(order, 0, 10**9)},
        {"order": lambda order: order[:-5].copy()},
        {"levels": lambda levels: levels + 3},
        {"nodes": lambda nodes: nodes[:3].copy()},
        {"nodes": lambda nodes: wilder(nodes, 0, (0, 10**9, 0, 1.0))},
        {"nodes": lambda nodes: wilder(nodes, -1, (0, 1, 0, 1.0))},
    ],
)
def test_an_index_of_neighbours_that_points_outside_of_itself_is_refused(store, wild):
    pytest.importorskip("sklearn")
    stored = put(store, {"index": neighbours(**wild)})
    assert stored.level == "known", stored.reason
    with pytest.raises(DamagedError, match="KDTree"):
        formats.load(stored, store, trusted="known")
    formats.load(put(store, {"index": neighbours()}), store, trusted="known")


def sparse(kind):
    import scipy.sparse as sp

    return getattr(sp, kind)(np.eye(5))


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "bsr_matrix", "csr_array", "csc_array"])
@pytest.mark.parametrize("field", ["indices", "indptr"])
def test_a_sparse_matrix_with_wild_indices_is_refused(store, kind, field):
    pytest.importorskip("scipy")
    matrix = sparse(kind)
    getattr(matrix, field)[-1] = 10**6
    refused(store, matrix)


def test_a_sparse_matrix_of_coordinates_diagonals_or_lists_with_wild_places_is_refused(store):
    pytest.importorskip("scipy")
    coordinates, diagonals, lists = sparse("coo_matrix"), sparse("dia_matrix"), sparse("lil_matrix")
    coordinates.row[0] = 10**6
    diagonals.offsets = np.zeros(9, diagonals.offsets.dtype)
    lists.rows[0] = [10**6]
    for matrix in (coordinates, diagonals, lists):
        refused(store, matrix)


def test_a_spline_with_fewer_coefficients_than_knots_need_is_refused(store):
    pytest.importorskip("scipy")
    from scipy.interpolate import BSpline

    spline = BSpline(np.arange(10.0), np.ones(6), 3)
    formats.load(put(store, spline), store, trusted="known")
    spline.c = np.ones(2)
    refused(store, spline)


@pytest.mark.parametrize(("kind", "field", "most"), [("MT19937", "pos", 625), ("Philox", "buffer_pos", 5)])
def test_a_generator_of_random_numbers_beyond_its_numbers_is_refused(store, kind, field, most):
    generator = getattr(np.random, kind)(0)
    state = generator.state
    (state["state"] if field in state["state"] else state)[field] = most
    generator.state = state
    refused(store, {"rng": np.random.Generator(generator), "many": slice(1)})


def test_a_frame_with_wild_codes_or_places_is_refused(store):
    import pandas as pd
    from pandas._libs.internals import BlockPlacement

    frame = pd.DataFrame({"a": [1.0, 2.0], "c": pd.Categorical(["x", "y"])})
    wild = pd.Categorical(["x", "y"])
    wild._ndarray[0] = 100
    refused(store, {"c": pd.Series(wild), "s": slice(1)})
    frame._mgr.blocks[0].mgr_locs = BlockPlacement(np.array([10**6]))
    assert not sound._is_sound("pandas.core.internals.managers.BlockManager", [frame._mgr])


def test_an_array_of_arrow_with_offsets_outside_its_texts_is_refused(store):
    pyarrow = pytest.importorskip("pyarrow")
    offsets = pyarrow.py_buffer(np.array([0, 10**6, 2], np.int32))
    wild = pyarrow.StringArray.from_buffers(2, offsets, pyarrow.py_buffer(b"ab"))
    assert sound._is_sound("pyarrow.lib.Array", [pyarrow.array(["ab"])])
    assert not sound._is_sound("pyarrow.lib.Array", [wild])


def test_what_libraries_write_is_sound():
    """Every estimator and value of which the list of names is made."""
    pytest.importorskip("sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for value in pipelines(np.abs(X[:60]), Y[:60]):
            sound.check(value, {"sklearn"}, "it")


def test_objects_inside_arrays_are_looked_at(store):
    matrix = sparse("csr_matrix")
    matrix.indices[0] = 10**6
    with pytest.raises(DamagedError, match="csr"):
        sound.check({"a": [np.array([None, matrix], dtype=object)]}, {"scipy"}, "it")


def test_a_value_that_holds_itself_is_walked_over_once():
    held = [slice(1)]
    held.append(held)
    assert sound.check(held, {"numpy"}, "it") is held


def edges():
    """Values at the edge of what libraries write."""
    import pandas as pd
    import scipy.interpolate
    import scipy.sparse
    from sklearn import ensemble, neighbors
    from sklearn import tree as trees

    holes = X.copy()
    holes[::7, 2] = np.nan
    yield trees.DecisionTreeClassifier(ccp_alpha=0.01).fit(X, Y)
    yield trees.DecisionTreeRegressor(max_leaf_nodes=8).fit(holes, Y)
    yield trees.DecisionTreeClassifier().fit(X, np.zeros(200))
    yield ensemble.RandomForestRegressor(3, max_depth=2).fit(X, np.column_stack([Y, Y]))
    yield ensemble.IsolationForest(n_estimators=3, max_features=0.5).fit(X)
    yield ensemble.RandomTreesEmbedding(3).fit(X)
    yield ensemble.GradientBoostingClassifier(n_estimators=3, init="zero").fit(X, Y + (X[:, 1] > 1))
    yield ensemble.GradientBoostingRegressor(n_estimators=3, loss="quantile").fit(X, Y)
    yield ensemble.HistGradientBoostingRegressor(max_iter=3).fit(np.zeros((200, 2)), Y)
    yield ensemble.HistGradientBoostingClassifier(max_iter=3).fit(holes, Y + (X[:, 1] > 1))
    yield neighbors.KDTree(X[:1])
    yield neighbors.KernelDensity().fit(X, sample_weight=np.ones(200))
    yield from (scipy.sparse.csr_matrix((0, 0)), scipy.sparse.coo_matrix((3, 3)), scipy.sparse.lil_matrix((2, 2)))
    yield scipy.interpolate.make_interp_spline(np.arange(9.0), RNG.random((9, 2)))
    yield from (pd.DataFrame(), pd.DataFrame(index=[1, 2]), pd.Series([], dtype=float))
    yield pd.DataFrame({"c": pd.Categorical(["x", None]), "s": ["a", None], "b": [True, False]})
    yield from (np.random.RandomState(0), np.random.Generator(np.random.Philox(1)))


def test_what_libraries_write_at_the_edge_is_sound():
    pytest.importorskip("sklearn")
    for value in edges():
        assert is_sound(pickle.loads(pickle.dumps(value))), value
