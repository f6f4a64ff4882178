"""A ref is text with parts; what is no ref says how one is written."""

import copy
import pickle

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlops_lite.base import name as names
from mlops_lite.base.ref import KINDS, HasRef, Ref, check_label
from mlops_lite.errors import InvalidInputError, InvalidNameError
from tests.base.test_name import likely


@given(
    st.sampled_from(KINDS),
    likely,
    st.none() | st.integers(0, 10**12) | st.sampled_from(["champion", "latest", "fork:0a1b2c3d/4", "2026-11-01"]),
)
def test_a_ref_comes_back_from_its_text(kind, name, version):
    try:
        name = names.check(name)
    except InvalidNameError:
        assume(False)
    ref = Ref.of(kind, name, version)
    assert (ref.kind, ref.name, ref.version) == (kind, name, version)
    for again in (Ref(str(ref)), Ref.parse(ref), pickle.loads(pickle.dumps(ref)), copy.deepcopy(ref)):
        assert (again, again.kind, again.name, again.version) == (ref, kind, name, version)


def test_the_kind_may_be_left_out_where_it_is_known():
    assert Ref.parse("churn@2", kind="model") == "model/churn@2"
    assert Ref.parse("team/churn@champion", kind="model").version == "champion"
    assert Ref.parse("model/churn", kind="model").name == "churn"


def test_one_number_has_one_text():
    assert Ref("dataset/x@003") == Ref("dataset/x@3") == Ref("dataset/x").at(3)


def test_a_value_with_a_ref_stands_for_it():
    @attrs.frozen
    class Snapshot:
        ref: Ref

    value = Snapshot(Ref("dataset/x@3"))
    assert isinstance(value, HasRef)
    assert Ref.parse(value) == Ref.parse(value, kind="dataset") == "dataset/x@3"


@pytest.mark.parametrize("text", ["flights@3", "", "/", "dataset/", "datasett/x@1", 3, None])
def test_what_is_no_ref_says_how_one_is_written(text):
    with pytest.raises(InvalidInputError, match="kind/name@version"):
        Ref.parse(text)


def test_a_slip_is_pointed_out():
    with pytest.raises(InvalidInputError, match="Did you mean 'dataset'"):
        Ref("datset/x@1")
    with pytest.raises(InvalidInputError, match=r"has an '@' and no version\. Write 'dataset/x@3'"):
        Ref("dataset/x@")
    with pytest.raises(InvalidInputError, match="names a dataset; here a model is expected"):
        Ref.parse("dataset/x@1", kind="model")
    with pytest.raises(InvalidNameError):
        Ref("dataset/../x@1")


@pytest.mark.parametrize("label", ["golden", "champion", "a-b", "Prüfung"])
def test_good_labels(label):
    assert check_label(label) == label


@pytest.mark.parametrize("label", ["latest", "3", "3rd", "-1", "+1", "2026-01-01", "fork:x", "", None, "a@b"])
def test_a_label_never_reads_as_a_version_or_a_time(label):
    with pytest.raises(InvalidNameError):
        check_label(label)
