"""Tensors: ties, views, types and classes stay; nothing of PyTorch's own loader is used."""

import re

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from mlops_lite import formats  # noqa: E402
from mlops_lite.errors import DamagedError  # noqa: E402
from tests.formats.test_formats import put  # noqa: E402


@pytest.fixture(params=["tree", "pickle"])
def through(request, store):
    """Store and open, as a tree and inside an object."""

    def go(value, **how):
        if request.param == "tree":
            stored = put(store, value)
            assert stored.format == "tree"
            return formats.load(stored, store, trusted="arrays", **how)
        return formats.load(put(store, [value, slice(1)]), store, trusted="known", **how)[0]

    return go


WHOLE_BYTES = sorted(
    {
        str(one).removeprefix("torch.")
        for one in vars(torch).values()
        if isinstance(one, torch.dtype)
        and re.fullmatch(r"torch\.(u?int(8|16|32|64)|b?float.*|complex.*|bool)", str(one))
    }
    - {"float4_e2m1fn_x2"}  # two numbers share a byte
)


@pytest.mark.parametrize("name", WHOLE_BYTES)
@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental:UserWarning")
def test_every_type_keeps_its_bits(name, through):
    dtype = getattr(torch, name)
    raw = torch.arange(4096, dtype=torch.uint8)
    value = torch.empty(0, dtype=dtype).set_(raw.untyped_storage(), 0, (256,), (1,))
    found = through(value)
    assert found.dtype == dtype
    assert bytes(found.untyped_storage()) == bytes(raw.untyped_storage())


def test_ties_and_views_stay(through):
    base = torch.arange(500_000.0)
    found = through({"a": base, "b": base[10:20], "t": base.reshape(1000, 500).T})
    found["a"][12] = -1
    assert found["b"][2] == -1
    assert found["t"].stride() == (1, 500)


def test_tied_parameters_of_a_module_stay_one(store):
    class_free = torch.nn.Sequential(torch.nn.Linear(600, 600), torch.nn.Linear(600, 600))
    class_free[1].weight = class_free[0].weight
    found = formats.load(put(store, class_free), store, trusted="known")
    assert found[0].weight is found[1].weight
    assert torch.equal(found(torch.ones(1, 600)), class_free(torch.ones(1, 600)))


def test_training_goes_on_after_loading(store):
    """An in-place step writes into private pages; with read-only ones it would kill the process."""
    stored = put(store, torch.nn.Linear(600, 600))
    for how in ({}, {"readonly": True}, {"copy": True}):
        found = formats.load(stored, store, trusted="known", **how)
        optimiser = torch.optim.SGD(found.parameters(), lr=0.1)
        found(torch.ones(1, 600)).sum().backward()
        optimiser.step()
    assert formats.load(stored, store, trusted="known", verify="always")


def test_a_state_dict_needs_no_more_than_arrays(store):
    net = torch.nn.Sequential(torch.nn.Linear(600, 600), torch.nn.BatchNorm1d(600))
    stored = put(store, net.state_dict())
    assert stored.level == "arrays"
    found = formats.load(stored, store, trusted="arrays")
    assert found._metadata == net.state_dict()._metadata
    net.load_state_dict(found)


def test_parameters_and_gradients_are_told_apart(through):
    parameter = torch.nn.Parameter(torch.zeros(3), requires_grad=False)
    wanted = torch.zeros(3, requires_grad=True)
    found = through({"p": parameter, "w": wanted})
    assert isinstance(found["p"], torch.nn.Parameter)
    assert not found["p"].requires_grad
    assert found["w"].requires_grad


def test_a_tensor_that_is_no_leaf_is_stored_by_value(through):
    found = through({"x": torch.zeros(3, requires_grad=True) * 2})
    assert found["x"].tolist() == [0, 0, 0]


def test_an_empty_tensor(through):
    assert through({"x": torch.zeros((0, 3))})["x"].shape == (0, 3)


def test_sparse_tensors_are_left_to_torch(store):
    sparse = torch.eye(3).to_sparse()
    found = formats.load(put(store, sparse), store, trusted="code")
    assert torch.equal(found.to_dense(), torch.eye(3))


@pytest.mark.parametrize(
    "described",
    [
        ("float32", [10], [1], 0),
        ("float32", [2], [5], 0),
        ("float32", [2], [-1], 1),
        ("float32", [2], [1], 3),
        ("float32", [-1], [1], 0),
        ("load", [1], [1], 0),
        ("float32", [1 << 62, 4], [1, 1], 0),
    ],
)
def test_a_tensor_may_not_reach_outside_its_storage(described):
    from mlops_lite.formats import torch as ours

    storage = ours.storage(bytearray(16))
    with pytest.raises(DamagedError):
        ours.tensor(storage, *described, False)
