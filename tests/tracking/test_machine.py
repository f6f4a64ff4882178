"""Blocks, generators, tasks and threads begin, go on and end in any order: each records its own, and no other's."""

import asyncio
import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import mlops_lite as ml
from mlops_lite.workspace import default


@ml.track_run
def steps():
    """Log what is sent in, under the name of its own run."""
    value = yield ml.current_run().id
    while value is not None:
        ml.log(value=value)
        value = yield ml.current_run().id


@ml.track_run
async def async_steps():
    value = yield ml.current_run().id
    while value is not None:
        await asyncio.sleep(0)
        ml.log(value=value)
        value = yield ml.current_run().id


class Runs(RuleBasedStateMachine):
    """A stack of blocks, and generators that stand still between their steps."""

    generators = Bundle("generators")

    def __init__(self):
        super().__init__()
        self.before = default._used
        default._used = ml.Store(f"memory://machine-{id(self)}")
        self.loop = asyncio.new_event_loop()
        self.blocks = []
        self.logged = {}  # what each run must hold
        self.parents = {}
        self.standing = 0

    def teardown(self):
        while self.blocks:
            self.leave()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        for run, values in self.logged.items():
            found = ml.get(f"run/{run}")
            assert (found.history("value").value.tolist() if values else []) == values
            assert (found.parent and found.parent.id) == self.parents[run]
        default._used = self.before

    def begun(self, run):
        self.logged[run] = []
        self.parents[run] = self.blocks[-1].id if self.blocks else None

    @rule()
    def enter(self):
        run = ml.start_run()
        self.begun(run.id)
        self.blocks.append(run.__enter__())

    @rule()
    def leave(self):
        if self.blocks:
            self.blocks.pop().__exit__(None, None, None)

    @rule(value=st.integers(0, 9))
    def log(self, value):
        if self.blocks:
            ml.log(value=value)
            self.logged[self.blocks[-1].id].append(value)

    @rule(value=st.integers(0, 9))
    def log_from_a_thread_that_was_given_the_run(self, value):
        if self.blocks:
            thread = threading.Thread(target=self.blocks[-1].log, kwargs={"value": value})
            thread.start()
            thread.join()
            self.logged[self.blocks[-1].id].append(value)

    @rule(target=generators, is_async=st.booleans())
    def begin(self, is_async):
        generator = async_steps() if is_async else steps()
        run = self.step(generator, None)
        self.begun(run)
        return generator, run

    @rule(found=generators, value=st.integers(0, 9))
    def go_on(self, found, value):
        generator, run = found
        assert self.step(generator, value) == run
        self.logged[run].append(value)

    @rule(found=consumes(generators))
    def close(self, found):
        generator, run = found
        if hasattr(generator, "aclose"):
            self.loop.run_until_complete(generator.aclose())
        else:
            generator.close()
        assert ml.get(f"run/{run}").status == "finished"

    def step(self, generator, value):
        if hasattr(generator, "asend"):
            return self.loop.run_until_complete(generator.asend(value))
        return generator.send(value)

    @invariant()
    def the_open_run_is_that_of_the_innermost_block(self):
        assert ml.current_run() is (self.blocks[-1] if self.blocks else None)


Runs.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestRuns = Runs.TestCase


def test_tasks_of_one_loop_keep_apart_at_every_switch():
    @ml.track_run
    async def work(number):
        for step in range(5):
            await asyncio.sleep(0)
            ml.log(number=number, step=step)
            assert ml.current_run().params["number"] == number
        return await inner(number)

    @ml.track_run
    async def inner(number):
        await asyncio.sleep(0)
        return ml.current_run().parent.params["number"]

    async def everything():
        return await asyncio.gather(*(work(number) for number in range(10)))

    assert asyncio.run(everything()) == list(range(10))
    for run in ml.runs(where="name like '*work'"):
        assert run.history("number").value.tolist() == [run.params["number"]] * 5
