"""The undo rule, held against a small model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_lite.base import canonical
from mlops_lite.deployment.state import MOST_EARLIER, State, Trial
from mlops_lite.errors import ConflictError, InvalidInputError, NotFoundError


def ref(number):
    return f"model/churn@{number}"


def entered(*numbers):
    state = State()
    for number in numbers:
        state = state.entered(ref(number))
    return state


def test_it_undoes_step_by_step():
    state = entered(1, 2, 3)
    assert state.returned().model == ref(2)
    assert state.returned().returned().model == ref(1)
    with pytest.raises(NotFoundError, match="Before model/churn@1"):
        state.returned().returned().returned()


def test_a_version_rolled_back_from_is_never_gone_back_to():
    state = entered(1, 2, 1)
    assert state.returned().model == ref(2)
    with pytest.raises(NotFoundError):
        state.returned().returned()  # 1 was rolled back from


def test_a_version_rolled_back_from_can_be_deployed_again_and_undone_again():
    state = entered(1, 2).returned().entered(ref(2))
    assert state.model == ref(2)
    assert state.returned().model == ref(1)


def test_going_further_back_forgets_what_lies_between():
    state = entered(1, 2, 3, 4).returned(to=ref(2))
    assert (state.model, state.earlier) == (ref(2), (ref(1),))


def test_only_versions_that_served_can_be_gone_back_to():
    with pytest.raises(NotFoundError, match=r"none of the versions .*\(model/churn@1\)"):
        entered(1, 2).returned(to=ref(9))


def test_leaving_a_version_that_does_not_serve_is_a_conflict():
    with pytest.raises(ConflictError, match=r"churn@2 does not serve here: model/churn@3 came after"):
        entered(1, 2, 3).returned(leaving=ref(2))


def test_a_rollback_ends_a_trial_and_leaves_the_champion():
    state = entered(1, 2).on_trial(Trial(ref(3), "canary", 0.1))
    assert state.newest == ref(3)
    assert state.returned() == entered(1, 2)
    assert state.returned(leaving=ref(2)).model == ref(1)


@pytest.mark.parametrize("share", [0.1, 0.05, 0.0, 1.1, -1, float("nan")])
def test_a_trial_advances_to_more_and_at_most_to_all(share):
    state = entered(1).on_trial(Trial(ref(2), "canary", 0.1))
    with pytest.raises(InvalidInputError, match="it can advance"):
        state.advanced(share)


def test_a_trial_with_all_keys_serves_and_can_be_undone():
    state = entered(1).on_trial(Trial(ref(2), "canary", 0.1)).advanced(0.5).advanced(1)
    assert (state.model, state.trial) == (ref(2), None)
    assert state.returned().model == ref(1)


def test_without_a_trial_nothing_advances():
    with pytest.raises(ConflictError, match="serves alone"):
        entered(1).advanced(0.5)


def test_the_memory_of_a_place_is_bounded():
    state = entered(*range(1, 300))
    assert len(state.earlier) == MOST_EARLIER
    assert state.earlier[-1] == ref(298)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 6), st.none()), max_size=30))
def test_a_rollback_gives_the_latest_that_served_before_and_was_not_left(steps):
    """The model: a list of what served, from which a version disappears when it is rolled back from."""
    state, served = State(), []
    for number in steps:
        if number is not None:
            state = state.entered(ref(number))
            served = [one for one in served if one != number] + [number]
        elif len(served) < 2:
            with pytest.raises(NotFoundError):
                state.returned()
        else:
            served.pop()
            state = state.returned()
        assert state.model == (ref(served[-1]) if served else None)
        assert state.earlier == tuple(ref(one) for one in served[:-1])
        assert canonical.structure(canonical.decode(canonical.encode(state.encoded())), State) == state
