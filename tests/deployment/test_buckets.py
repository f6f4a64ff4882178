"""A place in a bucket: the same promises, over real servers."""

import time

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite.deployment import Place
from tests.deployment.conftest import register


@pytest.fixture(params=["s3", "azure"])
def bucket(request):
    url, options = request.getfixturevalue(request.param)
    return lambda: ml.Store(url, trusted="code", **options)


def test_a_place_in_a_bucket_is_followed_logged_and_undone(bucket, open_handles):
    row = np.zeros((1, 3))
    store = bucket()
    register(store, 1, 2)
    ml.deploy("churn@1", to="prod", store=store)
    live = open_handles("prod", store=bucket(), poll_s=0.1, log={"flush_s": 3600})
    assert live.predict(row, request_id="a") == [1]
    ml.deploy("churn@2", to="prod", store=store)
    end = time.monotonic() + 20
    while live.predict(row)[0] != 2:
        assert time.monotonic() < end
        time.sleep(0.02)
    Place(store, "prod").rollback("an alarm")
    live.refresh()
    assert live.predict(row) == [1]
    live.label("a", 1)
    kept = live.predictions()
    assert kept["request_id"].tolist()[0] == "a"
    assert kept["label"].tolist()[0] == 1
    assert set(kept["model"]) == {"model/churn@1", "model/churn@2"}
    assert bucket().verify().ok
