"""The training loop: the same steps as by hand, with rows and checkpoints when they are due."""

import time
from math import inf

import numpy as np
import pytest

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Examples
from inkgrad.errors import DataError, Diverged
from inkgrad.layers import Chain, Dense, ReLU
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run, TrainingLoop

NETWORK = Objective(Chain((Dense(4, 8), ReLU(), Dense(8, 3))), SoftmaxCrossEntropy())


@pytest.fixture
def examples(rng):
    """Points in the unit cube of four dimensions; the class is the largest of the first three."""
    x = rng.random((45, 4))
    return Examples(x, np.argmax(x[:, :3], axis=1))  # 5 steps an epoch


def new_run(lr=0.1, **where):
    return Run(NETWORK, SGD(lr), batch_size=10, **where)


def mean_of(loop):
    return {"epoch": loop.epochs_done, "step": loop.steps_done, "cost": loop.mean_cost}


def test_it_takes_the_steps_of_the_run(examples):
    by_hand, run = new_run(), new_run()
    while by_hand.epoch < 2:
        for _ in by_hand.steps(examples):
            pass
    assert len(list(TrainingLoop(run, examples, mean_of).steps(epochs=2))) == 10
    np.testing.assert_array_equal(run.theta, by_hand.theta)


def test_a_row_comes_after_each_epoch_with_the_mean_cost_of_its_steps(examples):
    costs = [step.cost for step in new_run().steps(examples)]
    rows = list(TrainingLoop(new_run(), examples, mean_of).steps(epochs=2))
    assert [k for k, row in enumerate(rows, start=1) if row] == [5, 10]
    assert rows[4]["cost"] == float(np.mean(costs))
    assert (rows[4]["epoch"], rows[4]["step"], rows[9]["epoch"]) == (1, 5, 2)


def test_no_examples_are_refused():
    with pytest.raises(DataError, match="there are no examples: at least one is needed"):
        TrainingLoop(new_run(), [], mean_of)


def test_a_row_comes_when_the_caller_wants_it(examples):
    loop = TrainingLoop(new_run(), examples, mean_of, is_row_due=lambda run: run.step in (0, 2))
    assert [row["step"] for row in loop.steps(epochs=2) if row] == [2, 5, 7, 10]
    loop.step()
    assert loop.row()["step"] == 11


def test_costs_and_seconds_go_on_from_those_of_an_earlier_loop(examples):
    costs = [step.cost for step in new_run().steps(examples)]
    first = TrainingLoop(new_run(), examples, mean_of)
    first.step()
    second = TrainingLoop(first.run, examples, mean_of, costs=first.costs, seconds=100.0)
    (row,) = [row for row in second.steps(epochs=1) if row]
    assert row["cost"] == pytest.approx(np.mean(costs))
    assert 100 < second.seconds < 160
    assert row["seconds"] == round(second.seconds, 3)


def test_what_the_caller_does_between_steps_is_not_counted(examples):
    loop = TrainingLoop(new_run(), examples, mean_of)
    start = time.perf_counter()
    steps = loop.steps(epochs=1)
    next(steps)
    seconds = loop.seconds
    sum(range(10**6))
    assert seconds == loop.seconds < time.perf_counter() - start


def test_a_checkpoint_is_due_once_after_each_epoch(examples):
    loop, due = TrainingLoop(new_run(), examples, mean_of), []
    for _ in loop.steps(epochs=2):
        if loop.is_checkpoint_due():
            due.append(loop.steps_done)
            loop.note_checkpoint()
            assert not loop.is_checkpoint_due()
    assert due == [5, 10]


def test_a_checkpoint_is_due_where_a_run_was_put_past_the_end_of_an_epoch(examples):
    """As workers that tell twice a second where they are do."""
    run = new_run()
    loop = TrainingLoop(run, examples, mean_of)
    run.epoch, run.step = 1, 3
    assert loop.is_checkpoint_due()
    loop.note_checkpoint()
    run.step = 4
    assert not loop.is_checkpoint_due()


@pytest.mark.parametrize(("seconds", "is_due"), [(0.0, True), (inf, False)])
def test_a_checkpoint_is_due_when_the_last_one_is_long_ago(examples, seconds, is_due):
    loop = TrainingLoop(new_run(), examples, mean_of, checkpoint_seconds=seconds)
    assert not loop.is_checkpoint_due(), "nothing was done yet"
    loop.step()
    assert loop.is_checkpoint_due() is is_due


def test_it_says_which_step_was_the_last(examples):
    loop = TrainingLoop(new_run(), examples, mean_of)
    found = [loop.last_step, *(loop.last_step for _ in loop.steps(epochs=2))]
    assert [found[k] for k in (0, 1, 5, 6, 10)] == [(1, 0), (1, 1), (1, 5), (2, 1), (2, 5)]


def test_a_run_that_was_saved_after_the_last_step_of_an_epoch_goes_on_with_the_next(examples):
    run = new_run(epoch=1, step=5)
    assert list(TrainingLoop(run, examples, mean_of).steps(epochs=2)) == []
    assert (run.epoch, run.step) == (2, 0)


def test_it_goes_on_from_where_the_run_was_put(examples):
    loop = TrainingLoop(new_run(), examples, mean_of)
    loop.step()
    start = NETWORK.init(np.random.default_rng(5))
    loop.run.theta, loop.run.state, loop.run.step = start, loop.run.optimizer.init(start), 0
    loop.restart()
    loop.step()
    other = new_run(theta=start)
    next(other.steps(examples))
    np.testing.assert_array_equal(loop.run.theta, other.theta)


def test_numpy_is_silent_in_the_steps_and_not_between_them(examples):
    steps = TrainingLoop(new_run(lr=1e30), examples, mean_of).steps(epochs=3)
    next(steps)
    with pytest.warns(RuntimeWarning, match="overflow"):
        np.float32(1e30) * np.float32(1e30)
    with pytest.raises(Diverged, match="try a smaller learning rate"):
        list(steps)


def test_numpy_is_silent_while_a_row_is_measured(examples):
    def overflowing(loop):
        return {"huge": np.float32(1e30) * np.float32(1e30)}

    loop = TrainingLoop(new_run(), examples, overflowing)
    loop.step()
    assert loop.row()["huge"] == inf
