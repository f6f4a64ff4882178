"""A decorated function is what it was, and each call is a run."""

import asyncio
import functools
import inspect
import pickle
import threading

import cloudpickle
import pytest

import mlops_lite as ml
from mlops_lite.errors import InvalidTypeError
from mlops_lite.tracking import RunWarning


@ml.track_run
def plain(data, /, *rest: int, depth: int = 6, **more) -> int:
    """Say what it does."""
    ml.log(depth=depth)
    return depth + len(rest)


@ml.track_run
async def coroutine(x):
    await asyncio.sleep(0)
    ml.log(x=x)
    return ml.current_run().id


@ml.track_run
def generator(count):
    for number in range(count):
        ml.log(number=number)
        sent = yield number
        if sent:
            ml.log(sent=sent)
    return "end"


@ml.track_run
async def async_generator(count):
    for number in range(count):
        await asyncio.sleep(0)
        ml.log(number=number)
        yield number


class Model:
    def __init__(self, factor):
        self.factor = factor

    @ml.track_run
    def fit(self, x):
        return self.factor * x

    @classmethod
    @ml.track_run
    def make(cls, factor):
        return cls(factor)

    @ml.track_run
    @classmethod
    def make_too(cls, factor):
        return cls(factor)

    @ml.track_run(experiment="static")
    @staticmethod
    def double(x):
        return 2 * x


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (plain, inspect.isfunction),
        (coroutine, inspect.iscoroutinefunction),
        (generator, inspect.isgeneratorfunction),
        (async_generator, inspect.isasyncgenfunction),
    ],
)
def test_the_kind_of_a_function_is_kept(function, kind):
    assert kind(function)
    assert kind(function.__wrapped__)


def test_name_doc_signature_and_annotations_are_kept():
    assert (plain.__name__, plain.__doc__, plain.__module__) == ("plain", "Say what it does.", __name__)
    assert str(inspect.signature(plain)) == "(data, /, *rest: int, depth: int = 6, **more) -> int"
    assert plain.__annotations__["return"] is int


def test_the_caller_gets_exactly_what_the_function_returns():
    value = object()

    @ml.track_run
    def give():
        return value

    assert give() is value


def test_arguments_become_params_with_defaults():
    plain([1], 2, 3, colour="red")
    assert dict(plain.last_run.params) == {"data": [1], "rest": [2, 3], "depth": 6, "more": {"colour": "red"}}


def test_a_wrong_call_fails_as_it_would_without_the_decorator():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'data'"):
        plain()
    assert plain.last_run.status == "failed"


def test_methods_of_every_kind_are_recorded_without_self():
    model = Model(3)
    assert model.fit(2) == 6 and dict(Model.fit.last_run.params) == {"x": 2}
    assert Model.make(4).factor == 4 and Model.make_too(5).factor == 5
    assert Model.double(2) == 4 and Model(1).double(3) == 6
    assert Model.double.last_run.experiment == "static"


def test_a_coroutine_is_a_run_and_two_at_once_do_not_mix():
    async def both():
        return await asyncio.gather(coroutine(1), coroutine(2), coroutine(3))

    ids = asyncio.run(both())
    assert len(set(ids)) == 3
    assert [ml.get(f"run/{run}").metrics["x"] for run in ids] == [1, 2, 3]


def test_a_cancelled_coroutine_is_interrupted():
    async def cancel():
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    @ml.track_run
    async def slow():
        await asyncio.sleep(10)

    asyncio.run(cancel())
    assert slow.last_run.status == "interrupted"


def test_a_generator_keeps_its_run_to_itself_between_two_steps():
    first, second = generator(3), generator(3)
    assert [next(first), next(second), next(first)] == [0, 0, 1]
    assert ml.current_run() is None
    assert first.send(7) == 2
    with pytest.raises(StopIteration) as stop:
        next(first)
    assert stop.value.value == "end"
    second.close()
    found = sorted(ml.runs(), key=lambda run: -run.metrics["number"])
    assert [run.metrics["number"] for run in found] == [2, 0]
    assert [run.status for run in found] == ["finished", "finished"]


def test_what_is_thrown_into_a_generator_reaches_it():
    @ml.track_run
    def patient():
        try:
            yield 1
        except KeyError:
            yield "caught"

    steps = patient()
    next(steps)
    assert steps.throw(KeyError("x")) == "caught"
    with pytest.raises(ValueError, match="y"):
        steps.throw(ValueError("y"))
    assert patient.last_run.status == "failed" and patient.last_run.error.type == "ValueError"


def test_an_async_generator_is_a_run_and_takes_what_is_sent():
    async def use():
        first, second = async_generator(2), async_generator(2)
        seen = [await anext(first), await anext(second), await anext(first)]
        assert ml.current_run() is None
        await first.aclose()
        return seen + [number async for number in second]

    assert asyncio.run(use()) == [0, 0, 1, 1]
    assert {run.status for run in ml.runs()} == {"finished"}


def test_a_context_variable_set_in_a_generator_stays_inside_it():
    from contextvars import ContextVar

    mine = ContextVar("mine", default="outside")

    @ml.track_run
    def change():
        mine.set("inside")
        yield mine.get()
        yield mine.get()

    steps = change()
    assert next(steps) == "inside" and mine.get() == "outside" and next(steps) == "inside"


def test_nested_runs_know_their_parent():
    @ml.track_run
    def inner():
        return ml.current_run().parent.id

    @ml.track_run
    def outer():
        return inner(), ml.current_run().id

    found, expected = outer()
    assert found == expected
    assert ml.current_run() is None


def test_a_thread_falls_to_the_only_run_and_warns_where_there_are_two():
    def work():
        ml.log(from_thread=1)

    with ml.start_run() as run:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert run.metrics["from_thread"] == 1

    with ml.start_run(), ml.start_run(), pytest.warns(RunWarning, match="2 runs are open"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("no"), "failed"), (KeyboardInterrupt(), "interrupted"), (SystemExit(3), "failed")],
)
def test_what_is_raised_is_recorded_and_raised_unchanged(error, status):
    @ml.track_run
    def fail():
        raise error

    with pytest.raises(type(error)) as raised:
        fail()
    assert raised.value is error
    run = ml.get(fail.last_run.ref)
    assert run.status == status
    assert run.error.type == type(error).__name__ and "raise error" in run.error.traceback


def test_a_clean_exit_is_a_finished_run():
    @ml.track_run
    def leave():
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        leave()
    assert leave.last_run.status == "finished" and leave.last_run.error is None


def test_an_exception_whose_text_raises_is_recorded_all_the_same():
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError("not telling")

    @ml.track_run
    def fail():
        raise Rude

    with pytest.raises(Rude):
        fail()
    assert "RuntimeError" in fail.last_run.error.message


def test_decorated_functions_pickle():
    assert pickle.loads(pickle.dumps(plain)) is plain

    @ml.track_run
    def local(x):
        return x + 1

    local(1)
    again = cloudpickle.loads(cloudpickle.dumps(local))
    assert again(2) == 3 and again.last_run.params["x"] == 2
    assert pickle.loads(pickle.dumps(local.last_run)) == local.last_run


@pytest.mark.parametrize("thing", [Model, 3, "train", property(lambda self: 1)])
def test_what_is_no_function_is_refused(thing):
    with pytest.raises(InvalidTypeError, match="@track_run decorates functions"):
        ml.track_run(thing)


def test_partial_functions_and_callables_can_be_tracked():
    assert ml.track_run(functools.partial(pow, 2))(3) == 8


def test_the_function_runs_when_the_store_does_not(tmp_path):
    (tmp_path / "file").write_text("")

    @ml.track_run(store=tmp_path / "file" / "store")
    def work():
        ml.log(a=1)
        return "done"

    with pytest.warns(RunWarning, match="a file stands where a folder should be") as told:
        assert work() == "done"
    assert len(told) == 1 and work.last_run.status == "finished"


@pytest.mark.parametrize(
    "options",
    [{"experiment": 3}, {"name": b"x"}, {"seed": "0"}, {"seed": True}, {"seed": 0.5}, {"tags": "x"}, {"tags": {1: 2}}],
    ids=repr,
)
def test_an_option_that_no_run_could_note_is_refused_where_it_is_written(options):
    (option,) = options
    with pytest.raises(InvalidTypeError, match=f"^{option}= is "):
        ml.track_run(**options)
    with pytest.raises(InvalidTypeError, match=f"^{option}= is "):
        ml.start_run(**options)


@pytest.mark.parametrize("compacted", [False, True])
def test_text_that_utf8_cannot_hold_hides_no_run(compacted, default_store):
    odd = "\ud800"
    with ml.start_run(f"odd {odd}", experiment=odd, tags={odd: odd}) as run:
        ml.log_params({f"p{odd}": odd})
        ml.log({f"m{odd}": 1.0})
    with ml.start_run("plain"):
        pass
    if compacted:
        default_store.runs.compact()

    assert {found.id for found in ml.runs()} >= {run.id}
    assert len(ml.runs()) == 2
    assert ml.runs().to_frame().loc[1, "experiment"] == "\\ud800"
    assert ml.get(run.ref).params == {f"p{odd}": odd}
    assert default_store.verify().ok
    ml.runs()._repr_html_().encode()
    ml.get(run.ref)._repr_html_().encode()
    str(ml.get(run.ref)).encode()
