"""Manifests say in which format they are."""

import pytest

import mlops_lite as ml
from mlops_lite import errors
from mlops_lite.data import manifest
from tests.data.tables import orders


def test_a_manifest_of_a_newer_format_is_refused(store, monkeypatch):
    dataset = ml.Dataset("orders", store=store)
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "FORMAT", manifest.FORMAT + 1)
        dataset.snapshot(orders(10))

    with pytest.raises(errors.NewerFormatError, match="pip install --upgrade"):
        dataset.load()
