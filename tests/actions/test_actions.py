"""What monitors do: roll back, train again, tell."""

import http.server
import json
import threading

import numpy as np
import pandas as pd
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidInputError


class Model:
    """Says what it was told to."""

    def __init__(self, value):
        self.value = value

    def predict(self, X):
        return np.full(len(X), self.value)


def frame(mean, seed=0):
    return pd.DataFrame({"x": np.random.default_rng(seed).normal(mean, 1, 500)})


@pytest.fixture
def prod(tmp_path):
    ml.use(tmp_path / "store")
    registry = ml.Registry()
    for value in (1, 2):
        registry.register("m", Model(value))
        ml.deploy(f"m@{value}", to="prod")
    return ml.Deployment("prod")


def outcomes():
    store = ml.Monitor("m").store
    return [record.body for record in store.log("monitor", "m").history() if record.action == "outcome"]


def test_rollback(prod):
    monitor = ml.Monitor("m", reference=frame(0), model="deployment/prod")
    monitor.on_alert(ml.actions.rollback("prod"))
    report = monitor.check(frame(3, 1))
    assert report.model == "model/m@2"
    assert str(prod.refresh().model.ref) == "model/m@1"
    assert outcomes()[0]["status"] == "done"
    assert str(report.ref) in prod.history()[-1].message


def test_no_rollback_of_a_version_that_was_not_judged(prod):
    monitor = ml.Monitor("m", reference=frame(0), model="m@1")
    monitor.on_alert(ml.actions.rollback("prod"))
    monitor.check(frame(3, 1))
    assert str(prod.refresh().model.ref) == "model/m@2"
    assert outcomes()[0]["status"] == "skipped"
    assert "serves model/m@2, not model/m@1" in outcomes()[0]["detail"]


def test_no_rollback_where_it_is_not_known_what_was_judged(prod):
    monitor = ml.Monitor("m", reference=frame(0))
    monitor.on_alert(ml.actions.rollback("prod"))
    monitor.check(frame(3, 1))
    assert outcomes()[0]["status"] == "skipped"
    assert "model=" in outcomes()[0]["detail"]


TRAINED = []


@ml.track_run
def train(data, *, depth=1):
    TRAINED.append((str(data.ref), depth))


def test_retrain_on_the_newest_snapshot(tmp_path):
    ml.use(tmp_path / "store")
    dataset = ml.Dataset("rows")
    monitor = ml.Monitor("m", reference=dataset.snapshot(frame(0)))
    monitor.on_alert(ml.actions.retrain(train, depth=4))
    dataset.snapshot(frame(3, 1))
    monitor.check("dataset/rows@2")
    assert TRAINED[-1] == ("dataset/rows@2", 4)
    assert outcomes()[0]["detail"] == f"{train.last_run.ref} on dataset/rows@2"


def test_retrain_needs_a_function_that_others_find_and_data(tmp_path):
    with pytest.raises(InvalidInputError, match="top of a module"):
        ml.actions.retrain(lambda data: None)
    ml.use(tmp_path / "store")
    monitor = ml.Monitor("m", reference=frame(0)).on_alert(ml.actions.retrain(train))
    monitor.check(frame(3, 1))
    assert "is no snapshot" in outcomes()[0]["detail"]


@pytest.fixture
def hook():
    """A webhook that is busy at first."""
    got, answers = [], [503, 200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", got, answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_notify_tries_again_and_says_what_was_found(tmp_path, hook):
    url, got, _ = hook
    ml.use(tmp_path / "store")
    monitor = ml.Monitor("m", reference=frame(0)).on_alert(ml.actions.notify(url, wait_s=0.01))
    report = monitor.check(frame(3, 1))
    assert len(got) == 2
    assert got[1]["report"] == str(report.ref)
    assert got[1]["findings"][0]["column"] == "x"
    assert len(json.dumps(got[1])) < 8_000
    assert outcomes()[0] == {**outcomes()[0], "status": "done", "detail": "200 OK"}


def test_notify_gives_up_where_the_other_side_refuses(tmp_path, hook):
    url, got, answers = hook
    answers[:] = [404]
    ml.use(tmp_path / "store")
    ml.Monitor("m", reference=frame(0)).on_alert(ml.actions.notify(url, wait_s=0.01)).check(frame(3, 1))
    assert len(got) == 1
    assert outcomes()[0]["status"] == "failed"


def test_notify_needs_an_address():
    with pytest.raises(InvalidInputError, match="no address"):
        ml.actions.notify("hooks.example.org")
