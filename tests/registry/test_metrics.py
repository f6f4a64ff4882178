"""The metrics of a version are numbers, and the ones that were given."""

import math

import numpy as np
import pytest

import mlops_lite as ml
from mlops_lite import errors


@pytest.fixture
def registry(tmp_path):
    return ml.Registry(store=ml.Store(tmp_path / "store"))


def _scalars():
    yield from (0.91, np.float32(0.91), np.float64(0.91), np.array(0.91))
    try:
        import torch
    except ImportError:
        return
    yield torch.tensor(0.91)


@pytest.mark.parametrize("value", [*_scalars()], ids=lambda value: type(value).__module__ + "." + type(value).__name__)
def test_a_number_of_any_library_is_kept_as_it_is(registry, value):
    assert registry.register("m", {"w": 1}, metrics={"auc": value}).metrics["auc"] == pytest.approx(0.91)


@pytest.mark.parametrize("value", [3, np.int8(3), np.array(3)])
def test_a_whole_number_stays_whole(registry, value):
    found = registry.register("m", {"w": 1}, metrics={"n": value}).metrics["n"]
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize("metrics", [{"auc": "x"}, {"auc": None}, {"auc": True}, {3: 1.0}, "auc", [0.9]], ids=repr)
def test_what_is_no_number_is_refused_before_anything_is_written(registry, metrics):
    with pytest.raises(errors.InvalidTypeError):
        registry.register("m", {"w": 1}, metrics=metrics)
    assert registry.models() == []


def test_a_run_that_diverged_can_register_its_model(registry):
    with ml.start_run(store=registry.store):
        ml.log(loss=math.nan)
        version = registry.register("m", {"w": 1})
    assert math.isnan(version.metrics["loss"])


def test_version_zero_is_none(registry):
    registry.register("m", {"w": 1})
    with pytest.raises(errors.NotFoundError, match="has no version 0"):
        registry.get("m@0")


def test_trust_is_a_level_or_a_list_of_names(registry):
    version = registry.register("m", {"w": 1})
    with pytest.raises(errors.InvalidInputError, match="3 is no level of trust"):
        version.load(trusted=3)


def test_more_metrics_and_tags_than_a_record_holds_stand_beside_it(registry):
    metrics = {f"metric {number}": number / 7 for number in range(5_000)}
    tags = {f"tag {number}": "x" * 50 for number in range(3_000)}
    version = registry.register("m", {"w": 1}, metrics=metrics, tags=tags)
    found = registry.get("m@1")
    assert (found.metrics, found.tags) == (metrics, tags)
    registry.tag(version, more="y")
    assert registry.get("m@1").tags == {**tags, "more": "y"}
    assert len(registry.versions("m").to_frame()) == 1


def test_the_metrics_of_a_run_that_measured_much_come_along(registry):
    metrics = {f"metric {number}": float(number) for number in range(5_000)}
    with ml.start_run(store=registry.store) as run:
        ml.log(metrics)
        version = registry.register("m", {"w": 1})
    assert registry.get(version.ref).metrics == metrics
    assert run.metrics == metrics


def test_how_to_verify_is_said_in_known_words(registry):
    version = registry.register("m", {"w": 1})
    with pytest.raises(errors.InvalidInputError, match="verify='sometimes' is none of 'once', 'always', 'never'"):
        version.load(verify="sometimes")
