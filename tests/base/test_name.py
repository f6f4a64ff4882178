"""Any text that is a name has one place on any disk; the rest is refused with a reason."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlops_lite.base import name as names
from mlops_lite.errors import InvalidNameError

parts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="@\\/"), min_size=1)
likely = st.lists(parts, min_size=1, max_size=3).map("/".join)


def accepted(text):
    try:
        return names.check(text)
    except InvalidNameError:
        return None


@given(likely)
def test_a_name_comes_back_from_its_place(text):
    name = accepted(text)
    assume(name is not None)
    assert names.decode(names.encode(name)) == name == unicodedata.normalize("NFC", text)


@given(likely)
def test_a_place_is_one_plain_component_on_every_disk(text):
    name = accepted(text)
    assume(name is not None)
    place = names.encode(name)
    assert set(place) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-=")
    assert place[0] != "." and place[-1] != "." and len(place) <= 240


@given(likely, likely | st.sampled_from(["Churn", "churn", "CHURN"]))
def test_two_names_have_two_places_also_where_case_is_folded(one, other):
    one, other = accepted(one), accepted(other)
    assume(one is not None and other is not None and one != other)
    assert names.encode(one).casefold() != names.encode(other).casefold()


@pytest.mark.parametrize("name", ["con", "nul.txt", "lpt9", "aux", "com1.tar.gz"])
def test_no_place_is_a_device_of_windows(name):
    assert names.check(name) == name and names.encode(name)[0] == "="


@pytest.mark.parametrize(
    "name",
    [
        "churn",
        "Churn",
        "team/churn",
        "a b",
        "v1.2",
        "日本語",
        "naïve",
        "-x",
        "con1",
        "console",
        "con",
        "NUL",
        "team/aux.txt",
    ],
)
def test_good_names(name):
    assert names.check(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        (" x", "begins or ends with a space"),
        ("../x", "'..' leads elsewhere"),
        ("a/./b", "'.' leads elsewhere"),
        ("/x", "a part between '/' is empty"),
        ("a//b", "a part between '/' is empty"),
        ("a@b", "'@' separates"),
        ("a\\b", "backslash"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("a\u202eb", "control character"),
        ("a\ud800", "control character"),
        ("x" * 10_000, "10000 bytes on disk and 240 is the most"),
        ("Ü" * 41, "246 bytes on disk"),
        (3, "it is a int, not text"),
        (None, "it is a NoneType, not text"),
    ],
)
def test_bad_names_say_why(name, reason):
    with pytest.raises(InvalidNameError, match="Choose letters") as caught:
        names.check(name, "model")
    assert reason in str(caught.value) and "cannot name a model" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_one_name_in_two_normal_forms_is_one_name():
    assert names.check("u\u0308") == names.check("\u00fc") == "ü"
