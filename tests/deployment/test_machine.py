"""A place, held against a small model: whatever is done to it, by whichever handle, in whichever order."""

import os

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import mlops_lite as ml
from mlops_lite.errors import ConflictError, GateError, NotFoundError
from mlops_lite.store import Store
from tests.deployment.conftest import register

VERSIONS = st.integers(1, 5)


class PlaceMachine(RuleBasedStateMachine):
    """The model: the versions that can be gone back to, the last one serving, and the version on trial."""

    def __init__(self):
        super().__init__()
        self.store = Store(f"memory://{os.urandom(8).hex()}")
        register(self.store, 1, 2, 3, 4, 5)
        self.served, self.trial, self.share, self.entries = [], None, 0.0, 0
        self.handles = []

    @initialize(version=VERSIONS)
    def first(self, version):
        ml.deploy(f"churn@{version}", to="prod", store=self.store)
        self.served, self.entries = [version], 1
        self.handles = [ml.Deployment("prod", store=self.store, follow=None) for _ in range(2)]

    def teardown(self):
        for handle in self.handles:
            handle.close()

    def _serve(self, version):
        self.served = [one for one in self.served if one != version] + [version]
        self.trial = None

    @rule(version=VERSIONS)
    def deploy(self, version):
        ml.deploy(f"churn@{version}", to="prod", store=self.store)
        if version != self.served[-1]:
            self._serve(version)
            self.entries += 1

    @rule(version=VERSIONS)
    def refuse(self, version):
        if version == self.served[-1]:
            return
        try:
            ml.deploy(f"churn@{version}", to="prod", gates=[lambda candidate: False], store=self.store)
            raise AssertionError("a gate was passed over")
        except GateError:
            self.entries += 1

    @rule(version=VERSIONS, shadow=st.booleans())
    def begin(self, version, shadow):
        ml.deploy(
            f"churn@{version}", to="prod", store=self.store, **({"shadow": True} if shadow else {"canary": [0.3, 0.6]})
        )
        if version != self.served[-1]:
            self.trial, self.share = version, 0.0 if shadow else 0.3
            self.entries += 1

    @precondition(lambda self: self.trial is not None)
    @rule(handle=st.integers(0, 1))
    def advance(self, handle):
        self.handles[handle].advance()
        share = next((step for step in ((0.3, 0.6) if self.share else ()) if step > self.share), 1.0)
        self.entries += 1
        if share == 1:
            self._serve(self.trial)
        else:
            self.share = share

    @rule(handle=st.integers(0, 1))
    def rollback(self, handle):
        live = self.handles[handle].refresh()
        if self.trial is None and len(self.served) == 1:
            try:
                live.rollback("why")
                raise AssertionError("there is nothing to go back to")
            except NotFoundError:
                return
        live.rollback("why")
        self.entries += 1
        if self.trial is not None:
            self.trial = None
        else:
            self.served.pop()

    @rule(version=VERSIONS)
    def rollback_of_what_does_not_serve(self, version):
        if version in (self.served[-1], self.trial):
            return
        try:
            self.handles[0].rollback("late", leaving=f"churn@{version}")
            raise AssertionError("it was overtaken")
        except ConflictError:
            return

    @invariant()
    def it_serves_what_the_model_serves(self):
        if not self.handles:
            return
        for live in self.handles:
            live.refresh()
            assert live.version == self.served[-1]
            assert live.state.earlier == tuple(f"model/churn@{one}" for one in self.served[:-1])
            assert (live.state.trial.model if live.state.trial else None) == (
                f"model/churn@{self.trial}" if self.trial else None
            )
            answers = {live.predict(np.zeros((1, 2)), key=key)[0] for key in range(12)}
            assert answers <= {self.served[-1], *([self.trial] if self.share else [])}
            assert len(live.history()) == self.entries


PlaceMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestPlace = PlaceMachine.TestCase
