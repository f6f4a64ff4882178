"""Write the list of names that pickles of known libraries look up: ``python -m tests.formats.generate_names``.

It fits every estimator of scikit-learn, makes the modules of PyTorch, wrappers of xgboost and lightgbm, frames and
arrays, pickles them as the registry does, reads the pickles with the stack machine and adds what they name to the list.
Names that were there stay: models of other versions of a library need them.
"""

import json
import os
import re
import sys
import tempfile
import warnings
from importlib import metadata
from pathlib import Path

from mlops_lite.formats.container import Writer
from mlops_lite.formats.trust import machine, names

TARGET = Path(names.__file__).with_name("known.json")

# never known, whatever a pickle of a library may need: they load code, open files, reach any attribute, or take the
# nodes of an index as raw memory
FORBIDDEN_MODULES = {
    "_loss",  # what scikit-learn 1.5 calls a module of its own: any file of that name could answer
    "_pickle", "asyncio", "cloudpickle", "code", "commands", "ctypes", "dill", "importlib", "io", "joblib", "marshal",
    "nt", "os", "pathlib", "pickle", "pip", "posix", "pty", "runpy", "shutil", "socket", "subprocess", "sys", "types",
}  # fmt: skip
FORBIDDEN = {
    "builtins.__import__", "builtins.compile", "builtins.delattr", "builtins.eval", "builtins.exec",
    "builtins.getattr", "builtins.globals", "builtins.input", "builtins.open", "builtins.setattr", "builtins.vars",
    "operator.attrgetter", "operator.methodcaller", "scipy.spatial._ckdtree.cKDTree", "scipy.spatial._kdtree.KDTree",
    "torch.load", "torch.storage._load_from_bytes",
}  # fmt: skip
LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "torch", "xgboost-cpu", "xgboost", "lightgbm")


def allowed(name):
    top = name.module.partition(".")[0]
    return top not in FORBIDDEN_MODULES and str(name) not in FORBIDDEN and "." not in name.name and top != "__main__"


def head_of(value):
    """Pickle a value as the registry does, and give the pickle without the bytes of arrays."""
    from mlops_lite.formats import pickle as pickles

    writer = Writer()
    facts = pickles.dump(value, writer)
    return bytes(writer.part(facts["head"]))


SCALARS = re.findall(
    r"\w+",
    """bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128 str_ bytes_
    datetime64 timedelta64 object_ ndarray""",
)
FUNCTIONS = re.findall(
    r"\w+",
    """abs add cbrt ceil clip cos exp exp2 expm1 floor log log10 log1p log2 max maximum mean median min minimum multiply
    nan_to_num nanmean nanmedian prod reciprocal rint sign sin sqrt square std subtract sum tan tanh var ravel
    asarray array zeros_like ones_like""",
)


def plain():
    import collections
    import datetime
    import decimal
    import fractions
    import uuid

    import numpy as np
    import pandas as pd

    yield collections.OrderedDict(a=1)
    yield collections.Counter("aab")
    yield collections.deque([1])
    yield collections.defaultdict(list, a=[1])
    yield {complex(1, 2), frozenset({3}), range(3)}, slice(1, 2)
    yield datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.date(2026, 1, 1), datetime.time(1)
    yield datetime.timedelta(1), decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5)
    for dtype in ("f2", "f4", "f8", "i1", "i8", "u1", "?", "c16", "U3", "S3", "M8[ns]", "m8[s]", "V5"):
        yield np.zeros(3, dtype), np.zeros(5000, dtype), np.zeros(1, dtype)[0], np.dtype(dtype)
    yield np.zeros(2, [("a", "i4"), ("b", "f8")]), np.zeros(2, [("a", "i4")]).view(np.recarray)
    yield np.array([1, None]), np.ma.masked_array([1.0, 2.0], [True, False]), np.ma.masked_array([None], [False])
    yield np.random.RandomState(0), np.random.default_rng(0), np.random.SeedSequence(1)
    yield {getattr(np, name) for name in SCALARS}, {getattr(np, name) for name in FUNCTIONS}
    for bits in (np.random.MT19937, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64):
        yield np.random.Generator(bits(1))
    frame = pd.DataFrame(
        {
            "i": [1, 2], "f": [1.5, None], "s": ["a", "b"], "b": [True, False], "c": pd.Categorical(["x", "y"]),
            "t": pd.to_datetime(["2026-01-01", "2026-01-02"]), "z": pd.to_datetime(["2026-01-01"] * 2, utc=True),
            "d": pd.to_timedelta([1, 2], unit="s"), "o": [1, "a"], "I": pd.array([1, None], "Int64"),
            "F": pd.array([1, None], "Float64"), "B": pd.array([True, None], "boolean"),
        }
    )  # fmt: skip
    yield frame, frame["i"], frame.set_index("s"), frame.set_index(["s", "i"]), frame.set_index("t"), frame.columns
    yield pd.Timestamp("2026-01-01", tz="UTC"), pd.Timedelta("1s"), pd.Interval(0, 1), pd.NA, pd.NaT
    yield frame.dtypes.to_dict(), pd.Index([1, 2]), pd.RangeIndex(3), pd.CategoricalIndex(["a"])


def scipy_values():
    import numpy as np
    import scipy.sparse as sparse

    dense = np.eye(4)
    for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        yield getattr(sparse, f"{kind}_matrix")(dense)
        yield getattr(sparse, f"{kind}_array")(dense)
    from scipy.interpolate import interp1d

    yield interp1d([0, 1], [0, 1])


def instances_of(cls):
    """Make estimators of a class in the library's own way, which has moved."""
    try:
        from sklearn.utils._test_common.instance_generator import _construct_instances
    except ImportError:  # before 1.6
        from sklearn.utils.estimator_checks import _construct_instance

        return [_construct_instance(cls)]
    return list(_construct_instances(cls))


def sklearn_values():
    """Every estimator that can be made and fitted on small data, fitted."""
    import numpy as np
    from sklearn.base import clone
    from sklearn.utils import all_estimators

    rng = np.random.default_rng(0)
    X = np.abs(rng.normal(size=(60, 4)))
    y = (X[:, 0] > np.median(X[:, 0])).astype(int)
    texts = ["one two three", "two three four", "five six", "one five"] * 15
    targets = [y, X[:, 0], np.c_[y, 1 - y], None]
    for _, cls in all_estimators():
        try:
            instances = instances_of(cls)
        except Exception:
            continue
        for estimator in instances[:3]:
            yield estimator
            for data in (X, X[:, 0], texts, [{"a": 1, "b": "x"}] * 60):
                fitted = False
                for target in targets:
                    try:
                        made = clone(estimator)
                        made.fit(data) if target is None else made.fit(data, target)
                        yield made
                        fitted = True
                        break
                    except Exception:
                        continue
                if fitted:
                    break
    yield from pipelines(X, y)


def pipelines(X, y):
    import numpy as np
    import pandas as pd
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_selection import SelectKBest, chi2, f_classif, mutual_info_classif
    from sklearn.gaussian_process import GaussianProcessClassifier, kernels
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, StratifiedKFold
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

    frame = pd.DataFrame(X, columns=list("abcd")).assign(city=["x", "y", "z"] * 20)
    columns = ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(), StandardScaler()), list("abcd")), ("c", OneHotEncoder(), ["city"])]
    )
    yield make_pipeline(columns, LogisticRegression()).fit(frame, y)
    chosen = ColumnTransformer([("o", OrdinalEncoder(), make_column_selector(pattern="city"))], remainder="passthrough")
    yield make_pipeline(chosen, HistGradientBoostingClassifier(max_iter=3)).fit(frame, y)
    for score in (chi2, f_classif, mutual_info_classif):
        yield make_pipeline(SelectKBest(score, k=2), RandomForestClassifier(3)).fit(X, y)
    for function in (np.log1p, np.abs, np.sqrt, np.exp):
        yield make_pipeline(FunctionTransformer(function), LogisticRegression()).fit(X, y)
    yield GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=StratifiedKFold(2)).fit(X, y)
    yield RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1]}, n_iter=2, cv=KFold(2)).fit(X, y)
    yield CalibratedClassifierCV(LogisticRegression(), cv=2, method="isotonic").fit(X, y)
    for loss in ("hinge", "log_loss", "modified_huber", "squared_error", "huber", "epsilon_insensitive", "perceptron"):
        yield SGDClassifier(loss=loss).fit(X, y)
    kernel = kernels.RBF() * kernels.ConstantKernel() + kernels.WhiteKernel() + kernels.Matern()
    yield GaussianProcessClassifier(kernel).fit(X, y)
    yield kernels.DotProduct() ** 2, kernels.ExpSineSquared(), kernels.RationalQuadratic(), kernels.PairwiseKernel()
    yield FeatureUnion([("a", StandardScaler())]).fit(X)
    from sklearn.utils import Bunch

    yield Bunch(a=1)


def torch_values():
    import torch

    for name in sorted(vars(torch)):
        if isinstance(getattr(torch, name), torch.dtype):
            yield getattr(torch, name)
    yield torch.zeros(3), torch.nn.Parameter(torch.zeros(2000)), torch.zeros(3, dtype=torch.bfloat16)
    yield [getattr(torch.nn.functional, name) for name in ("gelu", "silu", "leaky_relu", "elu", "softmax", "mish")]
    yield torch.device("cpu"), torch.Size([1, 2])
    made = {
        "Bilinear": (2, 2, 2), "Embedding": (3, 2), "EmbeddingBag": (3, 2), "Fold": (2, 2), "Unfold": (2,),
        "Unflatten": (1, (1, 2)), "Linear": (2, 2), "Threshold": (0.1, 20), "LocalResponseNorm": (2,),
        "GroupNorm": (1, 2), "LayerNorm": (2,), "RMSNorm": (2,), "PixelShuffle": (2,), "PixelUnshuffle": (2,),
        "MultiheadAttention": (4, 2), "TransformerEncoderLayer": (4, 2, 8), "TransformerDecoderLayer": (4, 2, 8),
        "Transformer": (4, 2, 1, 1, 8), "ChannelShuffle": (2,), "ConstantPad1d": (1, 0), "ConstantPad2d": (1, 0),
        "ConstantPad3d": (1, 0), "LPPool1d": (2, 2), "LPPool2d": (2, 2), "LPPool3d": (2, 2), "LSTM": (2, 2),
        "RNN": (2, 2), "GRU": (2, 2), "LSTMCell": (2, 2), "RNNCell": (2, 2), "GRUCell": (2, 2), "Identity": (),
        "FractionalMaxPool2d": (2, 1), "FractionalMaxPool3d": (2, 1), "AdaptiveLogSoftmaxWithLoss": (4, 5, [2]),
        "NLLLoss2d": (),
    }  # fmt: skip
    for name in sorted(dir(torch.nn)):
        cls = getattr(torch.nn, name)
        if not (isinstance(cls, type) and issubclass(cls, torch.nn.Module)) or name.startswith(("Lazy", "Container")):
            continue
        for arguments in (made.get(name), (), (2,), (2, 2), (2, 2, 1)):
            if arguments is None:
                continue
            try:
                yield cls(*arguments)
                break
            except Exception:
                continue
    layer = torch.nn.TransformerEncoderLayer(4, 2, 8)
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.ModuleList([torch.nn.Dropout()]))
    yield torch.nn.TransformerEncoder(layer, 1), torch.nn.ModuleDict({"a": net}), net, torch.nn.ParameterList()
    yield net.state_dict()
    for cls in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad):
        yield cls(net.parameters(), lr=0.1)


def xgboost_values():
    import numpy as np
    import xgboost

    X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 2
    yield xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, y), 2)
    for cls in (xgboost.XGBClassifier, xgboost.XGBRegressor, xgboost.XGBRFClassifier, xgboost.XGBRFRegressor):
        yield cls(n_estimators=2).fit(X, y)
    yield xgboost.XGBRanker(n_estimators=2).fit(X, y, qid=np.sort(np.arange(50) // 10))


def lightgbm_values():
    import lightgbm
    import numpy as np

    X, y = np.random.default_rng(0).normal(size=(50, 3)), np.arange(50) % 2
    yield lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, y), 2)
    for cls in (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor):
        yield cls(n_estimators=2, verbose=-1).fit(X, y)
    yield lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(X, y, group=[25, 25])


def values():
    yield from plain()
    for source in (scipy_values, sklearn_values, torch_values, xgboost_values, lightgbm_values):
        try:
            yield from source()
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)


def gather():
    called, made, mentioned, refused = set(), set(), set(), []
    for value in values():
        try:
            reading = machine.read(head_of(value))
        except Exception as error:
            refused.append(f"{type(value).__name__}: {error}"[:200])
            continue
        called |= {name for name in reading.called if allowed(name)}
        made |= {name for name in reading.made if allowed(name)}
        mentioned |= {name for name in reading.mentioned if allowed(name)}
    return {"called": called, "made": made - called, "mentioned": mentioned - called - made}, refused


def installed():
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = ".".join(re.split(r"[.+]", metadata.version(library))[:3])
        except metadata.PackageNotFoundError:
            continue
    return found


def merged(before, found):
    listed = {module: set(names) for module, names in before.items()}
    for name in found:
        listed.setdefault(name.module, set()).add(name.name)
    return {module: sorted(listed[module]) for module in sorted(listed)}


def without(listed, others):
    left = {module: sorted(set(found) - set(others.get(module, ()))) for module, found in listed.items()}
    return {module: found for module, found in left.items() if found}


def main():
    os.chdir(tempfile.mkdtemp())
    warnings.simplefilter("ignore")
    before = json.loads(TARGET.read_text("utf-8"))
    found, refused = gather()
    libraries = {name: set(versions) for name, versions in before["libraries"].items()}
    for name, version in installed().items():
        libraries.setdefault(name, set()).add(version)
    written = {how: merged(before.get(how, {}), listed) for how, listed in found.items()}
    for weaker, stronger in (("made", "called"), ("mentioned", "called"), ("mentioned", "made")):
        written[weaker] = without(written[weaker], written[stronger])
    written["libraries"] = {name: sorted(libraries[name]) for name in sorted(libraries)}
    TARGET.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n", "utf-8")
    print(*(f"{len(listed)} {how}" for how, listed in found.items()), f"refused: {len(refused)}", *refused, sep="\n  ")


if __name__ == "__main__":
    main()
