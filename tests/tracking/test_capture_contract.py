"""Every capture keeps the promises of one, those of other packages too."""

import pytest

from mlops_lite.testing import CaptureContract
from mlops_lite.tracking.capture import CAPTURES


@pytest.fixture(params=CAPTURES.names())
def plugin(request):
    return CAPTURES.load(request.param)


class TestCaptures(CaptureContract):
    pass


def test_there_is_one_for_every_fact_that_is_promised():
    assert {"arguments", "code", "environment", "git", "packages", "process", "seed"} <= set(CAPTURES.names())
