"""A record comes back as it was, from the future too; what is none is said."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_lite.base import canonical
from mlops_lite.base.digest import sha256
from mlops_lite.base.record import MOST_BYTES, Parent, Record
from mlops_lite.base.seal import sealed
from mlops_lite.errors import DamagedError, InvalidInputError, NewerFormatError
from tests.base.test_canonical import scalars

TIME = datetime(2026, 11, 1, 9, tzinfo=UTC)
texts = st.text(max_size=12)
digests = st.binary(max_size=4).map(sha256)
records = st.builds(
    Record,
    kind=st.sampled_from(["dataset", "model", "model-label"]),
    name=st.sampled_from(["flights", "team/Churn"]),
    number=st.integers(1, 10**12 - 1),
    action=texts,
    time=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)),
    author=texts,
    txn=texts,
    host=texts,
    body=st.dictionaries(texts, scalars.filter(lambda value: value == value), max_size=4),
    message=st.none() | texts,
    parents=st.lists(st.builds(Parent, ref=texts, record=texts, store=texts), max_size=3).map(tuple),
    objects=st.lists(digests, max_size=3).map(tuple),
    inventory=st.none() | digests,
    previous=st.none() | digests,
    clock=st.none() | st.just(TIME),
    format=st.integers(0, 1),
)
fields = {field.name for field in attrs.fields(Record)}
unknown = st.dictionaries(st.text(min_size=1, max_size=8).filter(lambda key: key not in fields), scalars, max_size=3)


@given(records)
def test_a_record_comes_back_with_the_digest_of_its_bytes(record):
    data = record.encode()
    again = Record.decode(data)
    assert again == record
    assert again.digest == sha256(data)


@given(records, unknown)
def test_what_a_newer_minor_version_adds_survives(record, more):
    plain = canonical.decode(record.encode()) | more
    del plain["~crc32"]
    data = sealed(canonical.encode(plain))
    assert Record.decode(data).encode() == data


def make(**changes):
    known = {"kind": "dataset", "name": "flights", "number": 3, "action": "snapshot", "time": TIME}
    return Record(**{**known, "author": "ann", "txn": "T", **changes})


def test_a_record_knows_its_ref():
    assert make().ref == "dataset/flights@3"
    assert make(kind="dataset-label").ref == "dataset-label/flights@3"


def test_a_long_record_is_refused_with_the_way_out():
    make(body={"text": "x" * (MOST_BYTES - 400)}).encode()
    with pytest.raises(InvalidInputError, match=r"takes 65,\d+ bytes; 65,536 is the most. Put long parts into objects"):
        make(body={"text": "x" * MOST_BYTES}).encode()


def test_a_newer_format_is_refused_politely():
    with pytest.raises(NewerFormatError, match=r"at here has format 2.*pip install --upgrade mlops_lite"):
        Record.decode(b'{"format":2,"whatever":1}', "here")


def test_a_cut_record_is_damage():
    data = make().encode()
    for cut in range(len(data)):
        with pytest.raises(DamagedError):
            Record.decode(data[:cut])


def test_every_flipped_bit_is_found_though_nothing_follows_the_record():
    data = make(body={"rows": 3, "name": "flights"}).encode()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DamagedError, NewerFormatError)):
            Record.decode(bytes(changed))


@pytest.mark.parametrize("data", [b"[]", b"3", b"{}", b'{"kind":"dataset"}', sealed(b'{"kind":"dataset"}')])
def test_what_is_no_record_is_damage(data):
    with pytest.raises(DamagedError, match=r"no JSON object|This is no Record|checksum does not fit"):
        Record.decode(data)


def test_a_record_says_in_one_line_what_happened():
    moment = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    record = Record("model-label", "churn", 3, "label", moment, "ada", "01X", body={"map": {"champion": [2, 3]}})
    assert repr(record) == "<Record model-label/churn@3: label, ada, 2026-11-01 09:30:00 UTC>"
